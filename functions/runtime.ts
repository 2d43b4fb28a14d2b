import { createHash } from "node:crypto";
import buildspec from "tandem:buildspec";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { Deps } from "../shared/advance.ts";
import type { Aws } from "../shared/effects/aws.ts";
import { eventBridgePut, snsPublish } from "../shared/effects/aws-messages.ts";
import { cachedSecret } from "../shared/effects/cached-secret.ts";
import { codecommitSource } from "../shared/effects/codecommit.ts";
import type { EffectContext, Settings } from "../shared/effects/context.ts";
import { type GitHubApiOptions, githubApi, parseGitHubSecret } from "../shared/effects/github-api.ts";
import { githubSource } from "../shared/effects/github-source.ts";
import type { Messenger } from "../shared/effects/messenger.ts";
import { perform } from "../shared/effects/perform.ts";
import { sdkAws } from "../shared/effects/sdk.ts";
import { sdkReviewers } from "../shared/effects/sdk-reviewer.ts";
import { parseSlackSecret, slackApi } from "../shared/effects/slack-api.ts";
import type { Source } from "../shared/intake/source.ts";
import type { SourceDefinition } from "../shared/pipeline/definition.ts";
import { dynamoStore } from "../shared/store/dynamo-store.ts";
import { sdkTable } from "../shared/store/dynamo-table.ts";
import { lightAws } from "./light-aws.ts";
import { log } from "./log.ts";

/** What every function constructs once, from its environment; the only place that reads it. */
export interface Runtime {
  readonly deps: Deps;
  readonly aws: Aws;
  /** What commands are carried out with; for what looks without doing anything. */
  readonly effects: EffectContext;
  readonly messenger: Messenger;
  /** By the kind of a pipeline's source. */
  readonly sources: Readonly<Record<SourceDefinition["type"], Source>>;
}

export function createRuntime(): Runtime {
  const now = () => Date.now();
  const store = dynamoStore(sdkTable(new DynamoDBClient({}), variable("TABLE")));
  const aws = sdkAws();
  const github = githubApi(githubOptions());
  const messenger = messengerOf(aws, now);
  const context: EffectContext = {
    ...{ aws, store, settings: settings(), now, sha256, github, messenger },
    ...reviewer(),
    warn: (message, fields) => log.warn(message, fields),
  };
  return {
    aws,
    effects: context,
    messenger,
    deps: { store, now, perform: (run, command) => perform(context, run, command) },
    sources: { codecommit: codecommitSource(aws), github: githubSource(github) },
  };
}

/** The stack has the role only where a pipeline builds pull requests in CodeCommit. */
function reviewer(): Pick<EffectContext, "reviewer"> {
  const role = process.env.PULL_REQUEST_ROLE;
  return role === undefined ? {} : { reviewer: sdkReviewers(role) };
}

/** Reads nothing before a message is to be sent. */
function messengerOf(aws: Aws, now: () => number): Messenger {
  const secret = cachedSecret(async () => {
    const { SecretString } = await new SecretsManagerClient({}).send(
      new GetSecretValueCommand({ SecretId: variable("SLACK_SECRET") }),
    );
    return parseSlackSecret(SecretString ?? "{}");
  }, now);
  return {
    consoleUrl: variable("CONSOLE_URL"),
    topics: pairs(process.env.TOPICS ?? ""),
    slack: slackApi({ url: variable("SLACK_API_URL"), secret: () => secret.get() }),
    publish: snsPublish(aws.query),
    putEvent: eventBridgePut(lightAws(process.env, now).http),
  };
}

/** GitHub's address, and where its secret is; the secret itself is read when it is first needed. */
function githubOptions(): GitHubApiOptions {
  const secrets = new SecretsManagerClient({});
  const id = process.env.GITHUB_SECRET;
  return {
    url: variable("GITHUB_API_URL"),
    now: () => Date.now(),
    secret: async () => {
      if (id === undefined) return {};
      const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: id }));
      return parseGitHubSecret(SecretString ?? "{}");
    },
  };
}

function settings(): Settings {
  return {
    projects: { x86_64: variable("PROJECT_X86_64"), arm64: variable("PROJECT_ARM64") },
    untrustedProjects: {
      x86_64: variable("PROJECT_X86_64_UNTRUSTED"),
      arm64: variable("PROJECT_ARM64_UNTRUSTED"),
    },
    repositoryUris: pairs(variable("REPOSITORY_URIS")),
    publicRegistryUrl: variable("ECR_PUBLIC_URL"),
    codecommitUrl: variable("CODECOMMIT_URL"),
    githubUrl: variable("GITHUB_URL"),
    buildspec,
  };
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`the function's environment has no ${name}: deploy the stack again`);
  return value;
}

/** `a=1,b=2` as a record. */
function pairs(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split(",").flatMap((pair) => {
      const at = pair.indexOf("=");
      return at < 0 ? [] : [[pair.slice(0, at), pair.slice(at + 1)]];
    }),
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
