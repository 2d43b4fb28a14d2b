import { execFile } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { StopBuildCommand } from "@aws-sdk/client-codebuild";
import { CreateRepositoryCommand, ECRClient, ListImagesCommand, PutImageCommand } from "@aws-sdk/client-ecr";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { PROGRAMS } from "./codebuild-elf.ts";
import {
  type CodeEndpoint,
  commit,
  git,
  startCode,
  temporaryFolder,
  workingCopy,
} from "./codebuild-endpoint.ts";

/** Needs buildah, and for arm64 qemu with binfmt_misc: only where the environment promises them. */
const withBuildah = process.env.TANDEM_TEST_ENGINE === "podman" ? describe : describe.skip;

const DOCKERFILE = `
ARG BASE=scratch
FROM scratch AS run
ARG TARGETARCH
COPY program-\${TARGETARCH} /program
RUN ["/program"]
FROM $BASE
ARG TARGETARCH
COPY --from=run /ran-on-\${TARGETARCH} /ran-on
COPY --from=run /program /program
ARG VERSION=none
ENV VERSION=$VERSION
CMD ["/program"]
`;

/** Builds from another platform's program: what cross-compiling Dockerfiles do. */
const CROSS = `
FROM --platform=$BUILDPLATFORM scratch AS run
ARG BUILDPLATFORM
ARG TARGETPLATFORM
COPY program-amd64 /program
RUN ["/program"]
FROM scratch
ARG TARGETPLATFORM
LABEL target=$TARGETPLATFORM
COPY --from=run /ran-on-amd64 /built-on-amd64
`;

const BY_DIGEST =
  'docker buildx build --platform "$PLATFORM" --build-arg VERSION="1 2" --label of=hello --annotation note=x ' +
  "--provenance=false --metadata-file m.json --progress plain " +
  '--output "type=image,name=$HOST/hello,push-by-digest=true,name-canonical=true,push=true" .';
const EXPORT_DIGEST = `export DIGEST=$(sed -n 's/.*"containerimage.digest": "\\(.*\\)",/\\1/p' m.json)`;

withBuildah("builds with buildah", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let code: CodeEndpoint;
  let ecr: ECRClient;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const engine = { name: "podman", description: "buildah" } as const;
    code = await startCode({ stateDir: join(folder.path, "state"), engine });
    ecr = new ECRClient({
      endpoint: code.url,
      region: "us-east-1",
      credentials: { accessKeyId: "alice", secretAccessKey: "alice" },
    });
    for (const repositoryName of ["hello", "base"])
      await ecr.send(new CreateRepositoryCommand({ repositoryName }));
    const copy = await workingCopy(folder.path, "source", {
      Dockerfile: DOCKERFILE,
      "cross.Dockerfile": CROSS,
      "pausing.Dockerfile": 'FROM scratch\nCOPY program-pausing /program\nRUN ["/program"]\n',
      "failing.Dockerfile": 'FROM scratch\nCOPY Dockerfile /program\nRUN ["/missing"]\n',
    });
    for (const [name, program] of Object.entries(PROGRAMS)) {
      await writeFile(join(copy.path, `program-${name}`), program, { mode: 0o755 });
    }
    await commit(copy.path, {}, "programs");
    await git(copy.path, "push", "--quiet", `${code.url}/git/source`, "main");
    await code.project("source", { Source: { Type: "CODECOMMIT", Location: `${code.url}/git/source` } });
  }, 20_000);
  afterAll(async () => {
    ecr.destroy();
    await code.stop();
    await folder.remove();
  });

  async function start(platform: string, commands: readonly string[]) {
    const { id = "" } = await code.start({
      projectName: "source",
      buildspecOverride: JSON.stringify({
        version: 0.2,
        env: { shell: "bash", "exported-variables": ["DIGEST"] },
        phases: { build: { commands } },
      }),
      environmentVariablesOverride: [
        { name: "HOST", value: code.host },
        { name: "PLATFORM", value: platform },
      ],
    });
    return id;
  }

  async function finish(id: string, expected = "SUCCEEDED") {
    const build = await code.ended(id);
    const log = code.log(build.logs?.groupName ?? "", build.logs?.streamName ?? "");
    if (build.buildStatus !== expected) throw new Error(`${build.buildStatus}:\n${log.join("\n")}`);
    const printed = log.filter((line) => !line.startsWith("[Container] "));
    return { printed, digest: build.exportedEnvironmentVariables?.[0]?.value ?? "" };
  }

  const run = async (platform: string, commands: readonly string[], expected?: string) =>
    finish(await start(platform, commands), expected);

  async function configOf(repository: string, digest: string) {
    const manifest: unknown = await (await fetch(`${code.url}/v2/${repository}/manifests/${digest}`)).json();
    const config = /"config":\{[^}]*"digest":"(sha256:[0-9a-f]{64})"/.exec(JSON.stringify(manifest))?.[1];
    return { manifest, config: await (await fetch(`${code.url}/v2/${repository}/blobs/${config}`)).json() };
  }

  const leftovers = async () => {
    const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n");
    const { stdout } = await promisify(execFile)("ps", ["-eo", "args"]);
    return [...mounts, ...stdout.split("\n")].filter((line) => line.includes(join(folder.path, "state")));
  };

  test("both platforms side by side run their RUN steps, and are pushed by digest without a tag", async () => {
    const commands = [BY_DIGEST, EXPORT_DIGEST];
    const platforms = ["linux/amd64", "linux/arm64"];
    const ids = await Promise.all(platforms.map((platform) => start(platform, commands)));
    const builds = await Promise.all(ids.map((id) => finish(id)));
    for (const [index, { printed, digest }] of builds.entries()) {
      const architecture = platforms[index]?.split("/")[1];
      expect(printed).toContain(`ran on ${architecture}`);
      const { manifest, config } = await configOf("hello", digest);
      expect(manifest).toMatchObject({
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        annotations: { note: "x" },
      });
      expect(config).toMatchObject({
        os: "linux",
        architecture,
        config: { Cmd: ["/program"], Labels: { of: "hello" }, Env: expect.arrayContaining(["VERSION=1 2"]) },
      });
    }
    const { imageIds } = await ecr.send(new ListImagesCommand({ repositoryName: "hello" }));
    expect(imageIds).toHaveLength(2);
    expect(imageIds?.every(({ imageTag }) => imageTag === undefined)).toBe(true);
    expect(await leftovers()).toEqual([]);
  }, 20_000);

  test("a base image comes out of an index in the local registry, for the platform that is built", async () => {
    const manifests = [];
    for (const architecture of ["amd64", "arm64"]) {
      const image = BY_DIGEST.replace("/hello,", "/base,");
      const { digest } = await run(`linux/${architecture}`, [image, EXPORT_DIGEST]);
      const content = await (await fetch(`${code.url}/v2/base/manifests/${digest}`)).text();
      const mediaType = "application/vnd.oci.image.manifest.v1+json";
      manifests.push({ mediaType, digest, size: content.length, platform: { os: "linux", architecture } });
    }
    const mediaType = "application/vnd.oci.image.index.v1+json";
    await ecr.send(
      new PutImageCommand({
        repositoryName: "base",
        imageTag: "1",
        imageManifest: JSON.stringify({ schemaVersion: 2, mediaType, manifests }),
        imageManifestMediaType: mediaType,
      }),
    );
    for (const architecture of ["amd64", "arm64"]) {
      const { printed } = await run(`linux/${architecture}`, [
        "docker build --platform $PLATFORM --build-arg BASE=$HOST/base:1 --push -t $HOST/hello:on-base .",
        "docker buildx imagetools inspect $HOST/hello:on-base --format '{{.Image.Architecture}}'",
      ]);
      expect(printed.at(-1)).toBe(architecture);
    }
  }, 20_000);

  test("a stage may be built on the machine's own platform", async () => {
    const { digest } = await run("linux/arm64", [
      BY_DIGEST.replace(" .", " -f cross.Dockerfile ."),
      EXPORT_DIGEST,
    ]);
    expect((await configOf("hello", digest)).config).toMatchObject({
      architecture: "arm64",
      config: { Labels: { target: "linux/arm64" } },
    });
  }, 20_000);

  test("the same source at a fixed time gives the same digest, without a cache too", async () => {
    const commands = [
      "export SOURCE_DATE_EPOCH=1700000000",
      `${BY_DIGEST.slice(0, -1)} --no-cache .`,
      EXPORT_DIGEST,
    ];
    const one = await run("linux/amd64", commands);
    const two = await run("linux/amd64", commands);
    expect(two.digest).toBe(one.digest);
  }, 20_000);

  test("a step that fails fails the build, with what it said", async () => {
    const { printed } = await run("linux/amd64", ["docker build -f failing.Dockerfile ."], "FAILED");
    expect(printed.join("\n")).toMatch(/\/missing/);
    expect(printed.at(-1)).toMatch(/^ERROR: buildah could not build the image/);
    expect(await leftovers()).toEqual([]);
  }, 20_000);

  test("a build that is stopped leaves no process and no mount behind", async () => {
    const id = await start("linux/amd64", ["docker build -f pausing.Dockerfile ."]);
    await code.logged(/^pausing$/);
    await code.client.send(new StopBuildCommand({ id }));
    await finish(id, "STOPPED");
    const { stdout } = await promisify(execFile)("ps", ["-eo", "args"]);
    expect(stdout).not.toMatch(/^\/program/m);
    expect(await leftovers()).toEqual([]);
  }, 20_000);

  test("so does a docker command that is killed while the build goes on", async () => {
    const killed = "timeout --signal=KILL 2 docker build -f pausing.Dockerfile . || true";
    const { printed } = await run("linux/amd64", [killed]);
    expect(printed).toContain("pausing");
    const { stdout } = await promisify(execFile)("ps", ["-eo", "args"]);
    expect(stdout).not.toMatch(/^\/program/m);
    expect(await leftovers()).toEqual([]);
  }, 20_000);

  test("so does stopping the endpoint, with a build under way", async () => {
    const stateDir = join(folder.path, "state", "second");
    await mkdir(stateDir, { recursive: true });
    await cp(join(folder.path, "state", "codecommit"), join(stateDir, "codecommit"), { recursive: true });
    const other = await startCode({ stateDir, engine: { name: "podman", description: "buildah" } });
    await other.project("source", { Source: { Type: "CODECOMMIT", Location: `${other.url}/git/source` } });
    const commands = ["docker build -f pausing.Dockerfile ."];
    const buildspecOverride = JSON.stringify({ version: 0.2, phases: { build: { commands } } });
    await other.start({ projectName: "source", buildspecOverride });
    await other.logged(/^pausing$/);
    await other.stop();
    expect(await leftovers()).toEqual([]);
  }, 20_000);
});
