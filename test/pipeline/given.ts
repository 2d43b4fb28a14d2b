import { keyOf } from "../../shared/pipeline/commands.ts";
import type {
  ApprovalRule,
  PipelineDefinition,
  Platform,
  StageDefinition,
} from "../../shared/pipeline/definition.ts";
import type { BuiltImage, PreparedDeployment, RunEvent, RunEventOf } from "../../shared/pipeline/events.ts";
import { evolve } from "../../shared/pipeline/evolve.ts";
import { plan } from "../../shared/pipeline/plan.ts";
import type { Run } from "../../shared/pipeline/run.ts";

/** What the tests of the core begin with: a pipeline, a run of it, and the events that bring it where it is wanted. */

export const MINUTE = 60_000;
export const DAY = 86_400_000;

/** 2026-11-21 09:00 UTC, a Saturday. */
export const T0 = Date.UTC(2026, 10, 21, 9);

export const APPROVAL: ApprovalRule = {
  from: ["release-managers"],
  required: 1,
  expiresAfter: 7 * DAY,
  selfApproval: false,
};

export const STAGING: StageDefinition = {
  name: "staging",
  deploy: [{ cluster: "staging", service: "web", containers: { web: "hello" } }],
};

export const PRODUCTION: StageDefinition = {
  name: "production",
  approval: APPROVAL,
  deploy: [{ cluster: "production", service: "web", containers: { web: "hello" } }],
};

/** `hello`, built for both architectures; `change` replaces parts of it. */
export function definition(change: Partial<PipelineDefinition> = {}): PipelineDefinition {
  return {
    name: "hello",
    source: {
      type: "codecommit",
      repository: "hello",
      branches: ["main"],
      tags: ["v*"],
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
    stages: [STAGING, PRODUCTION],
    groups: {},
    schedule: [],
    rebuildOn: [],
    ...change,
  };
}

export const COMMIT = "1".repeat(40);

/** A digest that a person can tell from others: `amd64` is `sha256:amd64000…`. */
export function digest(name: string): string {
  const hex = [...name].map((letter) => letter.charCodeAt(0).toString(16)).join("");
  return `sha256:${hex.padEnd(64, "0").slice(0, 64)}`;
}

export function started(change: Partial<RunEventOf<"run.started">> = {}): RunEventOf<"run.started"> {
  const sequence = change.sequence ?? 1;
  return {
    type: "run.started",
    at: T0,
    runId: `hello-${sequence}`,
    sequence,
    revision: { repository: "hello", ref: "refs/heads/main", commit: COMMIT },
    people: { author: "Ada <ada@example.com>", pusher: "arn:aws:iam::000000000000:user/ada" },
    deliveryId: `delivery-${sequence}`,
    definition: definition(),
    trigger: { type: "push" },
    reused: {},
    ...change,
  };
}

export function built(platform: Platform): BuiltImage {
  return {
    digest: digest(platform),
    size: 500,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    configDigest: digest(`config of ${platform}`),
    configPlatform: platform,
  };
}

type Key = {
  readonly at: number;
  readonly image: string;
  readonly platform: Platform;
  readonly attempt: number;
};

export function buildKey(platform: Platform, attempt = 1): Key {
  return { at: T0, image: "hello", platform, attempt };
}

export const buildIdOf = (platform: Platform, attempt = 1) =>
  `build-${platform.replace("linux/", "")}-${attempt}`;

export function buildStarted(platform: Platform, attempt = 1): RunEventOf<"build.started"> {
  return { type: "build.started", ...buildKey(platform, attempt), buildId: buildIdOf(platform, attempt) };
}

export function buildSucceeded(platform: Platform, attempt = 1): RunEventOf<"build.succeeded"> {
  return {
    type: "build.succeeded",
    ...buildKey(platform, attempt),
    buildId: buildIdOf(platform, attempt),
    built: built(platform),
  };
}

export function buildFailed(
  platform: Platform,
  change: Partial<RunEventOf<"build.failed">> = {},
): RunEventOf<"build.failed"> {
  return {
    type: "build.failed",
    ...buildKey(platform, change.attempt ?? 1),
    buildId: buildIdOf(platform, change.attempt ?? 1),
    failure: { reason: "failed in BUILD: exit status 1" },
    transient: false,
    ...change,
  };
}

export const INDEX = digest("index");
export const REPOSITORY_URI = "000000000000.dkr.ecr.us-east-1.amazonaws.com/hello";

export function published(
  change: Partial<RunEventOf<"index.published">> = {},
): RunEventOf<"index.published"> {
  return {
    type: "index.published",
    at: T0,
    image: "hello",
    repositoryUri: REPOSITORY_URI,
    digest: INDEX,
    size: 800,
    mediaType: "application/vnd.oci.image.index.v1+json",
    tags: ["main", "1111111"],
    skippedTags: [],
    children: [digest("linux/amd64"), digest("linux/arm64")],
    ...change,
  };
}

export function prepared(cluster: string, revision = 1): PreparedDeployment {
  return {
    cluster,
    service: "web",
    serviceArn: `arn:aws:ecs:us-east-1:000000000000:service/${cluster}/web`,
    baseTaskDefinition: `web:${revision}`,
    images: { web: { from: "old", to: `${REPOSITORY_URI}@${INDEX}` } },
  };
}

export const service = (stage: string) => ({ stage, cluster: stage, service: "web" });

export function deploymentStarted(stage: string): RunEventOf<"deployment.started"> {
  return {
    type: "deployment.started",
    at: T0,
    ...service(stage),
    serviceArn: prepared(stage).serviceArn,
    taskDefinition: "web:2",
    deploymentId: `ecs-svc/${stage}`,
  };
}

/** What ECS says of a deployment: that it has completed, unless changed. */
export function deploymentReported(
  stage: string,
  change: Partial<RunEventOf<"deployment.reported">> = {},
): RunEventOf<"deployment.reported"> {
  return {
    type: "deployment.reported",
    at: T0,
    ...service(stage),
    deploymentId: `ecs-svc/${stage}`,
    state: "COMPLETED",
    reason: "",
    ...change,
  };
}

export function deploymentSucceeded(stage: string): RunEventOf<"deployment.succeeded"> {
  return {
    type: "deployment.succeeded",
    at: T0,
    ...service(stage),
    tasks: { arm64: 3, x86_64: 1 },
    digests: [INDEX],
  };
}

/** From the push to the published index. */
export const UNTIL_PUBLISHED: readonly RunEvent[] = [
  started(),
  { type: "build.requested", ...buildKey("linux/amd64"), lease: 0 },
  { type: "build.requested", ...buildKey("linux/arm64"), lease: 0 },
  buildStarted("linux/amd64"),
  buildStarted("linux/arm64"),
  buildSucceeded("linux/amd64"),
  buildSucceeded("linux/arm64"),
  { type: "index.publish-requested", at: T0, image: "hello", lease: 0 },
  published(),
];

/** From the push through staging to the gate of production. */
export const UNTIL_GATED: readonly RunEvent[] = [
  ...UNTIL_PUBLISHED,
  { type: "stage.entered", at: T0, stage: "staging", deployments: [prepared("staging")] },
  { type: "deployment.requested", at: T0, ...service("staging"), lease: 0 },
  deploymentStarted("staging"),
  deploymentSucceeded("staging"),
  { type: "stage.left", at: T0, stage: "staging" },
  { type: "stage.entered", at: T0, stage: "production", deployments: [prepared("production")] },
];

function decision(person: string) {
  return {
    at: T0,
    stage: "production",
    release: INDEX,
    person,
    identity: `arn:aws:sts::000000000000:assumed-role/release-managers/${person}`,
  };
}

export function approvalBy(
  person: string,
  change: Partial<RunEventOf<"approval.given">> = {},
): RunEventOf<"approval.given"> {
  return { type: "approval.given", ...decision(person), ...change };
}

export function refusalBy(person: string, comment?: string): RunEventOf<"approval.refused"> {
  return { type: "approval.refused", ...decision(person), ...(comment === undefined ? {} : { comment }) };
}

export function stageEntered(stage: string, deployments = [prepared(stage)]): RunEventOf<"stage.entered"> {
  return { type: "stage.entered", at: T0, stage, deployments };
}

/** Commands as `advance` tells them apart; of what is to be recorded, the event. */
export function commandsOf(run: Run, now: number): readonly string[] {
  return plan(run, now).map((command) => {
    if (command.type !== "record") return keyOf(command);
    const { event } = command;
    return `record ${event.type}${event.type === "run.finished" ? ` ${event.outcome}` : ""}`;
  });
}

/** The state that events make. */
export function runAfter(...events: readonly RunEvent[]): Run {
  let run: Run | undefined;
  for (const event of events) run = evolve(run, event);
  if (run === undefined) throw new Error("the events begin with no run.started");
  return run;
}

/** The state of the production stage, most tests' subject. */
export function stageOf(run: Run, name = "production") {
  const stage = run.stages.find((one) => one.definition.name === name);
  if (stage === undefined) throw new Error(`there is no stage ${name}`);
  return stage;
}
