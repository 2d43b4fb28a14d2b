import { describe, expect, test } from "@jest/globals";
import type { Aws } from "../../shared/effects/aws.ts";
import { prepareStage } from "../../shared/effects/prepare.ts";
import { nextDocument, releaseSource } from "../../shared/effects/release-source.ts";
import { registerRevision } from "../../shared/effects/revision.ts";
import type { EcsDeployment } from "../../shared/pipeline/definition.ts";
import { COMMIT } from "../pipeline/given.ts";
import { STAGE } from "../pipeline/rolling.ts";
import { BASE, fakeEcs } from "./ecs.ts";
import { awsError, contextOf, fakeAws, said } from "./fakes.ts";
import { around, at, RELEASE, rolling, web } from "./rolling.ts";

/** What a revision is made from: the service's, the family's newest, or a file of the repository. */

const FILE: EcsDeployment["taskDefinition"] = {
  from: "file",
  file: "deploy/web.json",
  variables: { LOG: "info" },
};
const TEMPLATE = {
  family: "web",
  tags: [{ key: "team", value: "shop" }],
  containerDefinitions: [
    { name: "web", image: "placeholder", environment: [{ name: "RUN", value: "${TANDEM_RUN}/${LOG}" }] },
    { name: "sidecar", image: "envoy:2" },
  ],
};
const file = (text: string | Error): Partial<Aws["codecommit"]> => ({
  getFile: async () => {
    if (text instanceof Error) throw text;
    return {
      fileContent: Buffer.from(text),
      filePath: "deploy/web.json",
      fileSize: text.length,
      fileMode: "NORMAL",
      commitId: COMMIT,
      blobId: "b",
    };
  },
});

async function source(
  taskDefinition: EcsDeployment["taskDefinition"],
  codecommit: Partial<Aws["codecommit"]> = {},
) {
  const run = rolling(taskDefinition === undefined ? {} : { taskDefinition });
  const { context, calls } = around(fakeEcs(STAGE), {}, { codecommit });
  const [target] = at(run).stage.definition.deploy;
  if (target === undefined) throw new Error("the stage has no deployment");
  const found = await releaseSource(context, run, target, {
    cluster: STAGE,
    service: "web",
    baseTaskDefinition: BASE,
  });
  return { found, calls, run };
}

describe("a file of the repository", () => {
  test("is read at the commit, filled in, and given the release's images", async () => {
    const { found, calls } = await source(FILE, file(JSON.stringify(TEMPLATE)));
    if ("failure" in found) throw new Error(found.failure.reason);
    expect(calls.find(({ operation }) => operation === "GetFile")?.input).toEqual({
      repositoryName: "hello",
      commitSpecifier: COMMIT,
      filePath: "deploy/web.json",
    });
    expect(nextDocument(found.found)).toMatchObject({
      family: "web",
      containerDefinitions: [
        { name: "web", image: RELEASE, environment: [{ name: "RUN", value: "hello-1/info" }] },
        { name: "sidecar", image: "envoy:2" },
      ],
    });
    // The base is only what the tags say it was made for.
    expect(nextDocument(found.found)).not.toHaveProperty("taskDefinitionArn");
  });

  test.each([
    ["FileDoesNotExistException", "hello has no file deploy/web.json at 1111111"],
    ["CommitDoesNotExistException", "hello has no file deploy/web.json at 1111111"],
  ])("that is not there (%s)", async (name, reason) => {
    const { found } = await source(FILE, file(awsError(name)));
    expect(found).toMatchObject({ failure: { reason } });
  });

  test("that cannot be read now is read another time", async () => {
    await expect(source(FILE, file(awsError("ThrottlingException")))).rejects.toThrow();
  });

  test("with a fault fails the stage before anything is changed, naming file and fault", async () => {
    const run = rolling({ taskDefinition: FILE });
    const missing = { ...TEMPLATE, containerDefinitions: [{ name: "other" }] };
    for (const [text, reason] of [
      ["{", "deploy/web.json is no JSON"],
      [
        JSON.stringify({ ...TEMPLATE, cpu: "${CPU}" }),
        "deploy/web.json has placeholders that stand for nothing: ${CPU}",
      ],
      [JSON.stringify(missing), "has no container web; it has other"],
    ] as const) {
      const { context } = around(fakeEcs(STAGE), {}, { codecommit: file(text) });
      const found = await prepareStage(context, run, at(run).stage.definition);
      expect(found).toMatchObject({ failure: { reason: expect.stringContaining(reason) } });
    }
  });

  test("its changes are shown before anybody approves, the images by themselves", async () => {
    const run = rolling({ taskDefinition: FILE });
    const { context } = around(fakeEcs(STAGE), {}, { codecommit: file(JSON.stringify(TEMPLATE)) });
    const prepared = await prepareStage(context, run, at(run).stage.definition);
    expect(prepared).toMatchObject({
      found: [
        {
          images: { web: { to: RELEASE } },
          changes: expect.arrayContaining([
            { path: "containerDefinitions[web].environment[RUN].value", to: "hello-1/info" },
            expect.objectContaining({ path: "containerDefinitions[sidecar].image", to: "envoy:2" }),
          ]),
        },
      ],
    });
  });

  test("its own tags stay beside ours", async () => {
    const { aws, calls } = fakeAws({ ecs: fakeEcs(STAGE).aws });
    await registerRevision(contextOf(aws), rolling(), web, { taskDefinitionArn: BASE }, TEMPLATE);
    const tags = said(calls[0], "tags");
    expect(tags).toEqual(
      expect.arrayContaining([
        { key: "team", value: "shop" },
        { key: "tandem:run", value: "hello-1" },
        { key: "tandem:base", value: BASE },
      ]),
    );
  });
});

describe("the family's newest revision", () => {
  test("is what the change starts from, though the service runs another", async () => {
    const ecs = fakeEcs(STAGE);
    const newest = BASE.replace(/1$/, "5");
    ecs.revisions.set(newest, {
      tags: [],
      document: {
        taskDefinitionArn: newest,
        family: "web",
        cpu: "512",
        containerDefinitions: [{ name: "web", image: "x" }],
      },
    });
    const run = rolling({ taskDefinition: { from: "family" } });
    const { context } = around(ecs);
    const prepared = await prepareStage(context, run, at(run).stage.definition);
    expect(prepared).toMatchObject({
      found: [
        {
          baseTaskDefinition: BASE,
          fromTaskDefinition: newest,
          changes: expect.arrayContaining([{ path: "cpu", to: "512" }]),
        },
      ],
    });
  });
});

describe("what an earlier release of ours has left on the service", () => {
  test("is kept in mind: going back, it is put there again", async () => {
    const ecs = fakeEcs(STAGE);
    Object.assign(ecs.service, {
      placementConstraints: [{ type: "memberOf", expression: "attribute:ecs.cpu-architecture in [arm64]" }],
    });
    const run = rolling();
    const prepared = await prepareStage(around(ecs).context, run, at(run).stage.definition);
    expect(prepared).toMatchObject({ found: [{ baseConstrainTo: "arm64" }] });
  });
});
