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
    const { BuildRole: _build, UntrustedBuildRole: _untrusted, ...functions } = statementsOf(template);
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
    expect(functions.length).toBeGreaterThanOrEqual(9);
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

  test("lets only IAM principals in, and whoever signs as GitHub; changes nothing by GET", () => {
    const routes = ofType("AWS::ApiGatewayV2::Route").map(([, { Properties }]) => [
      Properties.RouteKey,
      Properties.AuthorizationType ?? "signed by GitHub",
    ]);
    expect(routes.sort()).toEqual([
      ["GET /api/{proxy+}", "AWS_IAM"],
      ["POST /api/{proxy+}", "AWS_IAM"],
      ["POST /webhooks/github", "signed by GitHub"],
    ]);
  });

  test("lets the webhook keep deliveries, read its secret and have runs opened: it calls nothing else", () => {
    const { OnGithubWebhookRole: statements = [] } = statementsOf(template);
    expect(statements.flatMap(({ Action }) => listOf(Action)).sort()).toEqual([
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "lambda:InvokeFunction",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "secretsmanager:GetSecretValue",
      "sqs:SendMessage",
    ]);
  });

  test("lets builds of strangers write their log, and nothing else; no build reads a secret", () => {
    const { UntrustedBuildRole: untrusted = [], BuildRole: trusted = [] } = statementsOf(template);
    expect(untrusted.flatMap(({ Action }) => listOf(Action)).sort()).toEqual([
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]);
    const actions = trusted.flatMap(({ Action }) => listOf(Action));
    expect(actions.length).toBeGreaterThan(5);
    expect(actions.filter((action) => /secret|ssm:|kms:|sts:|iam:|dynamodb:/i.test(action))).toEqual([]);
  });

  test("keeps GitHub's secret in Secrets Manager only, and begins with nothing that lets anybody in", () => {
    const [secret, ...more] = ofType("AWS::SecretsManager::Secret");
    expect(more).toEqual([]);
    expect(secret?.[1].Properties.SecretString).toBe("{}");
    for (const [, { Properties }] of ofType("AWS::Lambda::Function")) {
      expect(JSON.stringify(Properties.Environment)).not.toMatch(/privateKey|webhookSecret/i);
    }
  });

  test("keeps logs for a while, and not for ever", () => {
    const groups = ofType("AWS::Logs::LogGroup");
    expect(groups.length).toBeGreaterThanOrEqual(6);
    for (const [, { Properties }] of groups) expect(Properties.RetentionInDays).toBe(30);
  });

  test("builds each architecture on its own machines, strangers' commits with a role of their own", () => {
    const projects = Object.fromEntries(
      ofType("AWS::CodeBuild::Project").map(([id, { Properties }]) => [
        id,
        [Properties.Environment, Properties.ServiceRole],
      ]),
    );
    const x86 = expect.objectContaining({ Type: "LINUX_CONTAINER", PrivilegedMode: true });
    const arm = expect.objectContaining({ Type: "ARM_CONTAINER", PrivilegedMode: true });
    const role = (id: string) => ({ "Fn::GetAtt": [id, "Arn"] });
    expect(projects).toEqual({
      ProjectX8664: [x86, role("BuildRole")],
      ProjectArm64: [arm, role("BuildRole")],
      UntrustedProjectX8664: [x86, role("UntrustedBuildRole")],
      UntrustedProjectArm64: [arm, role("UntrustedBuildRole")],
    });
  });
});
