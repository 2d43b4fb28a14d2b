import { createHash } from "node:crypto";
import { z } from "zod";

export const INDEX = "application/vnd.oci.image.index.v1+json";
export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

const descriptor = z.object({ mediaType: z.string(), digest: z.string(), size: z.number() });
const platform = z.object({ os: z.string(), architecture: z.string() });
const index = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.literal(INDEX),
  manifests: z.array(descriptor.extend({ platform })),
});
const manifest = z.object({ config: descriptor, layers: z.array(descriptor) });

/** A digest computed here, not by the code under test. */
export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A repository as any client of the OCI distribution API sees it. */
export class Registry {
  readonly #base: string;

  constructor(url: string, repository: string) {
    this.#base = `${url}/v2/${repository}`;
  }

  /** The digest that a tag leads to; undefined when there is no such tag. */
  async digestOf(tag: string): Promise<string | undefined> {
    const response = await fetch(`${this.#base}/manifests/${tag}`, { headers: { accept: INDEX } });
    const bytes = Buffer.from(await response.arrayBuffer());
    return response.ok ? sha256(bytes) : undefined;
  }

  /** The index, its bytes verified. */
  async index(digest: string): Promise<z.infer<typeof index>> {
    return index.parse(JSON.parse((await this.#verified("manifests", digest)).toString()));
  }

  /** Pulls an image whole, as a host would: manifest, configuration and layers, each verified by digest and size. */
  async pull(digest: string): Promise<{ readonly config: unknown; readonly bytes: number }> {
    const { config, layers } = manifest.parse(
      JSON.parse((await this.#verified("manifests", digest)).toString()),
    );
    const blobs = await Promise.all(
      [config, ...layers].map(async ({ digest, size }) => {
        const blob = await this.#verified("blobs", digest);
        if (blob.length !== size) throw new Error(`${digest} has ${blob.length} bytes, not ${size}`);
        return blob;
      }),
    );
    const [first = Buffer.alloc(0)] = blobs;
    return {
      config: JSON.parse(first.toString()),
      bytes: blobs.reduce((sum, { length }) => sum + length, 0),
    };
  }

  async #verified(kind: "manifests" | "blobs", digest: string): Promise<Buffer> {
    const headers = kind === "manifests" ? { accept: `${INDEX}, ${MANIFEST}` } : {};
    const response = await fetch(`${this.#base}/${kind}/${digest}`, { headers });
    const bytes = Buffer.from(await response.arrayBuffer());
    if (!response.ok) throw new Error(`${kind} ${digest}: ${response.status} ${bytes.toString()}`);
    if (sha256(bytes) !== digest) throw new Error(`${digest} is served with other bytes: ${sha256(bytes)}`);
    return bytes;
  }

  /** Pushes an image of both platforms by hand: what services run before the first release. */
  async pushFirst(): Promise<string> {
    const children = await Promise.all(
      ["amd64", "arm64"].map(async (architecture) => {
        const layer = Buffer.alloc(1024);
        const diffId = sha256(layer);
        const config = Buffer.from(
          JSON.stringify({
            architecture,
            os: "linux",
            config: { Entrypoint: ["/first"] },
            rootfs: { type: "layers", diff_ids: [diffId] },
          }),
        );
        const image = Buffer.from(
          JSON.stringify({
            schemaVersion: 2,
            mediaType: MANIFEST,
            config: {
              mediaType: "application/vnd.oci.image.config.v1+json",
              ...(await this.#putBlob(config)),
            },
            layers: [
              { mediaType: "application/vnd.oci.image.layer.v1.tar", ...(await this.#putBlob(layer)) },
            ],
          }),
        );
        const digest = await this.#putManifest(image, MANIFEST);
        return { mediaType: MANIFEST, digest, size: image.length, platform: { os: "linux", architecture } };
      }),
    );
    const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: children }));
    return this.#putManifest(content, INDEX);
  }

  async #putBlob(content: Buffer): Promise<{ readonly digest: string; readonly size: number }> {
    const digest = sha256(content);
    const address = `${this.#base}/blobs/uploads/?digest=${digest}`;
    const response = await fetch(address, { method: "POST", body: new Uint8Array(content) });
    if (response.status !== 201)
      throw new Error(`blob ${digest}: ${response.status} ${await response.text()}`);
    return { digest, size: content.length };
  }

  async #putManifest(content: Buffer, type: string): Promise<string> {
    const digest = sha256(content);
    const response = await fetch(`${this.#base}/manifests/${digest}`, {
      method: "PUT",
      headers: { "content-type": type },
      body: new Uint8Array(content),
    });
    if (!response.ok) throw new Error(`manifest ${digest}: ${response.status} ${await response.text()}`);
    return digest;
  }
}
