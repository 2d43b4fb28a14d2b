import { gunzipSync, gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { pushBlob, putManifest, sha256 } from "./registry-content.ts";

/** A program of an architecture, as far as anybody looks: the header of an ELF file. */
export function program(machine: "x86_64" | "arm64"): Buffer {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(machine === "x86_64" ? 0x3e : 0xb7, 18);
  return header;
}

async function layer(files: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name, mode: 0o755 }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) {
    if (Buffer.isBuffer(chunk)) chunks.push(Buffer.from(chunk));
  }
  return gzipSync(Buffer.concat(chunks));
}

export interface ImageOptions {
  readonly architecture: "amd64" | "arm64";
  /** What `/app` really is. */
  readonly machine?: "x86_64" | "arm64";
  /** Other files than `/app`, with the entry point and command that go with them. */
  readonly files?: Readonly<Record<string, Buffer>>;
  readonly entryPoint?: readonly string[];
  readonly command?: readonly string[];
  /** Makes images differ. */
  readonly text?: string;
}

const oci = "application/vnd.oci.image";

/** Pushes an image with the program `/app`; gives its manifest. */
export async function pushImage(url: string, repository: string, options: ImageOptions): Promise<string> {
  const machine = options.machine ?? (options.architecture === "amd64" ? "x86_64" : "arm64");
  const content = await layer(options.files ?? { app: program(machine) });
  const config = JSON.stringify({
    os: "linux",
    architecture: options.architecture,
    config: {
      Entrypoint: options.entryPoint ?? ["/app"],
      Cmd: options.command ?? [],
      Labels: { text: options.text ?? "" },
    },
    rootfs: { type: "layers", diff_ids: [sha256(gunzipSync(content))] },
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: {
      mediaType: `${oci}.config.v1+json`,
      digest: await pushBlob(url, repository, config),
      size: Buffer.byteLength(config),
    },
    layers: [
      {
        mediaType: `${oci}.layer.v1.tar+gzip`,
        digest: await pushBlob(url, repository, new Uint8Array(content)),
        size: content.length,
      },
    ],
  });
  const response = await putManifest(url, repository, sha256(manifest), manifest);
  if (response.status !== 201)
    throw new Error(`push of an image: ${response.status} ${await response.text()}`);
  return manifest;
}

/** Pushes an index over images of the given architectures; gives its digest. */
export async function pushIndex(
  url: string,
  repository: string,
  images: readonly ImageOptions[],
  reference?: string,
): Promise<string> {
  const manifests = [];
  for (const image of images) {
    const manifest = await pushImage(url, repository, image);
    manifests.push({
      mediaType: `${oci}.manifest.v1+json`,
      digest: sha256(manifest),
      size: Buffer.byteLength(manifest),
      platform: { os: "linux", architecture: image.architecture },
    });
  }
  const index = JSON.stringify({ schemaVersion: 2, mediaType: `${oci}.index.v1+json`, manifests });
  const response = await putManifest(url, repository, reference ?? sha256(index), index);
  if (response.status !== 201)
    throw new Error(`push of an index: ${response.status} ${await response.text()}`);
  return sha256(index);
}

/** Both architectures, as they should be. */
export const both = (text: string): readonly ImageOptions[] => [
  { architecture: "amd64", text },
  { architecture: "arm64", text },
];
