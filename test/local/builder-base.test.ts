import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { CreateRepositoryCommand } from "@aws-sdk/client-ecr";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { pack } from "tar-stream";
import { registryBase } from "../../local/builder/registry-base.ts";
import { storedBase } from "../../local/builder/stored-base.ts";
import { newWorkspace, pushBuilt, type Workspace } from "./builder-workspace.ts";
import { type EcrEndpoint, startEcr, temporaryFolder } from "./ecr-endpoint.ts";
import { indexOf, pushBlob, putManifest, sha256 } from "./registry-content.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let ecr: EcrEndpoint;
let work: Workspace;

beforeAll(async () => {
  folder = await temporaryFolder();
  ecr = await startEcr(folder.path);
  await ecr.client.send(new CreateRepositoryCommand({ repositoryName: "base" }));
});

afterAll(async () => {
  await ecr.stop();
  await folder.remove();
});

beforeEach(async () => {
  work = await newWorkspace();
});

afterEach(() => work.remove());

const build = (dockerfile: string, platform = "linux/amd64") =>
  work.build(dockerfile, { platform, resolveBase: registryBase(ecr.host) });

/** Pushes an image for each platform and an index over them. */
async function pushIndex(tag: string, dockerfile: string, platforms: readonly string[]): Promise<string> {
  const manifests: string[] = [];
  for (const platform of platforms) {
    manifests.push(await pushBuilt(ecr.url, "base", work.store, await build(dockerfile, platform)));
  }
  const index = JSON.parse(indexOf(manifests));
  for (const [at, platform] of platforms.entries()) {
    const [os, architecture, variant] = platform.split("/");
    index.manifests[at].platform = { os, architecture, variant };
  }
  const text = JSON.stringify(index);
  expect((await putManifest(ecr.url, "base", tag, text)).status).toBe(201);
  return sha256(text);
}

type Entry = Parameters<ReturnType<typeof pack>["entry"]>[0] & { readonly text?: string };

function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { text, ...header } of entries) archive.entry(header, text ?? "");
  archive.finalize();
  return (async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of archive) if (chunk instanceof Uint8Array) chunks.push(chunk);
    return Buffer.concat(chunks);
  })();
}

/** Pushes a Docker (not OCI) image made of handwritten layers. */
async function pushLayers(tag: string, layers: readonly (readonly Entry[])[]): Promise<void> {
  const tars = await Promise.all(layers.map(tarOf));
  const config = JSON.stringify({
    os: "linux",
    architecture: "amd64",
    config: { Env: ["PATH=/bin", "BASE=yes"], Cmd: ["/bin/sh"], Entrypoint: null, Labels: null },
    rootfs: { type: "layers", diff_ids: tars.map(sha256) },
    history: null,
    container: "dropped",
  });
  const docker = "application/vnd.docker";
  const manifest = {
    schemaVersion: 2,
    mediaType: `${docker}.distribution.manifest.v2+json`,
    config: {
      mediaType: `${docker}.container.image.v1+json`,
      digest: await pushBlob(ecr.url, "base", config),
      size: config.length,
    },
    layers: await Promise.all(
      tars.map(async (tar) => {
        const gzip = gzipSync(tar);
        return {
          mediaType: `${docker}.image.rootfs.diff.tar.gzip`,
          digest: await pushBlob(ecr.url, "base", gzip),
          size: gzip.length,
        };
      }),
    ),
  };
  const response = await putManifest(ecr.url, "base", tag, JSON.stringify(manifest));
  expect(response.status).toBe(201);
}

describe("a base image", () => {
  test("is taken for the platform out of an index, by tag or digest, with its layers and settings", async () => {
    await work.files({ "base.txt": "base", "app.txt": "app" });
    const platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7"];
    const digest = await pushIndex(
      "multi",
      "FROM scratch\nARG TARGETARCH\nENV ARCH=$TARGETARCH\nUSER 5\nWORKDIR /home\nCOPY base.txt .\n",
      platforms,
    );
    for (const platform of platforms) {
      const built = await build(
        `ARG TAG=:multi\nFROM ${ecr.host}/base$TAG\nCOPY app.txt .\nENV MORE=1\n`,
        platform,
      );
      const [os, architecture, variant] = platform.split("/");
      expect(built.config).toMatchObject({ os, architecture, ...(variant ? { variant } : {}) });
      expect(built.config.config).toMatchObject({ User: "5", WorkingDir: "/home" });
      expect(built.config.config.Env).toEqual([
        expect.stringMatching(/^PATH=/),
        `ARCH=${architecture}`,
        "MORE=1",
      ]);
      expect(await work.layers(built.digest)).toEqual([
        ["755 0:0 home/", "644 0:0 home/base.txt = base"],
        ["644 0:0 home/app.txt = app"],
      ]);
      expect(built.config.rootfs.diff_ids).toHaveLength(2);
      expect(built.config.history.filter((entry) => !entry.empty_layer)).toHaveLength(2);
    }
    const pinned = await build(`FROM --platform=linux/arm64 ${ecr.host}/base:multi@${digest}\n`);
    expect(pinned.config.architecture).toBe("arm64");
  });

  test("that is not there, or not for the platform, is named with what there is", async () => {
    await pushIndex("two", "FROM scratch\nLABEL a=b\n", ["linux/amd64", "linux/arm64"]);
    await expect(build(`FROM ${ecr.host}/base:two\n`, "linux/s390x")).rejects.toThrow(
      `Dockerfile:1: ${ecr.host}/base:two is not there for linux/s390x, only for linux/amd64, linux/arm64`,
    );
    const single = await build("FROM scratch\n");
    await pushBuilt(ecr.url, "base", work.store, single, "single");
    await expect(build(`FROM ${ecr.host}/base:single\n`, "linux/arm64")).rejects.toThrow(
      "is not there for linux/arm64, only for linux/amd64",
    );
    await expect(build(`FROM ${ecr.host}/base:none\n`)).rejects.toThrow(/base:none is not in the registry/);
    await expect(build(`FROM ${ecr.host}/none\n`)).rejects.toThrow(/none is not in the registry/);
    await expect(build("FROM alpine:3.20\n")).rejects.toThrow(
      new RegExp(
        `Dockerfile:1: alpine:3.20 is not in the local registry.*skopeo copy.*docker://${ecr.host}/alpine:3.20`,
      ),
    );
  });

  test("of Docker's family: whiteouts hide, links are followed, devices stay, hard links are copied", async () => {
    await pushLayers("docker", [
      [
        { name: "usr/bin/", type: "directory", mode: 0o755 },
        { name: "usr/bin/tool", mode: 0o4755, uid: 3, gid: 4, text: "tool" },
        { name: "usr/bin/alias", type: "link", linkname: "usr/bin/tool" },
        { name: "bin", type: "symlink", linkname: "usr/bin" },
        { name: "tmp/", type: "directory", mode: 0o1777 },
        { name: "etc/gone", text: "gone" },
        { name: "etc/kept", text: "kept" },
        { name: "opt/old/a", text: "a" },
        { name: "dev/null", type: "character-device", devmajor: 1, devminor: 3 },
      ],
      [{ name: "etc/.wh.gone" }, { name: "opt/new", text: "new" }, { name: "opt/.wh..wh..opq" }],
    ]);
    await work.files({ app: "x:app", note: "n" });
    const built = await build(`FROM ${ecr.host}/base:docker
COPY app /bin/app
COPY note /tmp/note
COPY note /bin
`);
    const [, , ...own] = await work.layers(built.digest);
    // No entry for /tmp or /bin: what they are in the base is left alone.
    expect(own).toEqual([
      ["755 0:0 usr/bin/app = app"],
      ["644 0:0 tmp/note = n"],
      ["644 0:0 usr/bin/note = n"],
    ]);
    const manifest = JSON.parse((await work.store.bytes(built.digest)).toString());
    expect(new Set(manifest.layers.map((layer: { mediaType: string }) => layer.mediaType))).toEqual(
      new Set(["application/vnd.oci.image.layer.v1.tar+gzip"]),
    );
    expect(built.config).not.toHaveProperty("container");
    expect(built.config.config).toMatchObject({ Env: ["PATH=/bin", "BASE=yes"], Cmd: ["/bin/sh"] });

    const copied = await build(`FROM scratch
COPY --from=${ecr.host}/base:docker /usr /usr
COPY --from=${ecr.host}/base:docker /bin/alias /etc /opt /
`);
    expect(await work.layers(copied.digest)).toEqual([
      ["755 0:0 usr/", "755 0:0 usr/bin/", "4755 3:4 usr/bin/alias = tool", "4755 3:4 usr/bin/tool = tool"],
      ["4755 3:4 alias = tool", "644 0:0 kept = kept", "644 0:0 new = new"],
    ]);
    await expect(build(`FROM scratch\nCOPY --from=${ecr.host}/base:docker /dev /dev\n`)).rejects.toThrow(
      "Dockerfile:2: null is a device or a pipe",
    );
    await expect(build(`FROM scratch\nCOPY --from=${ecr.host}/base:docker /etc/gone /\n`)).rejects.toThrow(
      "/etc/gone is not in the stage or image",
    );
  });

  test("goes through stages: what one copied out of an image, the next copies on", async () => {
    await pushLayers("chain", [[{ name: "data/x", text: "x" }]]);
    const built = await build(`FROM ${ecr.host}/base:chain AS one
FROM scratch AS two
COPY --from=one /data /copied
FROM scratch
COPY --from=two /copied/x /x
`);
    expect(await work.layers(built.digest)).toEqual([["644 0:0 x = x"]]);
  });
});

test("an image that was built before is a base without any registry", async () => {
  await work.files({ one: "1", two: "2" });
  const before = await work.build("FROM scratch\nCOPY one /\nENV FROM=store\n");
  const built = await work.build("FROM mine\nCOPY two /\n", {
    resolveBase: (name, platform) => storedBase(work.store, name, before.digest, platform),
  });
  expect(await work.layers(built.digest)).toEqual([["644 0:0 one = 1"], ["644 0:0 two = 2"]]);
  expect(built.config.config.Env).toContain("FROM=store");
  await expect(
    work.build("FROM mine\n", {
      platform: "linux/arm64",
      resolveBase: (name, platform) => storedBase(work.store, name, before.digest, platform),
    }),
  ).rejects.toThrow("Dockerfile:1: mine is not there for linux/arm64, only for linux/amd64");
});

describe("ADD", () => {
  test("unpacks local archives, plain or gzip, and copies what is none", async () => {
    const tar = await tarOf([
      { name: "./dir/", type: "directory", mode: 0o700, uid: 9 },
      { name: "dir/run", mode: 0o755, uid: 1, gid: 2, text: "run" },
      { name: "dir/link", type: "symlink", linkname: "run" },
      { name: "../escape", text: "inside" },
    ]);
    await work.files({ "a.tar": tar, "b.tgz": gzipSync(tar), "c.gz": gzipSync("only text"), "d.txt": "d" });
    const { digest } = await build(
      "FROM scratch\nADD a.tar /plain\nADD --chown=7:7 b.tgz /zipped/\nADD c.gz d.txt /files/\nCOPY a.tar /\n",
    );
    const [plain, zipped, files, copied] = await work.layers(digest);
    expect(plain).toEqual([
      "755 0:0 plain/",
      "700 9:0 plain/dir/",
      "644 0:0 plain/dir/link -> run",
      "755 1:2 plain/dir/run = run",
      "644 0:0 plain/escape = inside",
    ]);
    expect(zipped).toContain("755 7:7 zipped/dir/run = run");
    expect(files?.[1]).toMatch(/^644 0:0 files\/c\.gz = /);
    expect(files?.[2]).toBe("644 0:0 files/d.txt = d");
    expect(copied?.[0]).toMatch(/^644 0:0 a\.tar = /);
  });

  test("refuses a compression it cannot undo, and an archive that is broken", async () => {
    await work.files({
      "a.tar.xz": Buffer.from("fd377a585a000001", "hex"),
      "b.tar.gz": gzipSync(await tarOf([{ name: "x", text: randomBytes(9000).toString("hex") }])).subarray(
        0,
        5000,
      ),
    });
    await expect(build("FROM scratch\nADD a.tar.xz /\n")).rejects.toThrow(
      /Dockerfile:2: ADD a.tar.xz: .* with xz/,
    );
    await expect(build("FROM scratch\nADD b.tar.gz /\n")).rejects.toThrow(
      /Dockerfile:2: ADD b.tar.gz: the archive cannot be read/,
    );
  });
});
