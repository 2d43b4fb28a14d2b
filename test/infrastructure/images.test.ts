import { describe, expect, test } from "@jest/globals";
import { buildRoles, functionRoles } from "../../infrastructure/roles.ts";
import type { PipelineDefinition } from "../../shared/pipeline/definition.ts";
import { definition } from "../pipeline/given.ts";

/** `hello` in this account's ECR, and `open` at ECR Public. */
function pipelineOf(...registries: readonly (string | undefined)[]): PipelineDefinition {
  const images = registries.flatMap((registry) =>
    definition().images.map((image) =>
      registry === undefined ? image : { ...image, name: "open", registry },
    ),
  );
  return definition({ images });
}

const PUBLIC = "public.ecr.aws/a1b2c3d4";

/** What a role's statement of that name allows; undefined when there is none. */
function statement(roles: Readonly<Record<string, unknown>>, role: string, sid: string): unknown {
  const text = JSON.stringify(roles[role], (_key, value) => {
    if (typeof value === "object" && value !== null && value.Sid === sid) found.push(value);
    return value;
  });
  expect(text).toBeDefined();
  return found.pop();
}
const found: unknown[] = [];

describe("who may do what with images", () => {
  test("publishing reads and writes the repositories that the stack has made", () => {
    const roles = functionRoles([pipelineOf(undefined)], []);
    expect(statement(roles, "SweepRole", "PublishIndexes")).toMatchObject({
      Action: expect.arrayContaining([
        "ecr:BatchGetImage",
        "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer",
        "ecr:GetLifecyclePolicy",
        "ecr:PutImage",
      ]),
      Resource: [{ "Fn::GetAtt": ["ImageHello", "Arn"] }],
    });
    expect(statement(roles, "SweepRole", "PushToEcrPublic")).toBeUndefined();
  });

  test("for ECR Public, a token and just its repository; nobody may delete anything anywhere", () => {
    const pipelines = [pipelineOf(undefined, PUBLIC)];
    for (const [roles, role] of [
      [functionRoles(pipelines, []), "SweepRole"],
      [buildRoles(pipelines), "BuildRole"],
    ] as const) {
      expect(statement(roles, role, "LogInToEcrPublic")).toMatchObject({
        Action: ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"],
      });
      expect(statement(roles, role, "PushToEcrPublic")).toMatchObject({
        Action: expect.arrayContaining(["ecr-public:PutImage"]),
        Resource: [{ "Fn::Sub": "arn:${AWS::Partition}:ecr-public::${AWS::AccountId}:repository/open" }],
      });
      expect(JSON.stringify(roles)).not.toContain("BatchDelete");
    }
    expect(JSON.stringify(buildRoles(pipelines).UntrustedBuildRole)).not.toContain("ecr");
  });

  test("a pipeline with public images only asks for nothing in ECR: no statement is without resources", () => {
    const pipelines = [pipelineOf(PUBLIC)];
    const text = JSON.stringify([functionRoles(pipelines, ["passed"]), buildRoles(pipelines)]);
    expect(text).not.toContain('"Resource":[]');
    expect(statement(functionRoles(pipelines, []), "SweepRole", "PublishIndexes")).toBeUndefined();
    expect(statement(buildRoles(pipelines), "BuildRole", "PushImages")).toBeUndefined();
  });
});
