import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Build } from "@aws-sdk/client-codebuild";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type CodeEndpoint, startCode, temporaryFolder } from "./codebuild-endpoint.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let code: CodeEndpoint;

beforeAll(async () => {
  folder = await temporaryFolder();
  code = await startCode({ stateDir: folder.path });
});
afterAll(async () => {
  await code.stop();
  await folder.remove();
});

/** A buildspec of these phases, each a list of commands. */
function buildspec(
  phases: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({ version: 0.2, env: { shell: "bash", ...env }, phases });
}

const phaseNames = (build: Build) =>
  (build.phases ?? []).map(({ phaseType, phaseStatus }) => `${phaseType} ${phaseStatus ?? "-"}`);

/** A process that has ended counts as gone, even while nobody has asked for its exit status. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** What the commands printed, without the lines of the agent. */
const output = (log: readonly string[]) => log.filter((line) => !line.startsWith("[Container] "));

describe("a build that succeeds", () => {
  test("goes through all phases, and leaves no folder behind", async () => {
    const { build } = await code.run(buildspec({ build: { commands: ["true"] } }));
    expect(build.buildStatus).toBe("SUCCEEDED");
    expect(phaseNames(build)).toEqual([
      "SUBMITTED SUCCEEDED",
      "QUEUED SUCCEEDED",
      "PROVISIONING SUCCEEDED",
      "DOWNLOAD_SOURCE SUCCEEDED",
      "INSTALL SUCCEEDED",
      "PRE_BUILD SUCCEEDED",
      "BUILD SUCCEEDED",
      "POST_BUILD SUCCEEDED",
      "UPLOAD_ARTIFACTS SUCCEEDED",
      "FINALIZING SUCCEEDED",
      "COMPLETED -",
    ]);
    expect(build).toMatchObject({
      currentPhase: "COMPLETED",
      buildComplete: true,
      initiator: "release-managers/alice",
    });
    expect(await readdir(join(folder.path, "codebuild", "work"))).toEqual([]);
  });

  test("runs all commands in one shell: variables, functions and the working folder stay", async () => {
    const { log } = await code.run(
      buildspec({
        install: { commands: ["greeting=hello", 'greet() { echo "$greeting $1"; }'] },
        pre_build: { commands: ["mkdir deep && cd deep"] },
        build: {
          commands: ["greet you", 'basename "$PWD"', "printf 'no line break'", "cat; echo empty input"],
        },
        post_build: { commands: ["for i in 1 2; do echo $i\ndone # a command of two lines"] },
      }),
    );
    expect(output(log)).toEqual([
      "hello you",
      "deep",
      "no line break",
      "empty input",
      "done # a command of two lines",
      "1",
      "2",
    ]);
  });

  test("writes its log as CodeBuild does, standard error in its place", async () => {
    const { log } = await code.run(
      buildspec({ build: { commands: ["echo one; echo two >&2; echo three", "set -x; : traced; set +x"] } }),
    );
    const at = (text: RegExp) => log.findIndex((line) => text.test(line));
    const started = at(/^\[Container\] \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d Running command echo one; echo two/);
    expect(log.slice(started + 1, started + 4)).toEqual(["one", "two", "three"]);
    expect(log[at(/Entering phase BUILD$/) + 1]).toMatch(/Running command/);
    expect(log[at(/Phase complete: BUILD State: SUCCEEDED$/) + 1]).toMatch(
      /Phase context status code: {2}Message: $/,
    );
    expect(log.join("\n")).not.toMatch(/tandem-[0-9a-f-]{36}-\d/);
  });

  test("exports the variables the buildspec names", async () => {
    const { build } = await code.run(
      buildspec(
        { build: { commands: ["export A='two\nlines'", "B=not-exported", "export C=$A-3"] } },
        { "exported-variables": ["A", "B", "C", "D"] },
      ),
    );
    expect(build.exportedEnvironmentVariables).toEqual([
      { name: "A", value: "two\nlines" },
      { name: "C", value: "two\nlines-3" },
    ]);
  });

  test("sees the documented variables, those of project and build, and nothing of this machine", async () => {
    process.env.SECRET_OF_THE_HOST = "leaked";
    await code.project("configured", {
      Environment: {
        Type: "ARM_CONTAINER",
        Image: "some/image",
        ComputeType: "BUILD_GENERAL1_LARGE",
        EnvironmentVariables: [
          { Name: "FROM_PROJECT", Value: "project" },
          { Name: "OVERRIDDEN", Value: "project" },
        ],
      },
    });
    const { build, log } = await code.run(
      buildspec(
        { build: { commands: ["env"] } },
        { variables: { FROM_PROJECT: "buildspec", FROM_BUILDSPEC: "buildspec", NUMBER: 7 } },
      ),
      {
        projectName: "configured",
        environmentVariablesOverride: [
          { name: "OVERRIDDEN", value: "build" },
          { name: "QUOTED", value: `it's "$HOME" \`x\`` },
        ],
      },
    );
    delete process.env.SECRET_OF_THE_HOST;
    const variables = new Map(
      output(log).map((line) => [line.split("=", 1)[0], line.slice(line.indexOf("=") + 1)]),
    );
    expect(Object.fromEntries(variables)).toMatchObject({
      FROM_PROJECT: "project",
      FROM_BUILDSPEC: "buildspec",
      NUMBER: "7",
      OVERRIDDEN: "build",
      QUOTED: `it's "$HOME" \`x\``,
      AWS_REGION: "us-east-1",
      AWS_DEFAULT_REGION: "us-east-1",
      CODEBUILD_BUILD_ID: build.id,
      CODEBUILD_BUILD_ARN: build.arn,
      CODEBUILD_BUILD_IMAGE: "some/image",
      CODEBUILD_BUILD_NUMBER: "1",
      CODEBUILD_BUILD_SUCCEEDING: "1",
      CODEBUILD_INITIATOR: "release-managers/alice",
      CODEBUILD_LOG_PATH: build.logs?.streamName,
      CODEBUILD_PROJECT_ARN: "arn:aws:codebuild:us-east-1:000000000000:project/configured",
    });
    const allowed =
      /^(CODEBUILD_\w+|AWS_\w+|TANDEM_LOCAL_\w+|FROM_\w+|NUMBER|OVERRIDDEN|QUOTED|PATH|HOME|LANG|TMPDIR|XDG_CONFIG_HOME|DOCKER_CONFIG|PWD|OLDPWD|SHLVL|_)$/;
    expect([...variables.keys()].filter((name) => !allowed.test(name ?? ""))).toEqual([]);
    expect(variables.get("HOME")).not.toBe(process.env.HOME);
    expect(log.join("\n")).not.toContain("leaked");
  });

  test("has `aws ecr get-login-password` and docker's login", async () => {
    const { build, log } = await code.run(
      buildspec({
        build: {
          commands: [
            'aws --region "$AWS_REGION" ecr get-login-password | docker login -u AWS --password-stdin localhost:1',
            "docker buildx create --name tandem --driver docker-container --driver-opt network=host --use",
          ],
        },
      }),
    );
    expect(output(log)).toEqual(["Login Succeeded", "tandem"]);
    expect(build.buildStatus).toBe("SUCCEEDED");
  });

  test("leaves other commands of aws to the AWS CLI, and says so where there is none", async () => {
    const { log } = await code.run(
      buildspec({
        build: { commands: ['bash=$(command -v bash); PATH=${PATH%%:*} "$bash" "$(command -v aws)" s3 ls'] },
      }),
    );
    expect(output(log)).toEqual([
      "aws: a local build has `aws ecr get-login-password` only; for `aws s3 ls` install the AWS CLI",
    ]);
  });

  test("lets a child that still runs at the end go with it", async () => {
    const { build, log } = await code.run(
      buildspec({ build: { commands: ["sleep 1000 & echo $!", "(setsid sleep 1000 & echo $!)"] } }),
    );
    expect(build.buildStatus).toBe("SUCCEEDED");
    const pids = output(log).map(Number);
    expect(pids).toHaveLength(2);
    expect(pids.filter(isAlive)).toEqual([]);
  });
});

describe("a build that fails", () => {
  test("runs POST_BUILD after a failed BUILD, and tells it", async () => {
    const { build, log } = await code.run(
      buildspec({
        build: { commands: ["echo before", "(exit 3)", "echo never"] },
        post_build: { commands: ['echo "succeeding=$CODEBUILD_BUILD_SUCCEEDING"'] },
      }),
    );
    expect(build.buildStatus).toBe("FAILED");
    expect(phaseNames(build).slice(4)).toEqual([
      "INSTALL SUCCEEDED",
      "PRE_BUILD SUCCEEDED",
      "BUILD FAILED",
      "POST_BUILD SUCCEEDED",
      "FINALIZING SUCCEEDED",
      "COMPLETED -",
    ]);
    expect(build.phases?.find(({ phaseType }) => phaseType === "BUILD")?.contexts).toEqual([
      {
        statusCode: "COMMAND_EXECUTION_ERROR",
        message: "Error while executing command: (exit 3). Reason: exit status 3",
      },
    ]);
    expect(output(log)).toEqual(["before", "succeeding=0"]);
  });

  test.each(["install", "pre_build"])("ends after a failed %s", async (phase) => {
    const { build, log } = await code.run(
      buildspec({ [phase]: { commands: ["false"] }, build: { commands: ["echo never"] } }),
    );
    expect(build.buildStatus).toBe("FAILED");
    expect(phaseNames(build)).toContain(`${phase.toUpperCase()} FAILED`);
    expect(phaseNames(build).at(-2)).toBe("FINALIZING SUCCEEDED");
    expect(output(log)).toEqual([]);
  });

  test("heeds on-failure, and runs what stands under finally", async () => {
    const { build, log } = await code.run(
      buildspec({
        install: {
          "on-failure": "CONTINUE",
          commands: ["false"],
          finally: ["echo finally $CODEBUILD_BUILD_SUCCEEDING"],
        },
        build: { "on-failure": "ABORT", commands: ["echo build; false"], finally: ["echo last"] },
        post_build: { commands: ["echo never"] },
      }),
    );
    expect(build.buildStatus).toBe("FAILED");
    expect(output(log)).toEqual(["finally 0", "build", "last"]);
  });

  test("survives a command that ends the shell: what it exported is there for the next phase", async () => {
    const { build, log } = await code.run(
      buildspec({
        build: { commands: ["export KEPT=yes; echo 'last words'; exit 4"] },
        post_build: { commands: ['echo "$KEPT $CODEBUILD_BUILD_SUCCEEDING $(basename "$PWD")"'] },
      }),
    );
    expect(build.buildStatus).toBe("FAILED");
    expect(build.phases?.find(({ phaseType }) => phaseType === "BUILD")?.contexts?.[0]?.message).toMatch(
      /exit status 4$/,
    );
    expect(output(log)).toEqual(["last words", "yes 0 src"]);
  });

  test("fails in a pipe only with its last command, unless it sets pipefail", async () => {
    expect((await code.run(buildspec({ build: { commands: ["false | true"] } }))).build.buildStatus).toBe(
      "SUCCEEDED",
    );
    const { build } = await code.run(buildspec({ build: { commands: ["set -o pipefail", "false | true"] } }));
    expect(build.buildStatus).toBe("FAILED");
  });

  test.each([
    [
      "an unknown key",
      "version: 0.2\nphases: { build: { comands: [] } }",
      /unknown key phases\.build\.comands/,
    ],
    ["an unknown phase", "version: 0.2\nphases: { deploy: { commands: [] } }", /unknown key phases\.deploy/],
    ["a missing version", "{ phases: { build: { commands: [] } } }", /version: must be 0\.2/],
    ["version 0.1", "version: 0.1\nphases: {}", /version: must be 0\.2/],
    [
      "a command that is a mapping",
      "version: 0.2\nphases: { build: { commands: [echo: x] } }",
      /phases\.build\.commands\.0: must be a string/,
    ],
    ["missing phases", "version: 0.2\n", /phases is missing/],
    ["broken YAML", "version: 0.2\nphases: [", /line 2/],
    [
      "a shell that is not there",
      "version: 0.2\nenv: { shell: powershell }\nphases: {}",
      /env\.shell: must be bash or sh/,
    ],
    ["a file in a project without a source", "build/spec.yml", /needs its buildspec inline/],
  ])("refuses %s", async (_, spec, message) => {
    const { build } = await code.run(spec);
    expect(build.buildStatus).toBe("FAILED");
    const failed = build.phases?.find(({ phaseStatus }) => phaseStatus === "FAILED");
    expect(failed).toMatchObject({
      phaseType: "DOWNLOAD_SOURCE",
      contexts: [{ statusCode: "YAML_FILE_ERROR" }],
    });
    expect(failed?.contexts?.[0]?.message).toMatch(message);
  });

  test("says that there is no Parameter Store", async () => {
    const { build } = await code.run(buildspec({}, { "parameter-store": { PASSWORD: "/app/password" } }));
    expect(build.phases?.at(3)?.contexts?.[0]?.message).toMatch(
      /^PASSWORD: Parameter Store and Secrets Manager are not/,
    );
  });
});
