import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { apiSettings, peopleDirectory } from "../../functions/api/settings.ts";
import { LEASE_MILLISECONDS } from "../../shared/pipeline/silence.ts";
import {
  listOf,
  type Packaged,
  packageStack,
  type Resource,
  type Statement,
  statementsOf,
  type Template,
} from "./package.ts";

let template: Template;
let sizes: Packaged["sizes"];

beforeAll(async () => {
  ({ template, sizes } = await packageStack());
}, 120_000);

function ofType(type: string) {
  return Object.entries(template.Resources).filter(([, { Type }]) => Type === type);
}

/** Where IAM has another word. */
const ACTIONS: Readonly<Record<string, string>> = { Invoke: "InvokeFunction" };

/** `StartBuildCommand` of `@aws-sdk/client-codebuild` is granted as `codebuild:StartBuild`. */
async function callsOfTheEffects(): Promise<readonly string[]> {
  const files = ["sdk.ts", "sdk-reviewer.ts", "whole-task-definition.ts"].map((name) =>
    readFile(join(import.meta.dirname, "../../shared/effects", name), "utf8"),
  );
  const text = (await Promise.all(files)).join("\n");
  const names: Readonly<Record<string, string>> = { "cloudwatch-logs": "logs" };
  return [...text.matchAll(/import \{([^}]*)\} from "@aws-sdk\/client-([\w-]+)"/g)].flatMap(
    ([, list = "", client = ""]) =>
      [...list.matchAll(/(\w+)Command\b/g)].map(
        ([, operation = ""]) => `${names[client] ?? client}:${ACTIONS[operation] ?? operation}`,
      ),
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
    // Granted to those whose pipelines ask for it: `roles.test.ts`.
    const sometimes = [
      "cloudwatch:DescribeAlarms",
      "codecommit:GetFile",
      "ecr-public:GetAuthorizationToken",
      "ecs:RunTask",
      "ecs:StopTask",
      "lambda:InvokeFunction",
    ];
    expect(calls.filter((call) => !granted.has(call) && !sometimes.includes(call))).toEqual([]);
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
      "autoscaling:DescribeAutoScalingGroups",
      "ec2:DescribeLaunchTemplateVersions",
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

  test("lets IAM principals in, people with a token, and whoever signs as GitHub or Slack; changes nothing by GET", () => {
    const routes = ofType("AWS::ApiGatewayV2::Route").map(([, { Properties }]) => [
      Properties.RouteKey,
      Properties.AuthorizationType ?? "nobody asks",
    ]);
    expect(routes.sort()).toEqual([
      ["GET /api/{proxy+}", "AWS_IAM"],
      ["GET /console", "nobody asks"],
      ["GET /console/api/{proxy+}", "JWT"],
      ["GET /console/{proxy+}", "nobody asks"],
      ["POST /api/{proxy+}", "AWS_IAM"],
      ["POST /console/api/{proxy+}", "JWT"],
      ["POST /slack/interactions", "nobody asks"],
      ["POST /webhooks/github", "nobody asks"],
    ]);
  });

  test("takes tokens of the stack's own user pool, for its own client, which has no secret and no other flow than the code", () => {
    const [[, authorizer], ...others] = ofType("AWS::ApiGatewayV2::Authorizer") as [[string, Resource]];
    expect(others).toEqual([]);
    expect(authorizer.Properties).toMatchObject({
      AuthorizerType: "JWT",
      IdentitySource: ["$request.header.Authorization"],
      JwtConfiguration: {
        Audience: [{ Ref: "PeoplePoolClient" }],
        Issuer: { "Fn::GetAtt": ["PeoplePool", "ProviderURL"] },
      },
    });
    expect(template.Resources.PeoplePoolClient?.Properties).toMatchObject({
      GenerateSecret: false,
      AllowedOAuthFlows: ["code"],
      // Not `aws.cognito.signin.user.admin`: with it people could change the address they are known by.
      AllowedOAuthScopes: ["openid", "email", "profile"],
      ExplicitAuthFlows: ["ALLOW_REFRESH_TOKEN_AUTH"],
    });
    expect(template.Resources.PeoplePool?.Properties).toMatchObject({
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
    });
    const groups = ofType("AWS::Cognito::UserPoolGroup").map(([, { Properties }]) => Properties.GroupName);
    expect(groups).toContain("release-managers");
  });

  test("gives the HTTP API's function all that it asks its environment for", () => {
    const { Environment } = template.Resources.HttpApiLambdaFunction?.Properties ?? {};
    const { Variables } = Environment as { Variables: Readonly<Record<string, unknown>> };
    const deployed = Object.entries(Variables).map(([name, value]) => [
      name,
      typeof value === "string" ? value : "https://resolved.example",
    ]);
    const environment: Record<string, string> = Object.fromEntries(deployed);
    expect(apiSettings(environment)).toMatchObject({ rules: { token: "id_token" } });
    const lambda = { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x" };
    expect(peopleDirectory({ ...environment, ...lambda })).toBeDefined();
    expect(() => apiSettings({})).toThrow("deploy the stack again");
  });

  test("lets the webhook keep deliveries, read its secret and have runs opened: it calls nothing else", () => {
    const { OnGithubWebhookRole: statements = [] } = statementsOf(template);
    expect(statements.flatMap(({ Action }) => listOf(Action)).sort()).toEqual([
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
      "lambda:InvokeFunction",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "secretsmanager:GetSecretValue",
      "sqs:SendMessage",
    ]);
  });

  test("has the webhook's function in one file of at most 250 KB: GitHub waits while it loads", () => {
    expect(Object.keys(sizes.onGithubWebhook ?? {})).toEqual(["functions/on-github-webhook.mjs"]);
    const bytes = sizes.onGithubWebhook?.["functions/on-github-webhook.mjs"];
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThanOrEqual(250_000);
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

  test("lets one role speak on pull requests, of just the repositories whose are built, for the stack's functions", () => {
    const { PullRequestRole: statements = [] } = statementsOf(template);
    const hello = "arn:${AWS::Partition}:codecommit:${AWS::Region}:${AWS::AccountId}:hello";
    expect(statements).toEqual([expect.objectContaining({ Resource: [{ "Fn::Sub": hello }] })]);
    const trust = template.Resources.PullRequestRole?.Properties.AssumeRolePolicyDocument;
    expect(trust).toMatchObject({
      Statement: [
        {
          Principal: { AWS: { "Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root" } },
          Condition: {
            ArnLike: {
              "aws:PrincipalArn": {
                "Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${AWS::StackName}-*",
              },
            },
          },
        },
      ],
    });
    const assuming = Object.entries(statementsOf(template))
      .filter(([, all]) => all.some(({ Action }) => listOf(Action).includes("sts:AssumeRole")))
      .map(([role]) => role);
    expect(assuming).toContain("OnBuildChangeRole");
    expect(assuming).not.toContain("OnGithubWebhookRole");
  });

  test("tells of pull requests only what is to be built", () => {
    const rule = template.Resources.CodecommitPullRequestRule?.Properties;
    expect(rule?.EventPattern).toMatchObject({
      "detail-type": ["CodeCommit Pull Request State Change"],
      detail: { event: ["pullRequestCreated", "pullRequestSourceBranchUpdated"] },
    });
  });

  test("keeps GitHub's and Slack's secrets in Secrets Manager only, and begins with nothing that lets anybody in", () => {
    const secrets = ofType("AWS::SecretsManager::Secret");
    expect(secrets.map(([, { Properties }]) => [Properties.Name, Properties.SecretString])).toEqual([
      ["tandem/github", "{}"],
      ["tandem/slack", "{}"],
    ]);
    for (const [, { Properties }] of ofType("AWS::Lambda::Function")) {
      expect(JSON.stringify(Properties.Environment)).not.toMatch(
        /privateKey|webhookSecret|signingSecret|xox/i,
      );
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
