import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { z } from "zod";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.looseObject({ version: z.string().optional(), integrity: z.string().optional() }),
  ),
});

/**
 * The static esbuild binary of one platform. npm installs this machine's own only; the others are fetched from the registry
 * once, as npm does it (its cache, its proxy, its mirror), checked against package-lock.json, and kept in `node_modules`.
 * @param platform npm's name, e.g. `linux-arm64`
 * @returns the path of the executable
 * @throws Error when it has to be fetched and cannot be, with the remedy
 */
export async function esbuildBinary(platform: string): Promise<string> {
  const name = `@esbuild/${platform}`;
  const { version, integrity } = await lockedVersion(name);
  const installed = join(ROOT, "node_modules", name);
  if ((await installedVersion(installed)) === version) return join(installed, "bin", "esbuild");
  const kept = join(ROOT, "node_modules", ".cache", "tandem", `esbuild-${version}-${platform}`);
  if (await exists(kept)) return kept;
  const archive = await fetchPackage(`${name}@${version}`);
  checkIntegrity(archive, integrity, `${name}@${version}`);
  await keep(kept, executableIn(archive));
  return kept;
}

async function lockedVersion(name: string): Promise<{ version: string; integrity: string }> {
  const lock = lockSchema.parse(JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8")));
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined)
    throw new Error(`package-lock.json does not name ${name}: it comes with esbuild; run npm install`);
  return { version, integrity };
}

async function installedVersion(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, "package.json"), "utf8").catch(() => "{}");
  return z.looseObject({ version: z.string().optional() }).parse(JSON.parse(text)).version;
}

async function fetchPackage(specifier: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "tandem-hello-"));
  try {
    const args = [
      "pack",
      specifier,
      "--prefer-offline",
      "--silent",
      "--json=false",
      "--pack-destination",
      folder,
    ];
    const { stdout } = await promisify(execFile)("npm", args, { cwd: folder });
    const file = stdout.trim().split("\n").at(-1) ?? "";
    return await readFile(join(folder, file));
  } catch (error) {
    throw new Error(
      `${specifier} could not be fetched from the npm registry: the other architecture's program is fetched once; connect and try again, or set npm's registry`,
      { cause: error },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** https://docs.npmjs.com/cli/v10/configuring-npm/package-lock-json, `integrity`: Subresource Integrity. */
function checkIntegrity(archive: Buffer, integrity: string, specifier: string): void {
  const [algorithm = "sha512", expected] = integrity.split("-", 2);
  const actual = createHash(algorithm).update(archive).digest("base64");
  if (actual !== expected)
    throw new Error(
      `${specifier} is not what package-lock.json says: ${algorithm}-${actual}; nothing was used`,
    );
}

const BLOCK = 512;

/** The file `package/bin/esbuild` of a package: a gzipped tar archive, one header block before each file. */
function executableIn(archive: Buffer): Buffer {
  const tar = gunzipSync(archive);
  const text = (from: number, length: number) =>
    tar.toString("latin1", from, from + length).replace(/[\0 ].*$/s, "");
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const name = text(at, 100);
    const size = Number.parseInt(text(at + 124, 12) || "0", 8);
    const content = at + BLOCK;
    if (name === "package/bin/esbuild") return tar.subarray(content, content + size);
    at = content + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new Error("the package holds no bin/esbuild");
}

/** Written whole or not at all: two may do this at once. */
async function keep(path: string, content: Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, content);
  await chmod(temporary, 0o755);
  await rename(temporary, path);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
