import type { BaseImage, Descriptor } from "./base-image.ts";
import type { Changes } from "./copy.ts";
import { type Directory, newDirectory } from "./file-tree.ts";
import type { ImageStore } from "./image-store.ts";
import type { Spool } from "./spool.ts";
import { addArchive, layerDecompressor, tarArchive } from "./tar-reader.ts";

/** Brings the layers of an image into the store; those that are there already are not fetched again. */
export async function fetchLayers(
  base: BaseImage,
  store: ImageStore,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const { digest, size } of base.layers) {
    if ((await store.size(digest)) === size) continue;
    const stored = await store.putStream(await base.read(digest), signal);
    if (stored.digest !== digest) {
      throw new Error(`${base.name}: the registry sent ${stored.digest} for the layer ${digest}`);
    }
  }
}

/** The file system that layers in the store make together. Files stay where they are: in the layers. */
export async function treeOfLayers(
  layers: readonly Descriptor[],
  store: ImageStore,
  signal: AbortSignal | undefined,
): Promise<Directory> {
  const root = newDirectory();
  for (const { digest, mediaType } of layers) {
    const read = tarArchive(store.read(digest), layerDecompressor(mediaType), signal);
    await addArchive(root, read, true, async ({ header }) => ({ layer: digest, entry: header.name }));
  }
  return root;
}

/** The same changes, with the files that are in layers taken out of them. */
export async function takeOut(
  changes: Changes,
  mediaTypes: ReadonlyMap<string, string>,
  store: ImageStore,
  spool: Spool,
  signal: AbortSignal | undefined,
): Promise<Changes> {
  const wanted = new Map<string, Map<string, { readonly path: string } | undefined>>();
  for (const node of changes.values()) {
    if (node.kind !== "file" || !("layer" in node.content)) continue;
    const { layer, entry } = node.content;
    const entries = wanted.get(layer) ?? new Map();
    wanted.set(layer, entries.set(entry, undefined));
  }
  for (const [digest, entries] of wanted) {
    const read = tarArchive(store.read(digest), layerDecompressor(mediaTypes.get(digest) ?? ""), signal);
    await read(async (entry) => {
      if (entries.has(entry.header.name)) entries.set(entry.header.name, await spool.keep(entry));
    });
  }
  const result: Changes = new Map();
  for (const [path, node] of changes) {
    const content =
      node.kind === "file" && "layer" in node.content
        ? wanted.get(node.content.layer)?.get(node.content.entry)
        : undefined;
    result.set(path, content && node.kind === "file" ? { ...node, content } : node);
  }
  return result;
}
