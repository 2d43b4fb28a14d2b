import { createHmac } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  BatchGetBuildsCommand,
  type Build,
  CodeBuildClient,
  StartBuildCommand,
} from "@aws-sdk/client-codebuild";
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { request } from "@octokit/request";
import { strToU8, zipSync } from "fflate";
import { z } from "zod";
import { type RunningLocal, startLocal } from "../../local/main.ts";
import { git, temporaryFolder, workingCopy } from "./codebuild-endpoint.ts";
import { type PackagedProject, packagedProject } from "./platform-project.ts";

/** Says what it was given, as the answer to a webhook. */
const FUNCTION = `
export const handler = async (event) => ({
  statusCode: 202,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    path: event.rawPath,
    event: event.headers["x-github-event"],
    signature: event.headers["x-hub-signature-256"],
    body: event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : event.body,
    api: process.env.GITHUB_API_URL,
    web: process.env.GITHUB_URL,
    other: process.env.OTHER,
  }),
});
`;

const answerSchema = z.object({
  path: z.string(),
  event: z.string(),
  signature: z.string(),
  body: z.string(),
  api: z.string(),
  web: z.string(),
  other: z.string(),
});

const secretSchema = z.object({
  webhookSecrets: z.array(z.string()),
  appId: z.number(),
  privateKey: z.string(),
});

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let project: PackagedProject;
let local: RunningLocal | undefined;

beforeAll(async () => {
  folder = await temporaryFolder();
  project = await packagedProject(({ Resources: resources }) => ({
    Resources: {
      ...resources,
      ApiLambdaFunction: {
        ...resources.ApiLambdaFunction,
        Properties: {
          ...resources.ApiLambdaFunction.Properties,
          Environment: {
            Variables: {
              GITHUB_API_URL: "https://api.github.com",
              GITHUB_URL: "https://github.com",
              OTHER: "https://github.com/octocat",
            },
          },
        },
      },
      Route: {
        ...resources.Route,
        Properties: {
          ...resources.Route.Properties,
          RouteKey: "POST /webhooks/github",
          AuthorizationType: "NONE",
        },
      },
      GithubSecret: {
        Type: "AWS::SecretsManager::Secret",
        Properties: { Name: "tandem/github", GenerateSecretString: { PasswordLength: 20 } },
      },
      BuildProject: {
        Type: "AWS::CodeBuild::Project",
        Properties: {
          Name: "from-github",
          ServiceRole: { "Fn::GetAtt": ["Role", "Arn"] },
          Artifacts: { Type: "NO_ARTIFACTS" },
          Environment: {
            Type: "LINUX_CONTAINER",
            ComputeType: "BUILD_GENERAL1_SMALL",
            Image: "aws/codebuild/amazonlinux-x86_64-standard:5.0",
          },
          Source: {
            Type: "GITHUB",
            Location: "https://github.com/octocat/app.git",
            BuildSpec: "version: 0.2\nphases: { build: { commands: [ 'test -f a.txt' ] } }",
          },
        },
      },
    },
  }));
  await writeFile(
    join(project.folder, ".serverless", "api.zip"),
    zipSync({ "index.mjs": strToU8(FUNCTION) }),
  );
});
afterEach(async () => {
  await local?.close();
  local = undefined;
});
afterAll(async () => {
  await project.remove();
  await folder.remove();
});

async function start(state: string): Promise<RunningLocal> {
  local = await startLocal({
    port: 0,
    stateDir: join(folder.path, state),
    engine: "none",
    serviceDir: project.folder,
    say: () => {},
  });
  return local;
}

const sdk = ({ url }: RunningLocal) => ({
  endpoint: url,
  region: "us-east-1",
  credentials: { accessKeyId: "alice", secretAccessKey: "alice" },
  maxAttempts: 1,
});

const secretOf = async (running: RunningLocal) => {
  const client = new SecretsManagerClient(sdk(running));
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: "tandem/github" }));
  client.destroy();
  return secretSchema.parse(JSON.parse(SecretString ?? ""));
};

/** Resolves with what `look` finds, asked again every 100 ms. */
async function eventually<Found>(look: () => Promise<Found | undefined>): Promise<Found> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(100);
  }
}

describe("tandem local up", () => {
  test("delivers a push to the function behind the HTTP API, which knows the stand-in's addresses", async () => {
    const running = await start("delivered");
    const copy = await workingCopy(folder.path, "delivered-copy", { "a.txt": "one\n" });
    await git(copy.path, "push", "--quiet", `${running.url}/github/octocat/app.git`, "main");
    const octokit = request.defaults({
      baseUrl: `${running.url}/github/api`,
      headers: { authorization: "token local-github-token" },
    });
    const at = { owner: "octocat", repo: "app" };
    const { data: hooks } = await octokit("GET /repos/{owner}/{repo}/hooks", at);
    const hook = { ...at, hook_id: hooks[0]?.id ?? 0 };
    const id = await eventually(async () => {
      const { data } = await octokit("GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries", hook);
      return data.find(({ event }) => event === "push")?.id;
    });
    const { data: delivery } = await octokit(
      "GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}",
      { ...hook, delivery_id: Number(id) },
    );
    expect(delivery.status_code).toBe(202);
    const answer = answerSchema.parse(JSON.parse(String(delivery.response.payload)));
    expect(answer).toMatchObject({
      path: "/webhooks/github",
      event: "push",
      api: `${running.url}/github/api`,
      web: `${running.url}/github`,
      other: "https://github.com/octocat",
    });
    const { webhookSecrets } = await secretOf(running);
    expect(webhookSecrets).toEqual(["local-webhook-secret"]);
    const hmac = createHmac("sha256", webhookSecrets[0] ?? "").update(answer.body);
    expect(answer.signature).toBe(`sha256=${hmac.digest("hex")}`);

    const client = new CodeBuildClient(sdk(running));
    const { build } = await client.send(
      new StartBuildCommand({ projectName: "from-github", sourceVersion: copy.commit }),
    );
    const ended = await eventually(async (): Promise<Build | undefined> => {
      const { builds } = await client.send(new BatchGetBuildsCommand({ ids: [build?.id ?? ""] }));
      return builds?.find(({ buildComplete }) => buildComplete);
    });
    client.destroy();
    expect(ended).toMatchObject({ buildStatus: "SUCCEEDED", resolvedSourceVersion: copy.commit });
  });

  test("fills the secret again at each start, unless somebody has put a value", async () => {
    const first = await start("secret");
    const made = await secretOf(first);
    await first.close();
    process.env.TANDEM_WEBHOOK_SECRET = "my own";
    const second = await start("secret").finally(() => delete process.env.TANDEM_WEBHOOK_SECRET);
    expect(await secretOf(second)).toEqual({ ...made, webhookSecrets: ["my own"] });
    const client = new SecretsManagerClient(sdk(second));
    const put = { webhookSecrets: ["put"], appId: 7, privateKey: "none" };
    await client.send(
      new PutSecretValueCommand({ SecretId: "tandem/github", SecretString: JSON.stringify(put) }),
    );
    client.destroy();
    await second.close();
    expect(await secretOf(await start("secret"))).toEqual(put);
  });
});
