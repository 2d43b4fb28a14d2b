import { OCI_CONFIG, OCI_MANIFEST } from "../ecr/media-types.ts";
import type { BuildOptions, BuiltImage } from "./build-options.ts";
import { type ImageConfig, writeImageConfig } from "./image-config.ts";
import { ociLayer, type StageBuild } from "./stage-build.ts";

/** Writes config and manifest of a finished stage into the store. */
export async function exportImage(
  { image, layers }: StageBuild,
  { store, labels = {}, annotations = {} }: BuildOptions,
  epochSeconds: number,
  say: (line: string) => void,
): Promise<BuiltImage> {
  const Labels = { ...image.config.Labels, ...labels };
  const config: ImageConfig = {
    ...image,
    created: new Date(epochSeconds * 1000).toISOString(),
    config: { ...image.config, ...(Object.keys(Labels).length === 0 ? {} : { Labels }) },
  };
  const configured = await store.put(writeImageConfig(config));
  say(`exporting config ${configured.digest} done`);
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, ...configured },
    layers: layers.map(ociLayer),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
  const stored = await store.put(Buffer.from(JSON.stringify(manifest, undefined, 2)));
  say(`exporting manifest ${stored.digest} done`);
  return { ...stored, mediaType: OCI_MANIFEST, configDigest: configured.digest, config };
}
