import type { ResolveBase } from "../../builder/base-image.ts";
import { buildImage } from "../../builder/build.ts";
import { BuildError } from "../../builder/build-error.ts";
import { registryBase } from "../../builder/registry-base.ts";
import { storedBase } from "../../builder/stored-base.ts";
import type { ImageBuilder } from "./builder.ts";
import { UsageError } from "./flags.ts";

/**
 * Builds with the built-in builder, which assembles images without running anything.
 *
 * @param registryHost where base images come from
 */
export function createBuiltInBuilder(registryHost: string): ImageBuilder {
  return {
    build: async (request, { store, folder, log, signal, named }) => {
      const remote = registryBase(registryHost, signal);
      const resolveBase: ResolveBase = (reference, platform) => {
        const own = named(reference);
        return own === undefined
          ? remote(reference, platform)
          : storedBase(store, reference, own.digest, platform);
      };
      try {
        const image = await buildImage({ ...request, store, resolveBase, scratchDir: folder, log, signal });
        const { mediaType, digest, size, configDigest } = image;
        return { manifest: { mediaType, digest, size }, configDigest };
      } catch (cause) {
        if (signal.aborted) throw new UsageError("the build was stopped", { cause });
        if (cause instanceof BuildError) throw new UsageError(cause.message, { cause });
        throw cause;
      }
    },
    close: async () => {},
  };
}
