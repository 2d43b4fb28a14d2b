import { createHash } from "node:crypto";
import buildspec from "tandem:buildspec";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Deps } from "../shared/advance.ts";
import type { Aws } from "../shared/effects/aws.ts";
import type { EffectContext, Settings } from "../shared/effects/context.ts";
import { perform } from "../shared/effects/perform.ts";
import { sdkAws } from "../shared/effects/sdk.ts";
import { dynamoStore } from "../shared/store/dynamo-store.ts";

/** What every function constructs once, from its environment; the only place that reads it. */
export interface Runtime {
  readonly deps: Deps;
  readonly aws: Aws;
}

export function createRuntime(): Runtime {
  const now = () => Date.now();
  const store = dynamoStore(new DynamoDBClient({}), variable("TABLE"));
  const aws = sdkAws();
  const context: EffectContext = { aws, store, settings: settings(), now, sha256 };
  return { aws, deps: { store, now, perform: (run, command) => perform(context, run, command) } };
}

function settings(): Settings {
  return {
    projects: { x86_64: variable("PROJECT_X86_64"), arm64: variable("PROJECT_ARM64") },
    repositoryUris: pairs(variable("REPOSITORY_URIS")),
    codecommitUrl: variable("CODECOMMIT_URL"),
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
