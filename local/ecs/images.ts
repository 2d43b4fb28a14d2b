import { createHash } from "node:crypto";
import { z } from "zod";
import { ContainerError } from "../engine/errors.ts";
import type { Architecture } from "../engine.ts";
import type { LocalContext } from "../service.ts";
import { isLocalRegistry, parseImage } from "./image-reference.ts";

/** All four, always: a registry may answer with another type for one that is not accepted. */
const accept = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const descriptorSchema = z.object({ digest: z.string(), size: z.number().optional() });
const manifestSchema = z.looseObject({
  manifests: z
    .array(
      descriptorSchema.extend({
        platform: z.looseObject({ os: z.string(), architecture: z.string() }).optional(),
      }),
    )
    .optional(),
  config: descriptorSchema.optional(),
  layers: z.array(descriptorSchema.extend({ mediaType: z.string().optional() })).optional(),
});
const configSchema = z.looseObject({
  architecture: z.string().optional(),
  config: z
    .looseObject({
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
      Env: z.array(z.string()).nullish(),
    })
    .nullish(),
});

/** The image that a host of one architecture gets for a reference. */
export interface ResolvedImage {
  /** The digest of what the reference names: the index, where it is one. */
  readonly digest: string;
  /** The reference by that digest, at the local registry. */
  readonly pinned: string;
  readonly repository: string;
  /** The architecture that the image's configuration states, in OCI's words (`amd64`, `arm64`). */
  readonly architecture: string | undefined;
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly layers: readonly {
    readonly digest: string;
    readonly size?: number | undefined;
    readonly mediaType?: string | undefined;
  }[];
}

/** The index has no image of the platform. */
export class PlatformMissing extends ContainerError {}

/**
 * Resolves a reference for an architecture, or says that it is none of the local registry's (`undefined`).
 *
 * @throws ContainerError CannotPullContainerError when the image, or the platform in its index, does not exist.
 */
export type ResolveImage = (image: string, architecture: Architecture) => Promise<ResolvedImage | undefined>;

const startupAttempts = 100;
const startupPauseMs = 100;

/** The names that OCI gives to the architectures of ECS. */
export const ociArchitecture: Readonly<Record<Architecture, string>> = { x86_64: "amd64", arm64: "arm64" };

const sha256 = (content: Buffer): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;

/** Reads from the registry at `context.url`, as a host's container engine would. */
export class RegistryReader {
  private readonly context: LocalContext;
  /** Resolved by digest and architecture: content that cannot change. */
  private readonly known = new Map<string, ResolvedImage>();
  /** What is being read: a thousand tasks that start together read an image once. */
  private readonly reading = new Map<string, Promise<ResolvedImage>>();

  constructor(context: LocalContext) {
    this.context = context;
  }

  readonly resolve: ResolveImage = async (image, architecture) => {
    const { registry, repository, reference } = parseImage(image);
    if (!isLocalRegistry(registry, this.context)) return undefined;
    const key = `${repository}@${reference} ${architecture}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    let reading = this.reading.get(key);
    if (reading === undefined) {
      reading = this.read(image, repository, reference, architecture).finally(() => this.reading.delete(key));
      this.reading.set(key, reading);
    }
    const resolved = await reading;
    if (this.known.size >= 1000) this.known.clear();
    if (reference.startsWith("sha256:")) this.known.set(key, resolved);
    return resolved;
  };

  private async read(
    image: string,
    repository: string,
    reference: string,
    architecture: Architecture,
  ): Promise<ResolvedImage> {
    const top = await this.fetchManifest(image, repository, reference);
    const entries = top.manifest.manifests;
    const wanted = ociArchitecture[architecture];
    const child = entries?.find(
      ({ platform }) => platform?.os === "linux" && platform.architecture === wanted,
    );
    if (entries !== undefined && child === undefined) {
      const why = `no matching manifest for linux/${wanted} in the manifest list entries`;
      throw new PlatformMissing("CannotPullContainerError", cannotPull(image, why).message);
    }
    const { manifest } =
      child === undefined ? top : await this.fetchManifest(image, repository, child.digest);
    const config =
      manifest.config === undefined
        ? {}
        : configSchema.parse(JSON.parse((await this.blob(repository, manifest.config.digest)).toString()));
    return {
      digest: top.digest,
      pinned: `${this.context.registryHost}/${repository}@${top.digest}`,
      repository,
      architecture: config.architecture,
      entryPoint: config.config?.Entrypoint ?? [],
      command: config.config?.Cmd ?? [],
      layers: manifest.layers ?? [],
    };
  }

  private async fetchManifest(
    image: string,
    repository: string,
    reference: string,
  ): Promise<{ readonly digest: string; readonly manifest: z.infer<typeof manifestSchema> }> {
    const response = await this.get(image, `/v2/${repository}/manifests/${reference}`, accept);
    if (!response.ok) {
      throw cannotPull(
        image,
        response.status === 404 ? "not found" : `the registry answered ${response.status}`,
      );
    }
    const body = Buffer.from(await response.arrayBuffer());
    return { digest: sha256(body), manifest: manifestSchema.parse(JSON.parse(body.toString())) };
  }

  /** @throws ContainerError when the blob cannot be read. */
  async blob(repository: string, digest: string): Promise<Buffer> {
    const response = await this.get(`${repository}@${digest}`, `/v2/${repository}/blobs/${digest}`, "*/*");
    if (!response.ok)
      throw cannotPull(`${repository}@${digest}`, `blob: the registry answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  }

  private async get(image: string, path: string, types: string): Promise<Response> {
    try {
      for (let attempt = 1; ; attempt++) {
        const response = await fetch(`${this.context.url}${path}`, { headers: { accept: types } });
        // The endpoint listens before its services are up; services that were kept start their tasks at once.
        if (response.status !== 503 || attempt >= startupAttempts) return response;
        await new Promise((resolve) => setTimeout(resolve, startupPauseMs));
      }
    } catch (error) {
      throw cannotPull(image, "the registry cannot be reached", error);
    }
  }
}

function cannotPull(image: string, why: string, cause?: unknown): ContainerError {
  return new ContainerError(
    "CannotPullContainerError",
    `pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: ${why}`,
    cause === undefined ? undefined : { cause },
  );
}
