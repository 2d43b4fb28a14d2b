import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { LEASE_MILLISECONDS } from "../../shared/pipeline/plan.ts";
import { listOf, packageStack, type Statement, statementsOf, type Template } from "./package.ts";

let template: Template;

beforeAll(async () => {
  template = await packageStack();
}, 120_000);

function ofType(type: string) {
  return Object.entries(template.Resources).filter(([, { Type }]) => Type === type);
}

/** `StartBuildCommand` of `@aws-sdk/client-codebuild` is granted as `codebuild:StartBuild`. */
async function callsOfTheEffects(): Promise<readonly string[]> {
  const text = await readFile(join(import.meta.dirname, "../../shared/effects/sdk.ts"), "utf8");
  const names: Readonly<Record<string, string>> = { "cloudwatch-logs": "logs" };
  return [...text.matchAll(/import \{([^}]*)\} from "@aws-sdk\/client-([\w-]+)"/g)].flatMap(
    ([, list = "", client = ""]) =>
      [...list.matchAll(/(\w+)Command\b/g)].map(([, operation]) => `${names[client] ?? client}:${operation}`),
  );
}

describe("the packaged template", () => {
  test("grants somewhere every AWS operation that the effects call, and no other of those services", async () => {
    const calls = await callsOfTheEffects();
    expect(calls.length).toBeGreaterThan(10);
    const { BuildRole: _build, ...functions } = statementsOf(template);
    const granted = new Set(
      Object.values(functions).flatMap((all) => all.flatMap(({ Action }) => listOf(Action))),
    );
    expect(calls.filter((call) => !granted.has(call))).toEqual([]);
    const services = new Set(calls.map((call) => call.split(":")[0]));
    const beside = ["ecs:TagResource", "logs:CreateLogStream", "logs:PutLogEvents"];
    const surplus = [...granted].filter(
      (action) => services.has(action.split(":")[0]) && !calls.includes(action),
    );
    expect(surplus.sort()).toEqual(beside);
  });

  test("names exact resources: `*` stands alone only for actions that know none", () => {
    const wide = Object.values(statementsOf(template))
      .flat()
      .filter(({ Resource }: Statement) => Resource === "*" || JSON.stringify(Resource).includes('["*"]'))
      .flatMap(({ Action }) => listOf(Action));
    expect([...new Set(wide)].sort()).toEqual([
      "ecr:GetAuthorizationToken",
      "ecs:DescribeTaskDefinition",
      "ecs:ListTaskDefinitions",
    ]);
  });

  test("lets nobody but the stack's own roles run builds with other images, roles or privileges", () => {
    const start = Object.values(statementsOf(template))
      .flat()
      .filter(({ Action }) => listOf(Action).includes("codebuild:StartBuild"));
    expect(start.length).toBeGreaterThan(0);
    for (const { Condition } of start) {
      expect(Condition).toEqual({
        Null: {
          "codebuild:environment.image": "true",
          "codebuild:environment.privilegedMode": "true",
          "codebuild:serviceRole": "true",
        },
      });
    }
  });

  test("lets no function run longer than a claim is its own, and all on Node 24 and arm64", () => {
    const functions = ofType("AWS::Lambda::Function");
    expect(functions.length).toBeGreaterThanOrEqual(5);
    for (const [, { Properties }] of functions) {
      expect(Number(Properties.Timeout) * 1000).toBeLessThan(LEASE_MILLISECONDS);
      expect(Properties.Runtime).toBe("nodejs24.x");
      expect(Properties.Architectures).toEqual(["arm64"]);
    }
  });

  test("sends what fails to the dead-letter queue: events by the rule, invocations by the function", () => {
    for (const [, { Properties }] of ofType("AWS::Events::Rule")) {
      const targets = Properties.Targets as readonly { DeadLetterConfig?: unknown }[];
      for (const target of targets)
        expect(target.DeadLetterConfig).toEqual({ Arn: { "Fn::GetAtt": ["DeadLetters", "Arn"] } });
    }
    expect(ofType("AWS::Lambda::EventInvokeConfig").length).toBeGreaterThanOrEqual(4);
  });

  test("lets only IAM principals in, but for the webhook, which is signed; GET has routes of its own", () => {
    const routes = ofType("AWS::ApiGatewayV2::Route").map(([, { Properties }]) => [
      Properties.RouteKey,
      Properties.AuthorizationType ?? "NONE",
    ]);
    expect(Object.fromEntries(routes)).toEqual({
      "GET /api/{proxy+}": "AWS_IAM",
      "POST /api/{proxy+}": "AWS_IAM",
      "POST /webhooks/github": "NONE",
    });
  });

  test("keeps logs for a while, and not for ever", () => {
    const groups = ofType("AWS::Logs::LogGroup");
    expect(groups.length).toBeGreaterThanOrEqual(6);
    for (const [, { Properties }] of groups) expect(Properties.RetentionInDays).toBe(30);
  });

  test("builds each architecture on its own machines, and strangers' commits without a right to push", () => {
    const projects = ofType("AWS::CodeBuild::Project").map(([, { Properties }]) => {
      const { Type } = Properties.Environment as { readonly Type: string };
      return [Type, JSON.stringify(Properties.ServiceRole).includes("UntrustedBuildRole")];
    });
    expect(projects).toEqual([
      ["LINUX_CONTAINER", false],
      ["ARM_CONTAINER", false],
      ["LINUX_CONTAINER", true],
      ["ARM_CONTAINER", true],
    ]);
    const { UntrustedBuildRole = [] } = statementsOf(template);
    expect(UntrustedBuildRole.flatMap(({ Action }) => listOf(Action))).toEqual([
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]);
  });
});
