import type { EcsDeployment, StageDefinition } from "../../shared/pipeline/definition.ts";
import type { PreparedDeployment, RunEvent, RunEventOf } from "../../shared/pipeline/events.ts";
import { evolve } from "../../shared/pipeline/evolve.ts";
import { receive } from "../../shared/pipeline/receive.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import {
  APPROVAL,
  definition,
  INDEX,
  prepared,
  runAfter,
  stageOf,
  started,
  T0,
  UNTIL_PUBLISHED,
} from "./given.ts";

/** A stage of several services that rolls: `api`, `web`, …, each at revision 1 before the release. */

export const STAGE = "production";

export function target(service: string, change: Partial<EcsDeployment> = {}): EcsDeployment {
  return { cluster: STAGE, service, containers: { web: "hello" }, ...change };
}

export function stageWith(
  deploy: readonly EcsDeployment[],
  change: Partial<StageDefinition> = {},
): StageDefinition {
  return { name: STAGE, deploy, ...change };
}

export const GATED = { approval: APPROVAL } as const;

export function preparedFor(service: string, change: Partial<PreparedDeployment> = {}): PreparedDeployment {
  return {
    ...prepared(STAGE),
    service,
    serviceArn: `arn:aws:ecs:us-east-1:000000000000:service/${STAGE}/${service}`,
    baseTaskDefinition: `${service}:1`,
    ...change,
  };
}

export const of = (service: string) => ({ at: T0, stage: STAGE, cluster: STAGE, service });

/** Until the run, which has nothing but this stage, has entered it. */
export function untilEntered(
  stage: StageDefinition,
  change: Partial<PreparedDeployment> = {},
): readonly RunEvent[] {
  const [, ...rest] = UNTIL_PUBLISHED;
  return [
    started({ definition: definition({ stages: [stage] }) }),
    ...rest,
    {
      type: "stage.entered",
      at: T0,
      stage: STAGE,
      deployments: stage.deploy.map(({ cluster, service }) => preparedFor(service, { cluster, ...change })),
    },
  ];
}

export function entered(stage: StageDefinition, change: Partial<PreparedDeployment> = {}): Run {
  return runAfter(...untilEntered(stage, change));
}

export function begun(service: string, step = 0): readonly RunEvent[] {
  return [
    { type: "deployment.requested", ...of(service), lease: 0 },
    {
      type: "deployment.started",
      ...of(service),
      step,
      serviceArn: preparedFor(service).serviceArn,
      taskDefinition: `${service}:2`,
      deploymentId: idOf(service, step),
    },
  ];
}

export const idOf = (service: string, step = 0) => `ecs-svc/${service}-${step}`;

const seen = { tasks: { arm64: 3, x86_64: 1 }, digests: [INDEX] };

export function succeeded(service: string, step = 0): RunEventOf<"deployment.succeeded"> {
  return { type: "deployment.succeeded", ...of(service), deploymentId: idOf(service, step), ...seen };
}

export function baking(service: string, minutes: number, step = 0): RunEventOf<"deployment.baking"> {
  const until = T0 + minutes * 60_000;
  return { type: "deployment.baking", ...of(service), deploymentId: idOf(service, step), until, ...seen };
}

export function failed(
  service: string,
  change: Partial<RunEventOf<"deployment.failed">> = {},
): RunEventOf<"deployment.failed"> {
  const failure = { reason: `${service} did not start` };
  return {
    type: "deployment.failed",
    ...of(service),
    deploymentId: idOf(service),
    failure,
    rolledBack: false,
    ...change,
  };
}

export function reported(
  service: string,
  state: "IN_PROGRESS" | "COMPLETED" | "FAILED" = "COMPLETED",
  step = 0,
): RunEventOf<"deployment.reported"> {
  return {
    type: "deployment.reported",
    ...of(service),
    deploymentId: idOf(service, step),
    state,
    reason: "",
  };
}

export function paused(
  service: string,
  hookId: string,
  lifecycleStage = "POST_TEST_TRAFFIC_SHIFT",
): RunEvent {
  return {
    type: "deployment.paused",
    ...of(service),
    serviceDeploymentArn: `arn:aws:ecs:us-east-1:000000000000:service-deployment/${STAGE}/${service}/1`,
    hookId,
    lifecycleStage,
    expiresAt: T0 + 86_400_000,
  };
}

export function quarantined(service: string): RunEventOf<"deployment.quarantined"> {
  const failure = { reason: "arm64 0/2: exit 255 (exec format error)" };
  return {
    type: "deployment.quarantined",
    ...of(service),
    deploymentId: idOf(service),
    quarantine: { architecture: "arm64", providers: ["graviton"], failure },
    verdict: [],
  };
}

const taskKey = (service: string, when: "before" | "after", index: number) => ({
  ...of(service),
  when,
  index,
});

export function taskStarted(
  service: string,
  when: "before" | "after" = "before",
  index = 0,
): readonly RunEvent[] {
  const key = taskKey(service, when, index);
  return [
    { type: "task.requested", ...key, lease: 0 },
    {
      type: "task.started",
      ...key,
      taskArn: `task/${service}-${when}-${index}`,
      taskDefinition: `${service}:2`,
    },
  ];
}

export function taskEnded(
  service: string,
  when: "before" | "after" = "before",
  index = 0,
  failure?: string,
): RunEvent {
  return {
    type: "task.ended",
    ...taskKey(service, when, index),
    lines: ["done"],
    ...(failure === undefined ? {} : { failure: { reason: failure } }),
  };
}

/** As `advance` takes events in: what is no news is left out. */
export function plus(run: Run, ...events: readonly RunEvent[]): Run {
  return events.reduce((now, event) => {
    const received = receive(now, event);
    return received.type === "ignored" ? now : (evolve(now, received.event) ?? now);
  }, run);
}

/** By service: the status of its deployment. */
export function statuses(run: Run): Readonly<Record<string, string>> {
  const [stage] = run.stages;
  const state = stage?.state;
  if (state === undefined || state.status === "pending" || state.status === "waiting") return {};
  return Object.fromEntries(state.deployments.map((one) => [one.prepared.service, one.state.status]));
}

/** The stage and its first service, as commands name them. */
export const web = `${STAGE} ${STAGE}/web`;

/** The stage's first deployment. */
export const deploymentOf = (run: Run) => {
  const { state } = stageOf(run);
  if (!("deployments" in state)) throw new Error("the stage is not entered");
  const [deployment] = state.deployments;
  if (deployment === undefined) throw new Error("the stage has no deployment");
  return deployment;
};

/** Why an event changes nothing; `news` when it does. */
export const why = (run: Run, event: RunEvent) => {
  const received = receive(run, event);
  return received.type === "ignored" ? received.reason : "news";
};
