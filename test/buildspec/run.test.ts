import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { commandsOf, readBuildspec } from "./buildspec.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const sha = (digit: string) => `sha256:${digit.repeat(64)}`;
const HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const VARIABLES = {
  TANDEM_PLATFORM: "linux/arm64",
  TANDEM_COMMIT: COMMIT,
  TANDEM_VERSION: "3",
  TANDEM_REPOSITORY_URI: `${HOST}/team/hello`,
  TANDEM_CONTEXT: ".",
  TANDEM_DOCKERFILE: "docker/Dockerfile",
  TANDEM_PUSH: "true",
  TANDEM_PROVENANCE: "false",
  TANDEM_SBOM: "false",
};

/** What buildx prints, of an image that BuildKit has built: indented JSON. */
const METADATA = `{\n  "containerimage.config.digest": "${sha("c")}",\n  "containerimage.digest": "${sha("a")}"\n}\n`;
const MANIFEST = JSON.stringify(
  {
    schemaVersion: 2,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", size: 7, digest: sha("c") },
    layers: [],
  },
  null,
  2,
);

/**
 * Stands for docker and the AWS CLI: each call is written down, one argument a line, and answered as `$ANSWERS` says. What
 * they really do is tested against local CodeBuild.
 */
const STAND_IN = `#!/usr/bin/env bash
{ printf '%s\\n' "\${0##*/}" "$@"; printf 'AWS_REGION=%s\\n--\\n' "\${AWS_REGION-}"; } >>"$ANSWERS/\${0##*/}-calls"
case "\${0##*/} $*" in
  *get-login-password*) echo secret ;;
  *" login "*) cat >"$ANSWERS/password" ;;
  *" build "*)
    while [[ $1 != --metadata-file ]]; do shift; done
    cat "$ANSWERS/metadata" >"$2" ;;
  *'{{.Manifest.Digest}} {{.Manifest.Size}} {{.Manifest.MediaType}}'*'{{.Image'*) cat "$ANSWERS/inspected" ;;
  *--raw*) for argument; do case "$argument" in
    *@*) if [[ -f "$ANSWERS/\${argument##*:}" ]]; then cat "$ANSWERS/\${argument##*:}"; else cat "$ANSWERS/manifest"; fi ;;
    esac; done ;;
  *"--format {{.Name"*) cat "$ANSWERS/index" ;;
  *" inspect "*) cat "$ANSWERS/inspected" ;;
esac
`;

let folder: string;
let source: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tandem-buildspec-"));
  source = join(folder, "a source");
  for (const name of ["bin", "tmp", "a source"]) await mkdir(join(folder, name));
  for (const tool of ["docker", "aws"]) {
    await writeFile(join(folder, "bin", tool), STAND_IN);
    await chmod(join(folder, "bin", tool), 0o755);
  }
  await answers({});
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function answers({
  metadata = METADATA,
  manifest = MANIFEST,
  inspected = `linux/arm64/ ${sha("a")} 428 application/vnd.oci.image.manifest.v1+json\n`,
}) {
  await writeFile(join(folder, "metadata"), metadata);
  await writeFile(join(folder, "manifest"), manifest);
  await writeFile(join(folder, "inspected"), inspected);
}

/** Runs all commands in one shell, as CodeBuild does; a command that fails ends it. */
async function run(variables: Readonly<Record<string, string>> = {}) {
  const { env, phases } = await readBuildspec();
  const commands = commandsOf({ env, phases, version: 0.2 });
  const report = `printf '%s\\n' ${env["exported-variables"].map((name) => `"${name}=$${name}"`).join(" ")} >"$ANSWERS/exported"`;
  const script = [...commands, report].map((command) => `{\n${command}\n} || exit\n`).join("");
  const { status, stderr } = spawnSync("bash", ["--noprofile", "--norc", "-s"], {
    input: script,
    cwd: source,
    encoding: "utf8",
    env: {
      PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH ?? ""}`,
      TMPDIR: join(folder, "tmp"),
      ANSWERS: folder,
      ...env.variables,
      ...VARIABLES,
      ...variables,
    },
  });
  const text = async (name: string) => readFile(join(folder, name), "utf8").catch(() => "");
  // The two run at once where one is piped into the other.
  const logs = await Promise.all(["aws-calls", "docker-calls"].map(text));
  const calls = logs.flatMap((log) => log.split("--\n").slice(0, -1));
  return { status, stderr, calls, exported: await text("exported"), password: await text("password") };
}

describe("a build", () => {
  test("logs in, builds its platform by digest, and exports what the registry has", async () => {
    const { status, stderr, calls, exported, password } = await run();
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(exported).toBe(
      `IMAGE_DIGEST=${sha("a")}\nIMAGE_SIZE=428\nIMAGE_MEDIA_TYPE=application/vnd.oci.image.manifest.v1+json\nIMAGE_CONFIG_DIGEST=${sha("c")}\nIMAGE_CONFIG_PLATFORM=linux/arm64\nIMAGE_COMMITTED_AT=-\n`,
    );
    expect(password).toBe("secret\n");
    expect(calls).toHaveLength(6);
    const build = calls.find((call) => call.startsWith("docker\nbuildx\nbuild\n"))?.split("\n") ?? [];
    const valuesOf = (flag: string) =>
      build.flatMap((argument, at) => (argument === flag ? [build[at + 1]] : []));
    expect(valuesOf("--platform")).toEqual(["linux/arm64"]);
    expect(valuesOf("--file")).toEqual(["docker/Dockerfile"]);
    expect(valuesOf("--build-arg")).toEqual([`TANDEM_COMMIT=${COMMIT}`, "TANDEM_VERSION=3"]);
    expect(valuesOf("--output")).toEqual([
      `type=image,name=${HOST}/team/hello,push-by-digest=true,name-canonical=true,push=true`,
    ]);
    expect(valuesOf("--cache-from")).toEqual([`type=registry,ref=${HOST}/team/hello:cache-linux-arm64`]);
    expect(valuesOf("--cache-to").join()).toMatch(/:cache-linux-arm64,.*ignore-error=true/);
    expect(build).toEqual(expect.arrayContaining(["--provenance=false", "--sbom=false"]));
    expect(build.at(-3)).toBe(".");
  });

  test("of a stranger's commit neither logs in nor pushes, and exports no image", async () => {
    const { status, calls, exported } = await run({ TANDEM_PUSH: "false" });
    expect(status).toBe(0);
    const told = calls.join("").split("\n");
    expect(told).toContain("type=image,push=false");
    for (const word of ["login", "get-login-password", "--cache-to", "--cache-from", "imagetools"]) {
      expect(told).not.toContain(word);
    }
    expect(told.filter((word) => word.includes("push=true"))).toEqual([]);
    expect(exported).toContain("IMAGE_DIGEST=unpushed\n");
  });

  test("with attestations it exports the index that was pushed, and the configuration of the image in it", async () => {
    const index = JSON.stringify(
      {
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.index.v1+json",
        manifests: [
          { mediaType: "m", digest: sha("b"), size: 428, platform: { architecture: "arm64", os: "linux" } },
          {
            mediaType: "m",
            digest: sha("d"),
            size: 9,
            annotations: { "vnd.docker.reference.digest": sha("b") },
            platform: { architecture: "unknown", os: "unknown" },
          },
        ],
      },
      null,
      2,
    );
    await writeFile(join(folder, "a".repeat(64)), index);
    await writeFile(
      join(folder, "index"),
      `a-name ${sha("a")} 900 application/vnd.oci.image.index.v1+json\n`,
    );
    const { status, stderr, calls, exported } = await run({
      TANDEM_PROVENANCE: "mode=max",
      TANDEM_SBOM: "true",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(exported).toBe(
      `IMAGE_DIGEST=${sha("a")}\nIMAGE_SIZE=900\nIMAGE_MEDIA_TYPE=application/vnd.oci.image.index.v1+json\nIMAGE_CONFIG_DIGEST=${sha("c")}\nIMAGE_CONFIG_PLATFORM=linux/arm64\nIMAGE_COMMITTED_AT=-\n`,
    );
    expect(calls.join("").split("\n")).toEqual(
      expect.arrayContaining(["--provenance=mode=max", "--sbom=true", `${HOST}/team/hello@${sha("b")}`]),
    );
  });

  test("exports the commit's own time", async () => {
    const git = (...args: readonly string[]) => {
      const date = "2026-11-21T09:00:00Z";
      const person = { GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@b", GIT_COMMITTER_NAME: "a" };
      const env = {
        ...process.env,
        ...person,
        GIT_COMMITTER_EMAIL: "a@b",
        GIT_COMMITTER_DATE: date,
        GIT_AUTHOR_DATE: date,
      };
      const { status, stdout } = spawnSync("git", args, { cwd: source, encoding: "utf8", env });
      expect(status).toBe(0);
      return stdout.trim();
    };
    git("init", "-q");
    git("commit", "-q", "--allow-empty", "-m", "one");
    const { exported } = await run({ TANDEM_COMMIT: git("rev-parse", "HEAD") });
    expect(exported).toContain(`IMAGE_COMMITTED_AT=${Date.UTC(2026, 10, 21, 9) / 1000}\n`);
  });

  test("for ECR Public it logs in there, in the region that has it", async () => {
    const { status, calls } = await run({ TANDEM_REPOSITORY_URI: "public.ecr.aws/a1b2c3d4/hello" });
    expect(status).toBe(0);
    expect(calls.filter((call) => call.startsWith("aws"))).toEqual([
      "aws\necr-public\nget-login-password\n--region\nus-east-1\nAWS_REGION=\n",
    ]);
    expect(calls.find((call) => call.startsWith("docker\nlogin\n"))).toContain("\npublic.ecr.aws\n");
  });

  test("asks the registry's own region for the password", async () => {
    const { calls } = await run({ AWS_REGION: "us-east-1" });
    expect(calls.filter((call) => call.startsWith("aws"))).toEqual([
      "aws\necr\nget-login-password\nAWS_REGION=eu-west-1\n",
    ]);
  });

  test("a variant of the platform is exported, v7 and v8 alike", async () => {
    await answers({ inspected: `linux/arm/v7 ${sha("a")} 428 application/vnd.oci.image.manifest.v1+json\n` });
    expect((await run({ TANDEM_PLATFORM: "linux/arm/v7" })).exported).toContain(
      "IMAGE_CONFIG_PLATFORM=linux/arm/v7\n",
    );
  });

  test("what the registry has wins over what was asked for", async () => {
    await answers({ inspected: `linux/amd64/ ${sha("a")} 428 application/vnd.oci.image.manifest.v1+json\n` });
    expect((await run()).exported).toContain("IMAGE_CONFIG_PLATFORM=linux/amd64\n");
  });

  test.each([
    ["no digest in the metadata", { metadata: "{}" }, /the build reported no digest/],
    ["nothing in the registry", { inspected: "" }, /cannot be read back from the registry/],
    ["no configuration", { manifest: '{"manifests": []}' }, /names no configuration/],
  ])("%s: it fails and says so", async (_, wrong, message) => {
    await answers(wrong);
    const { status, stderr, exported } = await run();
    expect({ status, exported }).toEqual({ status: 1, exported: "" });
    expect(stderr).toMatch(message);
  });

  test("a source that is at another commit", async () => {
    const other = "f".repeat(40);
    expect((await run({ CODEBUILD_RESOLVED_SOURCE_VERSION: COMMIT })).status).toBe(0);
    const { status, stderr } = await run({ CODEBUILD_RESOLVED_SOURCE_VERSION: other });
    expect(status).toBe(1);
    expect(stderr).toContain(`tandem: the source is not at ${COMMIT} but at ${other}: it was pushed to`);
  });
});

const HOSTILE: readonly (readonly [name: keyof typeof VARIABLES | "TANDEM_BUILDKIT_IMAGE", value: string])[] =
  [
    ["TANDEM_PLATFORM", ""],
    ["TANDEM_PLATFORM", "linux/amd64,linux/arm64"],
    ["TANDEM_PLATFORM", "linux/arm64 --push"],
    ["TANDEM_COMMIT", "main"],
    ["TANDEM_COMMIT", `${COMMIT}\n`],
    ["TANDEM_COMMIT", `${COMMIT.slice(1)}$(touch pwned)`],
    ["TANDEM_COMMIT", COMMIT.toUpperCase()],
    ["TANDEM_VERSION", "1\n2"],
    ["TANDEM_VERSION", "$(touch pwned)"],
    ["TANDEM_VERSION", "-x"],
    ["TANDEM_REPOSITORY_URI", "hello"],
    ["TANDEM_REPOSITORY_URI", `${HOST}/hello:tag`],
    ["TANDEM_REPOSITORY_URI", `${HOST}/hello,push=false`],
    ["TANDEM_REPOSITORY_URI", "-evil/hello"],
    ["TANDEM_REPOSITORY_URI", `${HOST}/he;touch pwned`],
    ["TANDEM_CONTEXT", ".."],
    ["TANDEM_CONTEXT", "a/../../b"],
    ["TANDEM_CONTEXT", "/etc"],
    ["TANDEM_CONTEXT", "-f"],
    ["TANDEM_CONTEXT", "https://example.com/x.git"],
    ["TANDEM_CONTEXT", "`touch pwned`"],
    ["TANDEM_DOCKERFILE", "../Dockerfile"],
    ["TANDEM_PUSH", "perhaps"],
    ["TANDEM_PROVENANCE", "mode=max,builder-id=$(touch pwned)"],
    ["TANDEM_SBOM", "generator=evil"],
    ["TANDEM_DOCKERFILE", "Docker file"],
    ["TANDEM_DOCKERFILE", "a\nb"],
    ["TANDEM_BUILDKIT_IMAGE", "moby/buildkit,privileged=true"],
    ["TANDEM_BUILDKIT_IMAGE", ""],
  ];

describe("a value that is not valid ends the build before anything is called", () => {
  test.each(HOSTILE)("%s=%j", async (name, value) => {
    const { status, stderr, calls, exported } = await run({ [name]: value });
    expect({ status, calls, exported }).toEqual({ status: 1, calls: [], exported: "" });
    expect(stderr).toMatch(
      new RegExp(`^tandem: the variable ${name} (is not valid|leaves the repository): `),
    );
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    await expect(readFile(join(source, "pwned"))).rejects.toThrow("ENOENT");
  });
});
