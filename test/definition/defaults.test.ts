import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { compilePipelines, renderFault } from "../../shared/definition/compile.ts";
import type { PipelineDefinition } from "../../shared/pipeline/definition.ts";
import { pipelineWith } from "./yaml.ts";

function compiled(text: string): PipelineDefinition {
  const { faults, pipelines } = compilePipelines([{ file: "p.yml", text }]);
  expect(faults.map(renderFault)).toEqual([]);
  const [pipeline] = pipelines;
  if (pipeline === undefined) throw new Error("no pipeline was compiled");
  return pipeline;
}

const DAY = 86_400_000;

describe("what a file need not say", () => {
  test("every default is filled in", () => {
    expect(compiled(pipelineWith({ 6: "" }))).toEqual({
      name: "hello",
      source: {
        type: "codecommit",
        repository: "hello",
        branches: ["main"],
        tags: [],
        paths: [],
        ignoreAuthors: [],
        pullRequests: "off",
        approvalState: false,
      },
      mode: "superseded",
      images: [
        {
          name: "hello",
          context: ".",
          dockerfile: "Dockerfile",
          platforms: ["linux/amd64", "linux/arm64"],
          tags: ["{branch}", "{shortSha}"],
          compute: {},
          timeoutMinutes: 60,
          paths: [],
        },
      ],
      stages: [
        {
          name: "staging",
          approval: { from: ["release-managers"], required: 1, expiresAfter: 7 * DAY, selfApproval: false },
          deploy: [{ cluster: "staging", service: "web", containers: { web: "hello" } }],
        },
      ],
      groups: {},
      schedule: [],
      rebuildOn: [],
    });
  });

  test("a repository at GitHub builds no pull request and no release unless it says so", () => {
    expect(compiled(pipelineWith({ 3: "  github: { repository: Acme/hello.js }" })).source).toEqual({
      type: "github",
      repository: "Acme/hello.js",
      branches: ["main"],
      tags: [],
      paths: [],
      ignoreAuthors: [],
      pullRequests: "off",
      forks: "off",
      releases: false,
    });
  });

  test("what a pipeline says of its triggers is kept", () => {
    const arn = "arn:aws:codeconnections:us-east-1:000000000000:connection/0123-4567";
    const text = pipelineWith({
      3: `  github:\n    repository: acme/hello\n    paths: ["**", "!docs/**"]\n    ignoreAuthors: ["renovate[bot]"]\n    pullRequests: build-only\n    forks: build-only\n    releases: true\n    connection: ${arn}`,
      6: "    paths: [app/**]\nschedule: [rate(1 day), cron(0 3 ? * MON *)]\nrebuildOn: [base/node]",
    });
    const { source, images, schedule, rebuildOn } = compiled(text);
    expect(source).toEqual({
      type: "github",
      repository: "acme/hello",
      branches: ["main"],
      tags: [],
      paths: ["**", "!docs/**"],
      ignoreAuthors: ["renovate[bot]"],
      pullRequests: "build-only",
      forks: "build-only",
      releases: true,
      connection: arn,
    });
    expect(images[0]?.paths).toEqual(["app/**"]);
    expect({ schedule, rebuildOn }).toEqual({
      schedule: ["rate(1 day)", "cron(0 3 ? * MON *)"],
      rebuildOn: ["base/node"],
    });
  });

  test("a pipeline may only build: without stages nothing is deployed", () => {
    const text = "name: lib\nsource: { codecommit: { repository: lib } }\nimages: [{ name: lib }]\n";
    expect(compiled(text).stages).toEqual([]);
  });

  test.each([
    ["30m", 1_800_000],
    ["12h", 43_200_000],
    ["7d", 7 * DAY],
    ["9999d", 9999 * DAY],
  ])("a duration of %s is %d milliseconds", (text, milliseconds) => {
    const pipeline = compiled(pipelineWith({ 9: `    approval: { from: [a], expiresAfter: ${text} }` }));
    expect(pipeline.stages[0]?.approval?.expiresAfter).toBe(milliseconds);
  });

  test("anchors and aliases are YAML's own way not to repeat oneself", () => {
    const text = pipelineWith({ 6: "    tags: &tags ['{branch}']\n  - name: other\n    tags: *tags" });
    expect(compiled(text).images.map(({ tags }) => tags)).toEqual([["{branch}"], ["{branch}"]]);
  });
});

/** The example of `behaviour.md`, as far as the schema goes. */
const EXAMPLE = `
name: hello
source:
  codecommit: { repository: hello, branches: [main], tags: ["v*"], paths: ["**", "!docs/**"] }
mode: superseded
images:
  - name: hello
    context: .
    dockerfile: Dockerfile
    platforms: [linux/amd64, linux/arm64]
    tags: ["{branch}", "{shortSha}", "{semver}"]
    compute: { linux/amd64: BUILD_GENERAL1_MEDIUM, linux/arm64: BUILD_GENERAL1_LARGE }
    timeoutMinutes: 30
stages:
  - name: staging
    deploy:
      - ecs: { cluster: staging, service: web, containers: { web: hello } }
  - name: production
    approval: { from: [release-managers], required: 2, expiresAfter: 7d, selfApproval: false }
    deploy:
      - ecs:
          cluster: production
          service: web
          containers: { web: hello }
          capacity: { x86: { base: 1, weight: 1 }, graviton: { weight: 3 } }
`;

test("the example of the behaviour document compiles", () => {
  const { images, stages } = compiled(EXAMPLE);
  expect(images[0]).toMatchObject({
    timeoutMinutes: 30,
    compute: { "linux/amd64": "BUILD_GENERAL1_MEDIUM", "linux/arm64": "BUILD_GENERAL1_LARGE" },
  });
  expect(stages.map(({ name, approval }) => [name, approval?.required])).toEqual([
    ["staging", undefined],
    ["production", 2],
  ]);
  expect(stages[1]?.deploy[0]?.capacity).toEqual({
    x86: { base: 1, weight: 1 },
    graviton: { base: 0, weight: 3 },
  });
});

test("every pipeline of this repository is without a fault", () => {
  const folder = new URL("../../pipelines/", import.meta.url);
  const files = readdirSync(folder).filter((file) => /\.ya?ml$/.test(file));
  const sources = files.map((file) => ({ file, text: readFileSync(new URL(file, folder), "utf8") }));
  expect(compilePipelines(sources).faults.map(renderFault)).toEqual([]);
});
