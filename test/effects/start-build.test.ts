import { describe, expect, test } from "@jest/globals";
import { startBuild } from "../../shared/effects/start-build.ts";
import type { Command } from "../../shared/pipeline/commands.ts";
import { COMMIT, definition, runAfter, started, T0 } from "../pipeline/given.ts";
import { buildOf, OURS } from "./codebuild.ts";
import { awsError, contextOf, denied, fakeAws, operations, type Provided, said } from "./fakes.ts";

const run = runAfter(started());
const [image] = definition().images;
if (image === undefined) throw new Error("the definition has an image");
const command: Extract<Command, { type: "start-build" }> = {
  type: "start-build",
  image,
  platform: "linux/arm64",
  attempt: 1,
  lease: 0,
  start: true,
};
const key = { at: T0, image: "hello", platform: "linux/arm64", attempt: 1 };

/** As StartBuild takes them; in the order they are sent. */
const variables = (values: Readonly<Record<string, string>>) =>
  expect.arrayContaining(Object.entries(values).map(([name, value]) => ({ name, value, type: "PLAINTEXT" })));

async function start(provided: Provided, change: Partial<typeof command> = {}) {
  const { aws, calls } = fakeAws(provided);
  const outcome = await startBuild(contextOf(aws), run, { ...command, ...change });
  return { events: outcome.events, calls };
}

describe("start-build", () => {
  const startsOne: Provided = { codebuild: { startBuild: async () => ({ build: { arn: "arn:build:1" } }) } };

  test("starts the platform's project with this commit, Tandem's buildspec and validated variables only", async () => {
    const { events, calls } = await start(startsOne);
    expect(events).toEqual([{ type: "build.started", ...key, buildId: "arn:build:1" }]);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.input).toMatchObject({
      projectName: "build-arm64",
      sourceTypeOverride: "CODECOMMIT",
      sourceLocationOverride: "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/hello",
      sourceVersion: COMMIT,
      buildspecOverride: "version: 0.2",
      timeoutInMinutesOverride: 60,
    });
    expect(said(calls[0], "environmentVariablesOverride")).toHaveLength(12);
    expect(said(calls[0], "environmentVariablesOverride")).toEqual(
      variables({
        ...OURS,
        TANDEM_PROVENANCE: "false",
        TANDEM_SBOM: "false",
        TANDEM_COMMIT: COMMIT,
        TANDEM_VERSION: "1",
        TANDEM_REPOSITORY_URI: "000000000000.dkr.ecr.us-east-1.amazonaws.com/hello",
        TANDEM_CONTEXT: ".",
        TANDEM_DOCKERFILE: "Dockerfile",
        TANDEM_PUSH: "true",
      }),
    );
  });

  test.each([
    ["linux/amd64", "build-x86_64"],
    ["linux/arm64", "build-arm64"],
    ["linux/arm/v7", "build-arm64"],
  ] as const)("%s is built by %s", async (platform, projectName) => {
    const { calls } = await start(startsOne, { platform });
    expect(calls[0]?.input).toMatchObject({ projectName });
  });

  test("what the pipeline says of compute and buildspec overrides the project's", async () => {
    const own = {
      ...command.image,
      compute: { "linux/arm64": "BUILD_GENERAL1_LARGE" },
      buildspec: "ci/build.yml",
    } as const;
    const { calls } = await start(startsOne, { image: own });
    expect(calls[0]?.input).toMatchObject({
      computeTypeOverride: "BUILD_GENERAL1_LARGE",
      buildspecOverride: "ci/build.yml",
    });
  });

  test("no two builds share a token, and the same build has the same", async () => {
    const token = async (change: Partial<typeof command>) => {
      const { calls } = await start(startsOne, change);
      return said(calls[0], "idempotencyToken");
    };
    const tokens = await Promise.all([
      token({}),
      token({ attempt: 2 }),
      token({ platform: "linux/amd64" }),
      token({ image: { ...command.image, name: "team/hello" } }),
      token({ image: { ...command.image, name: "team-hello" } }),
    ]);
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(await token({})).toBe(tokens[0]);
    for (const one of tokens) expect(one).toMatch(/^[\w-]{1,64}$/);
  });

  test("a claim taken over finds the build that the lost attempt has started", async () => {
    const { events, calls } = await start(
      {
        codebuild: {
          listBuildsForProject: async () => ({ ids: ["other", "ours"] }),
          batchGetBuilds: async () => ({
            builds: [
              buildOf({ ...OURS, TANDEM_ATTEMPT: "2" }, { arn: "arn:build:next" }),
              buildOf({ ...OURS, TANDEM_RUN: "hello-2" }, { arn: "arn:build:other" }),
              buildOf(OURS, { arn: "arn:build:lost" }),
            ],
          }),
        },
      },
      { lease: 1 },
    );
    expect(events).toEqual([{ type: "build.started", ...key, buildId: "arn:build:lost" }]);
    expect(operations(calls)).toEqual(["ListBuildsForProject", "BatchGetBuilds"]);
  });

  test("a claim taken over starts the build when there is none", async () => {
    const codebuild = { ...startsOne.codebuild, listBuildsForProject: async () => ({ ids: [] }) };
    const { events, calls } = await start({ codebuild }, { lease: 1 });
    expect(events).toMatchObject([{ type: "build.started" }]);
    expect(operations(calls)).toEqual(["ListBuildsForProject", "StartBuild"]);
  });

  test("… but not when the run has failed meanwhile", async () => {
    const { events } = await start(
      { codebuild: { listBuildsForProject: async () => ({ ids: [] }) } },
      { lease: 1, start: false },
    );
    expect(events).toEqual([{ type: "build.stopped", ...key }]);
  });

  test.each(["InvalidInputException", "ResourceNotFoundException"])(
    "what CodeBuild refuses for good fails the build (%s)",
    async (name) => {
      const { events } = await start({
        codebuild: { startBuild: () => Promise.reject(awsError(name, "Project cannot be found")) },
      });
      expect(events).toEqual([
        {
          type: "build.failed",
          ...key,
          transient: false,
          failure: {
            reason:
              "CodeBuild refused to build hello for linux/arm64 in project build-arm64: Project cannot be found",
            remedy: "deploy the stack again, or mend the pipeline's image settings",
          },
        },
      ]);
    },
  );

  test("a permission that is missing fails it, too, and is named with the role", async () => {
    const error = denied(
      "codebuild:StartBuild",
      "arn:aws:codebuild:us-east-1:000000000000:project/build-arm64",
    );
    const { events } = await start({ codebuild: { startBuild: () => Promise.reject(error) } });
    const remedy = expect.stringMatching(
      /^give the role tandem-on-build-change the permission codebuild:StartBuild on/,
    );
    expect(events).toMatchObject([{ type: "build.failed", transient: false, failure: { remedy } }]);
  });

  test.each(["ThrottlingException", "AccountLimitExceededException", "TimeoutError"])(
    "what may work another time is thrown (%s)",
    async (name) => {
      await expect(
        start({ codebuild: { startBuild: () => Promise.reject(awsError(name)) } }),
      ).rejects.toThrow("said AWS");
    },
  );
});
