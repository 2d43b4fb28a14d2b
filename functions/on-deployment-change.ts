import pipelines from "tandem:pipelines";
import type { EventBridgeEvent } from "aws-lambda";
import { advanceAll, loadRun } from "../shared/advance.ts";
import { readStageLock } from "../shared/effects/stage-lock.ts";
import {
  type DeploymentChange,
  type HookAwaiting,
  parseDeploymentChange,
  parseHookChange,
  parseTaskChange,
  type TaskStopped,
} from "../shared/intake/deployment-change.ts";
import type { RunEvent } from "../shared/pipeline/events.ts";
import { runningTask } from "../shared/pipeline/steps.ts";
import { log } from "./log.ts";
import { createRuntime } from "./runtime.ts";

const { deps } = createRuntime();

/** A deployment has begun, ended or waits, or a one-off task has stopped: the run it belongs to is told. */
export async function handler(payload: EventBridgeEvent<string, unknown>): Promise<void> {
  const change = read(payload);
  if (change.type === "ignored") log.info("ignored", { reason: change.reason });
  else if (change.type === "task") await tellTask(change);
  else await tellHolders(change);
}

function read(payload: EventBridgeEvent<string, unknown>) {
  switch (payload["detail-type"]) {
    case "ECS Task State Change":
      return parseTaskChange(payload);
    case "ECS Hook State Change":
      return parseHookChange(payload, deps.now());
    default:
      return parseDeploymentChange(payload);
  }
}

async function tellTask({ runId, taskArn }: TaskStopped): Promise<void> {
  const { run } = await loadRun(deps.store, runId);
  const task = run === undefined ? undefined : runningTask(run, taskArn);
  if (task === undefined) {
    log.info("ignored", { runId, reason: `no task ${taskArn} is waited for` });
    return;
  }
  await tell(runId, { type: "task.reported", at: deps.now(), taskArn, ...task });
}

/** The run that holds a stage with this service is told. */
async function tellHolders(change: DeploymentChange | HookAwaiting): Promise<void> {
  const { cluster, service } = change;
  for (const { name: pipeline, stages } of pipelines) {
    for (const { name: stage, deploy } of stages) {
      if (!deploy.some((one) => one.cluster === cluster && one.service === service)) continue;
      const { lock } = await readStageLock(deps.store, pipeline, stage);
      const runId = lock.holder?.runId;
      if (runId === undefined) {
        log.info("ignored", {
          reason: `no run holds stage ${stage} of ${pipeline}, which deploys ${cluster}/${service}`,
        });
        continue;
      }
      await tell(runId, eventOf(change, stage));
    }
  }
}

function eventOf(change: DeploymentChange | HookAwaiting, stage: string): RunEvent {
  const at = deps.now();
  if (change.type === "hook") {
    const { type: _type, ...pause } = change;
    return { type: "deployment.paused", at, stage, ...pause };
  }
  const { type: _type, ...report } = change;
  return { type: "deployment.reported", at, stage, ...report };
}

async function tell(runId: string, event: RunEvent): Promise<void> {
  const { run, ignored } = await advanceAll(deps, runId, event);
  log.info(ignored === undefined ? "advanced" : "ignored", {
    runId,
    status: run?.status.status,
    reason: ignored,
  });
}
