import { configsOf, type IndexReport, indexReport, readIndex } from "../pipeline/index-report.ts";
import { platformOfConfig } from "../pipeline/manifest.ts";
import type { Repository } from "./registry.ts";

/**
 * Checks an index against its registry: reads it, everything it lists, and every image's configuration, by digest.
 * @throws what the registry answers when the repository is not there, or may not be read
 */
export async function verifyIndex(repository: Repository, digest: string): Promise<IndexReport> {
  const itself = await repository.manifests([digest]);
  const { index } = readIndex(digest, itself.get(digest));
  if (index === undefined) return indexReport(digest, itself, new Map());
  const listed = await repository.manifests([...new Set(index.manifests.map((entry) => entry.digest))]);
  const manifests = new Map([...itself, ...listed]);
  const platforms = await Promise.all(
    [...configsOf(index, manifests)].map(async ([image, config]) => {
      const text = await repository.config(config);
      return [image, text === undefined ? undefined : (platformOfConfig(text) ?? "no platform")] as const;
    }),
  );
  return indexReport(digest, manifests, new Map(platforms));
}
