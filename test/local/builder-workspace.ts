import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { type BuildOptions, type BuiltImage, buildImage } from "../../local/builder/build.ts";
import { type ImageStore, openImageStore } from "../../local/builder/image-store.ts";
import { temporaryFolder } from "./ecr-endpoint.ts";
import { pushBlob, putManifest } from "./registry-content.ts";

/** What an entry of a layer is, for comparing: `-rwxr-xr-x 0:0 app = content`. */
export type Listing = readonly string[];

/** A folder to build in, and a store to build into. */
export interface Workspace {
  readonly store: ImageStore;
  readonly contextDir: string;
  readonly log: string[];
  /** Writes files by path; `-> target` makes a link, `x:` before the content an executable. */
  files(files: Readonly<Record<string, string | Uint8Array>>): Promise<void>;
  build(dockerfile: string, options?: Partial<BuildOptions>): Promise<BuiltImage>;
  /** The entries of an image's layers, each a list of its own. */
  layers(digest: string): Promise<readonly Listing[]>;
  remove(): Promise<void>;
}

export async function newWorkspace(): Promise<Workspace> {
  const folder = await temporaryFolder();
  const contextDir = join(folder.path, "context");
  await mkdir(contextDir);
  const store = await openImageStore(join(folder.path, "store"));
  const log: string[] = [];
  return {
    store,
    contextDir,
    log,
    async files(files) {
      for (const [path, content] of Object.entries(files)) await writeOne(join(contextDir, path), content);
    },
    async build(dockerfile, options = {}) {
      await writeFile(join(contextDir, "Dockerfile"), dockerfile);
      return buildImage({
        contextDir,
        dockerfile: "Dockerfile",
        platform: "linux/amd64",
        store,
        resolveBase: (reference) => Promise.reject(new Error(`no base ${reference} in this test`)),
        log: (line) => void log.push(line),
        ...options,
      });
    },
    async layers(digest) {
      const manifest = JSON.parse((await store.bytes(digest)).toString());
      return Promise.all(
        manifest.layers.map(async (layer: { digest: string }) =>
          list(gunzipSync(await buffer(store.read(layer.digest)))),
        ),
      );
    },
    remove: folder.remove,
  };
}

async function writeOne(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (typeof content === "string" && content.startsWith("-> ")) return symlink(content.slice(3), path);
  if (typeof content !== "string" || !content.startsWith("x:")) return writeFile(path, content);
  await writeFile(path, content.slice(2));
  await chmod(path, 0o755);
}

async function list(tar: Buffer): Promise<Listing> {
  const entries: string[] = [];
  const archive = extract();
  archive.end(tar);
  for await (const entry of archive) {
    const { name, mode, uid, gid, type, linkname } = entry.header;
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(chunk);
    const what =
      type === "file" ? ` = ${Buffer.concat(chunks)}` : type === "symlink" ? ` -> ${linkname}` : "";
    entries.push(`${mode.toString(8)} ${uid}:${gid} ${name}${what}`);
  }
  return entries;
}

/** Pushes a built image from the store, as a client of the registry. */
export async function pushBuilt(
  url: string,
  repository: string,
  store: ImageStore,
  image: { readonly digest: string },
  tag: string = image.digest,
): Promise<string> {
  const manifest = (await store.bytes(image.digest)).toString();
  const { config, layers } = JSON.parse(manifest);
  for (const { digest } of [config, ...layers]) {
    const pushed = await pushBlob(url, repository, await buffer(store.read(digest)));
    if (pushed !== digest) throw new Error(`${digest} is ${pushed} in the store`);
  }
  const response = await putManifest(url, repository, tag, manifest);
  if (response.status !== 201) throw new Error(await response.text());
  return manifest;
}
