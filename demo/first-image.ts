import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { prepareHello } from "../examples/hello/prepare.ts";
import { buildImage } from "../local/builder/build.ts";
import { openImageStore } from "../local/builder/image-store.ts";
import { DemoFailure, type Scene } from "./options.ts";
import { INDEX_TYPE, RegistryRepository } from "./registry.ts";

const PLATFORMS = ["linux/amd64", "linux/arm64"] as const;

/**
 * Version 0 of the example, built and pushed by hand: a service needs an image before there is a first release.
 * @returns the reference of its index, by digest
 */
export async function pushFirstImage({ url, folder, signal }: Scene): Promise<string> {
  const source = join(folder, "version-0");
  await prepareHello(source, 0);
  const store = await openImageStore(join(folder, "images"));
  const repository = new RegistryRepository(url, "hello", signal);
  const children = await Promise.all(
    PLATFORMS.map(async (platform) => {
      const { digest, size, mediaType, configDigest } = await buildImage({
        contextDir: source,
        dockerfile: "Dockerfile",
        platform,
        store,
        resolveBase: async (name) => {
          throw new DemoFailure(`examples/hello builds FROM scratch, not from ${name}`);
        },
        log: () => undefined,
        signal,
      });
      const manifest = await store.bytes(digest);
      for (const blob of [configDigest, ...layersOf(manifest)])
        await repository.putBlob(blob, await store.bytes(blob));
      await repository.putManifest(digest, manifest, mediaType);
      const [os, architecture] = platform.split("/");
      return { mediaType, digest, size, platform: { os, architecture } };
    }),
  );
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: children }));
  const digest = `sha256:${createHash("sha256").update(index).digest("hex")}`;
  await repository.putManifest(digest, index, INDEX_TYPE);
  return `${new URL(url).host}/hello@${digest}`;
}

const manifestSchema = z.object({ layers: z.array(z.object({ digest: z.string() })) });

function layersOf(manifest: Buffer): readonly string[] {
  return manifestSchema.parse(JSON.parse(manifest.toString())).layers.map(({ digest }) => digest);
}
