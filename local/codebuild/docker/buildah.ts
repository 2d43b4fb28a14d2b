import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { BuildRequest } from "./build-request.ts";
import { BuildahStore, type BuildahStoreOptions } from "./buildah-store.ts";
import type { BuildSurroundings, BuiltImage, ImageBuilder } from "./builder.ts";
import { UsageError } from "./flags.ts";
import { childrenOf, descriptor } from "./image.ts";

const layoutIndex = z.object({ manifests: z.array(descriptor) });

/**
 * Builds with buildah, isolated by chroot, which needs neither a daemon nor cgroups. Every platform has a storage of its own:
 * buildah's layer cache does not tell platforms apart.
 *
 * @see https://github.com/containers/buildah/blob/main/docs/buildah-build.1.md
 */
export function createBuildahBuilder(options: BuildahStoreOptions): ImageBuilder {
  const stores = new Map<string, Promise<BuildahStore>>();
  const storeOf = (platform: string): Promise<BuildahStore> => {
    const name = platform.replaceAll("/", "-");
    const folder = join(options.folder, name);
    const store = stores.get(name) ?? BuildahStore.open({ ...options, folder });
    stores.set(name, store);
    // A storage that could not be opened is tried again by the next build.
    store.catch(() => stores.delete(name));
    return store;
  };
  return {
    build: async (request, surroundings) => {
      const store = await storeOf(request.platform);
      return store.use(() => buildImage(store, request, surroundings));
    },
    close: async () => {
      for (const opened of await Promise.allSettled(stores.values())) {
        if (opened.status === "fulfilled") await opened.value.cleanUp();
      }
    },
  };
}

async function buildImage(
  store: BuildahStore,
  request: BuildRequest,
  surroundings: BuildSurroundings,
): Promise<BuiltImage> {
  const { folder, log, signal } = surroundings;
  const name = randomUUID();
  const iidFile = join(folder, `${name}.iid`);
  let foreign = false;
  const watched = (line: string) => {
    foreign ||= /exec format error/i.test(line);
    log(line);
  };
  const flags = [...buildFlags(request), "--iidfile", iidFile, request.contextDir];
  const built = await store.run(flags, { cwd: folder, log: watched, signal });
  if (signal.aborted) throw new UsageError("the build was stopped");
  if (foreign) throw new UsageError(cannotRun(request.platform));
  if (built !== 0) throw new UsageError(`buildah could not build the image (exit status ${built})`);
  const imageId = (await readFile(iidFile, "utf8")).trim();
  const copy = join(folder, name);
  const toLayout = ["push", "--quiet", "--format", "oci", imageId, `oci:${copy}:image`];
  const copied = await store.run(toLayout, { cwd: folder, log, signal });
  if (copied !== 0) throw new UsageError(`buildah could not store the image (exit status ${copied})`);
  return takeOver(copy, surroundings);
}

function cannotRun(platform: string): string {
  return (
    `this machine cannot run programs of ${platform}, or a program of the image is damaged. ` +
    "Install qemu-user-static with binfmt-support (Debian), or register qemu with binfmt_misc (flag F)"
  );
}

function buildFlags(request: BuildRequest): readonly string[] {
  const all = (flag: string, values: Readonly<Record<string, string>>) =>
    Object.entries(values).flatMap(([key, value]) => [flag, `${key}=${value}`]);
  const { SOURCE_DATE_EPOCH: epoch, ...buildArgs } = request.buildArgs;
  return [
    ...["bud", "--isolation", "chroot", "--format", "oci", "--identity-label=false"],
    ...["--platform", request.platform, "--file", request.dockerfile, "--force-rm"],
    // As BuildKit: a base is asked for at its registry every time.
    "--pull-always",
    ...(request.noCache ? ["--no-cache"] : ["--layers"]),
    ...(request.target === undefined ? [] : ["--target", request.target]),
    ...(epoch === undefined ? [] : ["--timestamp", epoch]),
    ...all("--build-arg", buildArgs),
    ...all("--label", request.labels),
    ...all("--annotation", request.annotations),
  ];
}

/** Takes the blobs of the OCI layout that buildah has written. */
async function takeOver(copy: string, { store }: BuildSurroundings): Promise<BuiltImage> {
  const index = layoutIndex.parse(JSON.parse(await readFile(join(copy, "index.json"), "utf8")));
  const [manifest] = index.manifests;
  if (manifest === undefined) throw new Error(`${copy} holds no image`);
  const blobs = join(copy, "blobs", "sha256");
  for (const name of await readdir(blobs)) await store.putStream(createReadStream(join(blobs, name)));
  await rm(copy, { recursive: true, force: true });
  const { mediaType, digest, size } = manifest;
  const { config } = await childrenOf(store, digest);
  return { manifest: { mediaType, digest, size }, configDigest: config.digest };
}
