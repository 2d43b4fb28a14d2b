import { createHash } from "node:crypto";

/** A digest computed here, not by the code under test. */
export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Pushes a blob in one request. */
export async function pushBlob(url: string, repository: string, bytes: Uint8Array | string): Promise<string> {
  const digest = sha256(bytes);
  const response = await fetch(`${url}/v2/${repository}/blobs/uploads/?digest=${digest}`, {
    method: "POST",
    body: bytes,
  });
  if (response.status !== 201) throw new Error(`push of a blob: ${response.status} ${await response.text()}`);
  return digest;
}

const OCI = "application/vnd.oci.image";

/** The manifest of an image whose config and layer have been pushed; `text` makes it different from others. */
export async function pushImageParts(url: string, repository: string, text: string): Promise<string> {
  const config = JSON.stringify({ architecture: "amd64", os: "linux", config: {}, text });
  const layer = `layer of ${text}`;
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: {
      mediaType: `${OCI}.config.v1+json`,
      digest: await pushBlob(url, repository, config),
      size: Buffer.byteLength(config),
    },
    layers: [
      {
        mediaType: `${OCI}.layer.v1.tar+gzip`,
        digest: await pushBlob(url, repository, layer),
        size: Buffer.byteLength(layer),
      },
    ],
  });
}

/** An index over manifests. */
export function indexOf(manifests: readonly string[]): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: manifests.map((manifest) => ({
      mediaType: `${OCI}.manifest.v1+json`,
      digest: sha256(manifest),
      size: Buffer.byteLength(manifest),
    })),
  });
}

/** Puts a manifest through the distribution API. */
export function putManifest(
  url: string,
  repository: string,
  reference: string,
  manifest: string,
): Promise<Response> {
  return fetch(`${url}/v2/${repository}/manifests/${reference}`, {
    method: "PUT",
    headers: { "Content-Type": JSON.parse(manifest).mediaType },
    body: manifest,
  });
}
