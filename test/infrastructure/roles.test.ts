import { describe, expect, test } from "@jest/globals";
import { functionRoles } from "../../infrastructure/roles.ts";
import type { PipelineDefinition } from "../../shared/pipeline/definition.ts";
import { definition, STAGING } from "../pipeline/given.ts";

const [target] = STAGING.deploy;

/** The statements of the function that advances runs, of one pipeline. */
function granted(change: Partial<(typeof STAGING.deploy)[number]>, stage: Partial<typeof STAGING> = {}) {
  if (target === undefined) throw new Error("staging deploys nothing");
  const pipeline: PipelineDefinition = definition({
    stages: [{ ...STAGING, ...stage, deploy: [{ ...target, ...change }] }],
  });
  return JSON.stringify(functionRoles([pipeline], []).SweepRole);
}

const task = { run: "migrate", container: "web", command: ["migrate"], timeoutMinutes: 5 };

describe("what only some pipelines need is granted to them, on their resources, and to no other", () => {
  test.each([
    ["a task before", "ecs:RunTask", () => granted({ before: [task] })],
    ["its time-out", "ecs:StopTask", () => granted({ after: [task] })],
    ["alarms", "cloudwatch:DescribeAlarms", () => granted({ alarms: ["web-5xx"] })],
    [
      "an alarm as a check",
      "cloudwatch:DescribeAlarms",
      () => granted({}, { checks: [{ type: "alarm", alarm: "web-5xx" }] }),
    ],
    [
      "a function as a check",
      "function:smoke-test",
      () => granted({}, { checks: [{ type: "lambda", function: "smoke-test" }] }),
    ],
    [
      "a task definition from a file",
      "codecommit:GetFile",
      () => granted({ taskDefinition: { from: "file", file: "ecs.json", variables: {} } }),
    ],
  ] as const)("%s", (_what, action, statements) => {
    expect(statements()).toContain(action);
    expect(granted({})).not.toContain(action);
  });
});
