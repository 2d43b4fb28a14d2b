import { DemoFailure } from "./options.ts";

export const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

export interface PlatformImage {
  readonly platform: string;
  readonly digest: string;
  /** Bytes of what is pulled: configuration and layers. */
  readonly size: number;
}

/** A repository as a client of the OCI distribution API sees it, https://github.com/opencontainers/distribution-spec. */
export class RegistryRepository {
  readonly #base: string;
  readonly #signal: AbortSignal;

  constructor(url: string, name: string, signal: AbortSignal) {
    this.#base = `${url}/v2/${name}`;
    this.#signal = signal;
  }

  async putBlob(digest: string, content: Buffer): Promise<void> {
    if ((await this.#send("HEAD", `/blobs/${digest}`)).ok) return;
    const begun = await this.#send("POST", "/blobs/uploads/");
    const location = begun.headers.get("location");
    if (location === null) throw await refused(begun, `the upload of ${digest}`);
    const target = new URL(location, this.#base);
    target.searchParams.set("digest", digest);
    const put = await fetch(target, {
      method: "PUT",
      body: new Uint8Array(content),
      headers: { "content-type": "application/octet-stream" },
      signal: this.#signal,
    });
    if (!put.ok) throw await refused(put, `the blob ${digest}`);
  }

  async putManifest(reference: string, content: Buffer, type: string): Promise<void> {
    const answer = await this.#send("PUT", `/manifests/${reference}`, content, { "content-type": type });
    if (!answer.ok) throw await refused(answer, `the manifest ${reference}`);
  }

  /** The images of an index, with their sizes. */
  async platforms(digest: string): Promise<readonly PlatformImage[]> {
    const index = await this.#manifest(digest);
    const images = list(index.manifests).map(async (child) => {
      const { os, architecture, variant } = record(child.platform);
      const manifest = await this.#manifest(String(child.digest));
      const size = [record(manifest.config), ...list(manifest.layers)].reduce(
        (sum, part) => sum + Number(part.size),
        0,
      );
      const platform = [os, architecture, variant].filter((part) => part !== undefined).join("/");
      return { platform, digest: String(child.digest), size };
    });
    return Promise.all(images);
  }

  async #manifest(digest: string): Promise<Fields> {
    const answer = await this.#send("GET", `/manifests/${digest}`, undefined, {
      accept: [INDEX_TYPE, MANIFEST_TYPE].join(", "),
    });
    if (!answer.ok) throw await refused(answer, `the manifest ${digest}`);
    return record(await answer.json());
  }

  #send(method: string, path: string, body?: Buffer, headers: Readonly<Record<string, string>> = {}) {
    const content = body === undefined ? {} : { body: new Uint8Array(body) };
    return fetch(this.#base + path, { method, headers, signal: this.#signal, ...content });
  }
}

async function refused(answer: Response, what: string): Promise<DemoFailure> {
  return new DemoFailure(`the registry refused ${what}: ${answer.status} ${await answer.text()}`);
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;
const record = (value: unknown): Fields => (isFields(value) ? value : {});
const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isFields) : []);
