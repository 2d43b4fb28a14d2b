import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { BatchGetImageCommand, CreateRepositoryCommand, ECRClient } from "@aws-sdk/client-ecr";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type CodeEndpoint, git, startCode, temporaryFolder, workingCopy } from "./codebuild-endpoint.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let code: CodeEndpoint;
let ecr: ECRClient;
let head: string;

const DOCKERFILE = [
  "ARG BASE=scratch",
  "FROM scratch AS files",
  "ARG TARGETARCH",
  `COPY app-\${TARGETARCH} /app`,
  "FROM $BASE",
  "COPY --from=files /app /app",
  "ARG VERSION=none",
  `ENV VERSION=$VERSION`,
  `CMD ["/app"]`,
  "",
].join("\n");

beforeAll(async () => {
  folder = await temporaryFolder();
  code = await startCode({ stateDir: join(folder.path, "state") });
  ecr = new ECRClient({
    endpoint: code.url,
    region: "us-east-1",
    credentials: { accessKeyId: "alice", secretAccessKey: "alice" },
    maxAttempts: 1,
  });
  for (const repositoryName of ["hello", "base"])
    await ecr.send(new CreateRepositoryCommand({ repositoryName }));
  const copy = await workingCopy(folder.path, "source", {
    Dockerfile: DOCKERFILE,
    "docker/run.Dockerfile": "FROM scratch\nRUN make\n",
    "app-amd64": "x86",
    "app-arm64": "arm",
  });
  head = copy.commit;
  await git(copy.path, "push", "--quiet", `${code.url}/git/source`, "main");
  for (const [name, type] of [
    ["x86", "LINUX_CONTAINER"],
    ["arm", "ARM_CONTAINER"],
  ]) {
    await code.project(name ?? "", {
      Source: { Type: "CODECOMMIT", Location: `${code.url}/git/source` },
      Environment: { Type: type, Image: "image", ComputeType: "BUILD_GENERAL1_SMALL", PrivilegedMode: true },
    });
  }
});
afterAll(async () => {
  ecr.destroy();
  await code.stop();
  await folder.remove();
});

/** Runs commands in a build of the source, with $HOST the registry. @returns what they printed */
async function build(commands: readonly string[], projectName = "x86", expected = "SUCCEEDED") {
  const spec = JSON.stringify({
    version: 0.2,
    env: { shell: "bash", "exported-variables": ["RESULT"] },
    phases: { build: { commands } },
  });
  const { build: ended, log } = await code.run(spec, {
    projectName,
    environmentVariablesOverride: [{ name: "HOST", value: code.host }],
  });
  const printed = log.filter((line) => !line.startsWith("[Container] "));
  if (ended.buildStatus !== expected) throw new Error(`${ended.buildStatus}:\n${log.join("\n")}`);
  return { printed, result: ended.exportedEnvironmentVariables?.[0]?.value ?? "", log };
}

const BY_DIGEST = `--output "type=image,name=$HOST/hello,push-by-digest=true,name-canonical=true,push=true"`;

describe("docker in a build, without an engine", () => {
  test.each(["linux/amd64", "linux/arm64"])("builds %s and pushes it by digest", async (platform) => {
    const { result } = await build([
      'aws ecr get-login-password --region "$AWS_REGION" | docker login --username AWS --password-stdin "$HOST"',
      "docker buildx create --name tandem --driver docker-container --driver-opt network=host --use",
      `docker buildx build --platform ${platform} --file Dockerfile --build-arg VERSION="1 2" --provenance=false ` +
        `--sbom=false --cache-from type=registry,ref=$HOST/cache --cache-to type=registry,ref=$HOST/cache,mode=max ` +
        `--metadata-file m.json ${BY_DIGEST} --progress plain .`,
      "export RESULT=$(cat m.json)",
    ]);
    const metadata: unknown = JSON.parse(result);
    const digest = /"containerimage.digest": "(sha256:[0-9a-f]{64})"/.exec(result)?.[1] ?? "";
    expect(metadata).toEqual({
      "containerimage.config.digest": expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      "containerimage.descriptor": {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest,
        size: expect.any(Number),
      },
      "containerimage.digest": digest,
      "image.name": `${code.host}/hello`,
    });
    const { images = [] } = await ecr.send(
      new BatchGetImageCommand({ repositoryName: "hello", imageIds: [{ imageDigest: digest }] }),
    );
    expect(images[0]?.imageId).toEqual({ imageDigest: digest });
    const config = await fetch(
      `${code.url}/v2/hello/blobs/${/"containerimage.config.digest": "([^"]+)"/.exec(result)?.[1]}`,
    );
    expect(await config.json()).toMatchObject({
      os: "linux",
      architecture: platform.split("/")[1],
      config: { Cmd: ["/app"], Env: expect.arrayContaining(["VERSION=1 2"]) },
    });
    const inspected = await build([
      `docker buildx imagetools inspect $HOST/hello@${digest} --format ` +
        `'{{.Manifest.Digest}} {{.Manifest.MediaType}} {{.Manifest.Size}} {{.Image.OS}}/{{.Image.Architecture}}{{.Image.Variant}}'`,
      `docker buildx imagetools inspect --raw $HOST/hello@${digest} | sha256sum`,
      `docker buildx imagetools inspect --format '{{json .Manifest}}' $HOST/hello@${digest}`,
      `docker buildx imagetools inspect --format '{{json .Image}}' $HOST/hello@${digest}`,
    ]);
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const size = images[0]?.imageManifest?.length;
    expect(inspected.printed[0]).toBe(`${digest} ${mediaType} ${size} ${platform}`);
    expect(JSON.parse(inspected.printed[2] ?? "")).toEqual({ mediaType, digest, size });
    expect(JSON.parse(inspected.printed[3] ?? "")).toMatchObject({ architecture: platform.split("/")[1] });
  });

  test("builds for the project's architecture unless told, tags and pushes, and builds on what it made", async () => {
    const { printed } = await build(
      [
        "docker build -q -t $HOST/base:1 -t local .",
        "docker push $HOST/base:1",
        "docker tag local $HOST/base:2 && docker push $HOST/base:2",
        "docker build --build-arg BASE=$HOST/base:1 -t $HOST/hello:on-base . && docker push $HOST/hello:on-base",
        "docker build --build-arg BASE=local -t $HOST/hello:on-local . && docker push $HOST/hello:on-local",
        "docker buildx imagetools inspect $HOST/hello:on-base --format '{{.Image.Architecture}}'",
      ],
      "arm",
    );
    const pushed = printed.filter((line) => / digest: /.test(line));
    expect(pushed.map((line) => line.split(" ")[0])).toEqual(["1:", "2:", "on-base:", "on-local:"]);
    expect(pushed[0]).toMatch(/^1: digest: sha256:[0-9a-f]{64} size: \d+$/);
    expect(pushed[1]?.slice(2)).toBe(pushed[0]?.slice(2));
    expect(pushed[3]?.split(" ")[2]).toBe(pushed[2]?.split(" ")[2]);
    expect(printed.at(-1)).toBe("arm64");
  });

  test.each([
    [
      "a flag that is not supported",
      "docker buildx build --secret id=x .",
      /do not support --secret\. Supported: --annotation/,
    ],
    [
      "several platforms",
      "docker buildx build --platform linux/amd64,linux/arm64 .",
      /one platform at a time/,
    ],
    [
      "a platform that is none",
      "docker buildx build --platform windows/amd64 .",
      /windows\/amd64 is not one of/,
    ],
    [
      "a command that is not supported",
      "docker run hello",
      /docker run hello is not supported in local builds\. Supported: build,/,
    ],
    ["a context from elsewhere", "docker build https://example.com/x.git", /is not a folder/],
    ["a missing Dockerfile", "docker build -f nowhere/Dockerfile .", /there is no Dockerfile .*nowhere/],
    ["a RUN step", "docker build -f docker/run.Dockerfile .", /docker\/run\.Dockerfile:2: RUN/],
    ["a push without a registry", "docker build --push -t hello .", /hello names no registry/],
    [
      "a push to a repository that is missing",
      "docker build --push -t $HOST/missing:1 .",
      /missing.*NAME_UNKNOWN|NAME_UNKNOWN/,
    ],
    ["an image that was never built", "docker push $HOST/hello:never", /this build has no image/],
    ["an image that is not there", "docker buildx imagetools inspect $HOST/hello:never", /MANIFEST_UNKNOWN/],
    [
      "a template it does not know",
      "docker buildx imagetools inspect $HOST/hello:x --format '{{range .}}'",
      /MANIFEST_UNKNOWN|not supported/,
    ],
    ["a login without a password", "docker login $HOST", /--password-stdin/],
    ["another output", "docker build -o type=tar,dest=x .", /type=tar/],
  ])("refuses %s", async (_, command, message) => {
    const { printed, log } = await build([command], "x86", "FAILED");
    expect(printed.join("\n")).toMatch(message);
    expect(printed.find((line) => line.startsWith("ERROR: "))).toBeDefined();
    expect(log.join("\n")).toMatch(/Command did not exit successfully .* exit status 1$/m);
  });

  test("takes --build-arg and SOURCE_DATE_EPOCH from the environment", async () => {
    const { printed } = await build([
      "export VERSION=7 SOURCE_DATE_EPOCH=86400",
      "docker build --build-arg VERSION -t $HOST/hello:env . && docker push $HOST/hello:env",
      "docker buildx imagetools inspect $HOST/hello:env --format '{{json .Image}}'",
    ]);
    expect(JSON.parse(printed.at(-1) ?? "")).toMatchObject({
      created: expect.stringMatching(/^1970-01-02T00:00:00/),
      config: { Env: expect.arrayContaining(["VERSION=7"]) },
    });
  });

  test("answers nobody but its builds", async () => {
    const answer = await fetch(`${code.url}/_codebuild/docker`, { method: "POST", body: "/\0\0version\0" });
    expect(await answer.text()).toBe("2docker: this build is not under way\nx125\n");
    const shim = join(import.meta.dirname, "../../local/shims/docker");
    await expect(promisify(execFile)(shim, ["version"])).rejects.toMatchObject({
      code: 125,
      stderr: expect.stringContaining("works inside a local CodeBuild build only"),
    });
  });
});

describe("docker in a build, with docker on this machine", () => {
  test("is the machine's own, with a configuration and builders of the build's own", async () => {
    const programs = join(folder.path, "programs");
    const config = join(folder.path, "docker-config");
    const calls = join(folder.path, "docker-calls");
    await mkdir(join(config, "cli-plugins"), { recursive: true });
    await writeFile(join(config, "config.json"), '{"auths":{"secret":{}},"currentContext":"colima"}');
    await mkdir(programs);
    // It stands in for docker: it notes what it is called with, and creates builders as buildx does.
    await writeFile(
      join(programs, "docker"),
      `#!/usr/bin/env bash
echo "$DOCKER_DEFAULT_PLATFORM \${1+"$@"}" >>${calls}
if [[ "$1 $2" == "buildx create" ]]; then mkdir -p "$DOCKER_CONFIG/buildx/instances"; touch "$DOCKER_CONFIG/buildx/instances/$4"; fi
if [[ $1 == config ]]; then cat "$DOCKER_CONFIG/config.json"; echo; ls "$DOCKER_CONFIG/cli-plugins/" && echo plugins; fi
`,
      { mode: 0o755 },
    );
    const other = await startCode({
      stateDir: join(folder.path, "with-docker"),
      engine: { name: "docker", description: "docker" },
      dependencies: {
        path: `${programs}:${process.env.PATH}`,
        docker: { path: `${programs}:${process.env.PATH}`, config, environment: { DOCKER_HOST: "tcp://x" } },
      },
    });
    const commands = [
      "docker buildx create --name tandem --use",
      "docker buildx build --builder tandem -t x .",
      "docker run --name tandem x",
      "docker config",
      'echo "$DOCKER_HOST"',
    ];
    const { build: ended, log } = await other.run(
      JSON.stringify({ version: 0.2, phases: { build: { commands } } }),
    );
    await other.stop();
    const own = `tandem-${ended.id?.split(":")[1]?.slice(0, 8)}`;
    expect((await readFile(calls, "utf8")).trim().split("\n")).toEqual([
      `linux/amd64 buildx create --name ${own} --use`,
      `linux/amd64 buildx build --builder ${own} -t x .`,
      "linux/amd64 run --name tandem x",
      "linux/amd64 config",
      `linux/amd64 buildx rm --force ${own}`,
    ]);
    expect(log.filter((line) => !line.startsWith("["))).toEqual([
      '{"currentContext":"colima"}',
      "plugins",
      "tcp://x",
    ]);
  });
});

describe("the buildspec of Tandem itself", () => {
  test.each(["linux/amd64", "linux/arm64"])("builds %s and exports what was pushed", async (platform) => {
    const spec = await readFile(join(import.meta.dirname, "../../buildspecs/build-image.yml"), "utf8");
    const variables = {
      TANDEM_REPOSITORY_URI: `${code.host}/hello`,
      TANDEM_PLATFORM: platform,
      TANDEM_COMMIT: head,
      TANDEM_VERSION: "1.2.3",
      TANDEM_CONTEXT: ".",
      TANDEM_DOCKERFILE: "Dockerfile",
      TANDEM_PUSH: "true",
    };
    const { build: ended, log } = await code.run(spec, {
      projectName: "x86",
      sourceVersion: head,
      environmentVariablesOverride: Object.entries(variables).map(([name, value]) => ({ name, value })),
    });
    if (ended.buildStatus !== "SUCCEEDED") throw new Error(log.join("\n"));
    const exported = Object.fromEntries(
      (ended.exportedEnvironmentVariables ?? []).map(({ name, value }) => [name, value]),
    );
    expect(exported).toEqual({
      IMAGE_DIGEST: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      IMAGE_SIZE: expect.stringMatching(/^\d+$/),
      IMAGE_MEDIA_TYPE: "application/vnd.oci.image.manifest.v1+json",
      IMAGE_CONFIG_DIGEST: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      IMAGE_CONFIG_PLATFORM: platform,
      IMAGE_COMMITTED_AT: "1700000100",
    });
  });
});
