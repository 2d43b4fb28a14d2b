import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import type { Architecture } from "../engine.ts";
import type { RegistryReader, ResolvedImage } from "./images.ts";

/**
 * Whether a host of the architecture could execute what the container starts.
 *
 * @returns what the container's log would say if not, else `undefined`.
 */
export type ExecutableCheck = (
  image: ResolvedImage,
  architecture: Architecture,
  entryPoint: readonly string[] | undefined,
  command: readonly string[] | undefined,
) => Promise<string | undefined>;

/** `e_machine` of an ELF header, https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
const machines: ReadonlyMap<number, Architecture> = new Map([
  [0x3e, "x86_64"],
  [0xb7, "arm64"],
]);
const elfMagic = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const machineOffset = 18;

/** Larger images are not looked into: starting a task must not take that long. */
const maxLayersBytes = 64 * 1024 * 1024;
const maxLinks = 4;

const searchPath = ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"];

/** The paths within an image, without the slash in front, that a program's name may mean. */
function candidates(program: string): readonly string[] {
  if (program.includes("/")) return [program.replace(/^\/+/, "")];
  return searchPath.map((folder) => `${folder}/${program}`);
}

const normalized = (name: string): string => name.replace(/^(\.?\/)+/, "");

type Found = { readonly head: Buffer } | { readonly link: string };

/** The first of the wanted files in a layer: its first bytes, or what it links to. */
async function findInLayer(
  layer: Buffer,
  gzipped: boolean,
  wanted: ReadonlySet<string>,
): Promise<Found | undefined> {
  const entries = extract();
  const source = Readable.from([layer]);
  const tar = gzipped ? source.pipe(createGunzip()) : source;
  tar.on("error", (error) => entries.destroy(error));
  tar.pipe(entries);
  for await (const entry of entries) {
    const { name, type, linkname } = entry.header;
    if (!wanted.has(normalized(name))) {
      entry.resume();
      continue;
    }
    if ((type === "symlink" || type === "link") && linkname) return { link: linkname };
    return { head: await firstBytes(entry) };
  }
  return undefined;
}

async function firstBytes(stream: AsyncIterable<unknown>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  for await (const chunk of stream) {
    if (Buffer.isBuffer(chunk)) head = Buffer.concat([head, chunk]);
    if (head.length >= machineOffset + 2) break;
  }
  return head;
}

function linkTarget(link: string, from: readonly string[]): readonly string[] {
  if (link.startsWith("/")) return [normalized(link)];
  return from.map((path) => normalized(new URL(link, `file:///${path}`).pathname));
}

/** The architecture of the program's file, as its ELF header says; `undefined` for a script, or when it is not found. */
async function machineOf(
  registry: RegistryReader,
  image: ResolvedImage,
  program: string,
): Promise<Architecture | undefined> {
  const gzip = (mediaType: string | undefined): boolean => mediaType?.endsWith("gzip") ?? true;
  const layers = image.layers.toReversed();
  if (layers.some(({ mediaType }) => mediaType?.endsWith("zstd"))) return undefined;
  if (layers.reduce((sum, { size }) => sum + (size ?? 0), 0) > maxLayersBytes) return undefined;
  const contents = layers.map(async ({ digest, mediaType }) => ({
    content: await registry.blob(image.repository, digest),
    gzipped: gzip(mediaType),
  }));
  let wanted = candidates(program);
  for (let links = 0; links <= maxLinks; links++) {
    const found = await findInLayers(await Promise.all(contents), new Set(wanted));
    if (found === undefined) return undefined;
    if ("head" in found) {
      return found.head.subarray(0, 4).equals(elfMagic) && found.head.length >= machineOffset + 2
        ? machines.get(found.head.readUInt16LE(machineOffset))
        : undefined;
    }
    wanted = linkTarget(found.link, wanted);
  }
  return undefined;
}

async function findInLayers(
  layers: readonly { readonly content: Buffer; readonly gzipped: boolean }[],
  wanted: ReadonlySet<string>,
): Promise<Found | undefined> {
  for (const { content, gzipped } of layers) {
    const found = await findInLayer(content, gzipped, wanted);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Looks at the program itself, not at what the image says of it. A laptop executes more than a Graviton host does (its own
 * architecture, and by qemu the other), and a simulated task executes nothing at all: both would pass an arm64 image with
 * an x86_64 program in it.
 */
export function executableCheck(registry: RegistryReader): ExecutableCheck {
  const known = new Map<string, Promise<Architecture | undefined>>();
  return async (image, architecture, entryPoint, command) => {
    const own = entryPoint ?? image.entryPoint;
    const program = own[0] ?? (command ?? image.command)[0];
    if (program === undefined) return undefined;
    const key = `${image.digest} ${architecture} ${program}`;
    let machine = known.get(key);
    if (machine === undefined) {
      // An image that cannot be looked into is left to the engine.
      machine = machineOf(registry, image, program).catch(() => undefined);
      if (known.size >= 1000) known.clear();
      known.set(key, machine);
    }
    const actual = await machine;
    return actual === undefined || actual === architecture ? undefined : `exec ${program}: exec format error`;
  };
}
