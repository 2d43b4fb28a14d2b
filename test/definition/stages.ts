import { expect } from "@jest/globals";
import { compilePipelines } from "../../shared/definition/compile.ts";
import type { EcsDeployment, StageDefinition } from "../../shared/pipeline/definition.ts";
import { pipelineWith } from "./yaml.ts";

/** The stage's own keys begin at line 9, those of its one deployment at line 15. */
export const stageWith = (...lines: readonly string[]) =>
  pipelineWith({
    9: ["    approval: { from: [release-managers] }", ...lines.map((line) => `    ${line}`)].join("\n"),
  });
export const ecsWith = (...lines: readonly string[]) =>
  pipelineWith({
    14: ["          containers: { web: hello }", ...lines.map((line) => `          ${line}`)].join("\n"),
  });

export function stageOf(text: string): StageDefinition {
  const { pipelines, faults } = compilePipelines([{ file: "pipelines/hello.yml", text }]);
  expect(faults).toEqual([]);
  const stage = pipelines[0]?.stages[0];
  if (stage === undefined) throw new Error("the pipeline has no stage");
  return stage;
}

export const ecsOf = (text: string): EcsDeployment => {
  const { deploy } = stageOf(text);
  const [first] = deploy;
  if (first === undefined) throw new Error("the stage has no deployment");
  return first;
};

export const stageFault = (line: string, fault: string) =>
  [line, `pipelines/hello.yml:10 stages[0].${fault}`] as const;
export const ecsFault = (line: string, fault: string) =>
  [line, `pipelines/hello.yml:15 stages[0].deploy[0].ecs.${fault}`] as const;
