import { createServer } from "node:http";
import { join } from "node:path";
import type { StartBuildCommandInput } from "@aws-sdk/client-codebuild";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  type CodeEndpoint,
  commit,
  git,
  startCode,
  temporaryFolder,
  workingCopy,
} from "./codebuild-endpoint.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let code: CodeEndpoint;
let path: string;
let first: string;
let second: string;
let branch: string;

const SPEC = `
version: 0.2
phases:
  build:
    commands:
      - cat file.txt
      - git rev-list --count HEAD
      - echo "$CODEBUILD_RESOLVED_SOURCE_VERSION $CODEBUILD_SOURCE_VERSION"
`;

beforeAll(async () => {
  folder = await temporaryFolder();
  code = await startCode({ stateDir: join(folder.path, "state") });
  ({ path, commit: first } = await workingCopy(folder.path, "source", { "file.txt": "first\n" }));
  await git(path, "tag", "--annotate", "v1", "--message", "one");
  second = await commit(
    path,
    { "file.txt": "second\n", "buildspec.yml": SPEC, "ci/other.yml": SPEC },
    "second",
  );
  await git(path, "checkout", "--quiet", "-b", "feature/x", first);
  branch = await commit(path, { "file.txt": "branch\n" }, "branch");
  await git(path, "push", "--quiet", `${code.url}/git/source`, "main", "feature/x", "v1");
  await git(path, "push", "--quiet", `${code.url}/git/source`, `${branch}:refs/pull/7/head`);
  await code.project("source", { Source: { Type: "CODECOMMIT", Location: `${code.url}/git/source` } });
});
afterAll(async () => {
  await code.stop();
  await folder.remove();
});

async function built(input: Partial<StartBuildCommandInput>) {
  const { id = "" } = await code.start({ projectName: "source", ...input });
  const build = await code.ended(id);
  const log = code.log(build.logs?.groupName ?? "", build.logs?.streamName ?? "");
  return { build, printed: log.filter((line) => !line.startsWith("[Container] ")), log };
}

describe("the source of a build", () => {
  test("is the default branch when nothing is said, with its own buildspec.yml", async () => {
    const { build, printed } = await built({});
    expect(build).toMatchObject({ buildStatus: "SUCCEEDED", resolvedSourceVersion: second });
    expect(printed).toEqual(["second", "2", `${second} `]);
  });

  test.each([
    ["a commit", () => first, "first", () => first],
    ["a branch", () => "feature/x", "branch", () => branch],
    ["a full ref", () => "refs/heads/feature/x", "branch", () => branch],
    ["an annotated tag", () => "v1", "first", () => first],
    ["a pull request", () => "pr/7", "branch", () => branch],
  ])("can be %s", async (_, version, content, resolved) => {
    const { build, printed } = await built({ sourceVersion: version(), buildspecOverride: SPEC });
    expect(build).toMatchObject({ buildStatus: "SUCCEEDED", resolvedSourceVersion: resolved() });
    expect([printed[0], printed[2]]).toEqual([content, `${resolved()} ${version()}`]);
  });

  test("is shallow when asked for, also for an old commit", async () => {
    const { printed } = await built({
      gitCloneDepthOverride: 1,
      sourceVersion: branch,
      buildspecOverride: SPEC,
    });
    expect(printed.slice(0, 2)).toEqual(["branch", "1"]);
  });

  test("of an address of AWS is the local repository of that name", async () => {
    const { build } = await built({
      sourceLocationOverride: "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/source",
    });
    expect(build).toMatchObject({ buildStatus: "SUCCEEDED", resolvedSourceVersion: second });
  });

  test("may be any other git server, such as a stand-in for GitHub", async () => {
    const standIn = createServer((request, response) => {
      response.writeHead(307, {
        location: `${code.url}/git/source${request.url?.slice("/acme/source.git".length)}`,
      });
      response.end();
    });
    await new Promise<void>((ready) => standIn.listen(0, "127.0.0.1", ready));
    const address = standIn.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { build, printed } = await built({
      sourceTypeOverride: "GITHUB",
      sourceLocationOverride: `http://127.0.0.1:${port}/acme/source.git`,
    });
    expect(build.buildStatus).toBe("SUCCEEDED");
    expect(printed[0]).toBe("second");
    await new Promise((closed) => standIn.close(closed));
  });

  test("takes its buildspec from the file the project or the build names", async () => {
    expect((await built({ buildspecOverride: "ci/other.yml" })).build.buildStatus).toBe("SUCCEEDED");
  });

  test.each([
    [
      "a missing commit",
      { sourceVersion: "f".repeat(40) },
      "CLIENT_ERROR",
      /f{40} of .*could not be checked out/,
    ],
    [
      "a missing branch",
      { sourceVersion: "nowhere" },
      "CLIENT_ERROR",
      /nowhere of .*git\/source could not be/,
    ],
    [
      "a missing repository",
      { sourceLocationOverride: "http://127.0.0.1:1/x" },
      "CLIENT_ERROR",
      /127\.0\.0\.1:1/,
    ],
    ["a version that is none", { sourceVersion: "a:b" }, "CLIENT_ERROR", /"a:b" is not a commit, branch/],
    [
      "a command as transport",
      { sourceLocationOverride: "ext::touch /tmp/x" },
      "CLIENT_ERROR",
      /not allowed/,
    ],
    ["a source in S3", { sourceTypeOverride: "S3" }, "CLIENT_ERROR", /type S3 is not emulated/],
    ["a missing buildspec", { buildspecOverride: "no.yml" }, "YAML_FILE_ERROR", /has no file no\.yml/],
    [
      "a buildspec outside of the source",
      { buildspecOverride: "../../../../etc/passwd" },
      "YAML_FILE_ERROR",
      /./,
    ],
  ] as const)("with %s fails in DOWNLOAD_SOURCE, saying so", async (_, input, statusCode, message) => {
    const { build } = await built(input);
    expect(build.buildStatus).toBe("FAILED");
    const failed = build.phases?.find(({ phaseStatus }) => phaseStatus === "FAILED");
    expect(failed).toMatchObject({ phaseType: "DOWNLOAD_SOURCE", contexts: [{ statusCode }] });
    expect(failed?.contexts?.[0]?.message).toMatch(message);
  });
});
