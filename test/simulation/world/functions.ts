import { acceptAndOpen, acceptDelivery, refuseDelivery } from "../../../shared/accept.ts";
import { advanceAll, type Deps, loadRun } from "../../../shared/advance.ts";
import type { Aws } from "../../../shared/effects/aws.ts";
import { codecommitSource } from "../../../shared/effects/codecommit.ts";
import { getBuilds } from "../../../shared/effects/find-build.ts";
import { readStageLock } from "../../../shared/effects/stage-lock.ts";
import { parseBuildChange } from "../../../shared/intake/build-change.ts";
import { parseCodeCommitPush } from "../../../shared/intake/codecommit-push.ts";
import {
  parseDeploymentChange,
  parseHookChange,
  parseTaskChange,
} from "../../../shared/intake/deployment-change.ts";
import { mismatch } from "../../../shared/intake/match.ts";
import { findAccepted, openRun } from "../../../shared/open-run.ts";
import { interpretBuild } from "../../../shared/pipeline/build-report.ts";
import type { PipelineDefinition } from "../../../shared/pipeline/definition.ts";
import type { RunEvent } from "../../../shared/pipeline/events.ts";
import type { Delivery, RunStarted } from "../../../shared/pipeline/pipelines.ts";
import { runningTask } from "../../../shared/pipeline/steps.ts";
import { sweep } from "../../../shared/sweep.ts";

/** What one invocation works with: its own gated store and AWS. */
export interface Tools {
  readonly deps: Deps;
  readonly aws: Aws;
  readonly pipelines: readonly PipelineDefinition[];
}

export type Handler = (tools: Tools) => Promise<void>;

/** As `functions/on-codecommit-push.ts`, whose bundle has its pipelines packaged in. */
export function onPush(payload: unknown): Handler {
  return async ({ deps, aws, pipelines }) => {
    const push = parseCodeCommitPush(payload);
    if (push.type === "ignored") return;
    const { repository, ref, commit } = push.revision;
    const trigger = { type: "push" as const };
    const source = codecommitSource(aws);
    const wanted = pipelines.filter((pipeline) => mismatch(pipeline, repository, ref) === undefined);
    if (wanted.length === 0) {
      const reasons = pipelines.map((pipeline) => mismatch(pipeline, repository, ref));
      const delivery: Delivery = { id: push.id, revision: push.revision, people: {}, trigger };
      await refuseDelivery(deps, "-", delivery, reasons.join("; "));
      return;
    }
    const found = await source.commit(repository, commit);
    const pusher = push.pusher === undefined ? {} : { pusher: push.pusher };
    const people = { ...found?.people, ...pusher };
    const delivery: Delivery = { id: push.id, revision: push.revision, people, trigger };
    const results = await Promise.allSettled(
      wanted.map((pipeline) => acceptAndOpen(deps, pipeline, delivery, source, found)),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  };
}

/** As `functions/on-github-webhook.ts`: the answer does not wait for GitHub, and another function opens the runs. */
export function onWebhook(payload: unknown, open: (started: RunStarted) => void): Handler {
  return async ({ deps, aws, pipelines }) => {
    const push = parseCodeCommitPush(payload);
    if (push.type === "ignored") return;
    const { revision, id } = push;
    // The event carries the commit's message and people.
    const found = await codecommitSource(aws).commit(revision.repository, revision.commit);
    const delivery: Delivery = { id, revision, people: found?.people ?? {}, trigger: { type: "push" } };
    const wanted = pipelines.filter(
      (pipeline) => mismatch(pipeline, revision.repository, revision.ref) === undefined,
    );
    const results = await Promise.all(
      wanted.map((pipeline) => acceptDelivery(deps, pipeline, delivery, codecommitSource(aws), found)),
    );
    for (const result of results) {
      if ("started" in result && result.started !== undefined) open(result.started);
    }
  };
}

/** As `functions/open-run.ts`. */
export function onOpen(runId: string): Handler {
  return async ({ deps, aws }) => {
    const started = await findAccepted(deps, runId);
    if (started !== undefined) await openRun(deps, started, codecommitSource(aws));
  };
}

/** As `functions/on-build-change.ts`. */
export function onBuildChange(payload: unknown): Handler {
  return async ({ deps, aws }) => {
    const report = parseBuildChange(payload);
    if ("type" in report) return;
    let reported = interpretBuild(report, deps.now());
    if (reported.type === "incomplete") {
      const [asked] = (await getBuilds(aws, [report.buildId])).builds;
      if (asked !== undefined) reported = interpretBuild(asked, deps.now());
    }
    if (reported.type === "ignored") return;
    if (reported.type === "incomplete") throw new Error(`run ${reported.runId}: no exported variables`);
    await advanceAll(deps, reported.runId, reported.event);
  };
}

/** As `functions/on-deployment-change.ts`, for the beginning and the end of a deployment. */
export function onDeploymentChange(payload: unknown): Handler {
  return async (tools) => {
    const change = parseDeploymentChange(payload);
    if (change.type === "ignored") return;
    const { type: _type, ...report } = change;
    const at = tools.deps.now();
    await tellHolders(tools, change, (stage) => ({ type: "deployment.reported", at, stage, ...report }));
  };
}

/** The same, for a deployment that waits. */
export function onHookChange(payload: unknown): Handler {
  return async (tools) => {
    const at = tools.deps.now();
    const change = parseHookChange(payload, at);
    if (change.type === "ignored") return;
    const { type: _type, ...pause } = change;
    await tellHolders(tools, change, (stage) => ({ type: "deployment.paused", at, stage, ...pause }));
  };
}

/** The same, for a task that runs once. */
export function onTaskChange(payload: unknown): Handler {
  return async ({ deps }) => {
    const change = parseTaskChange(payload);
    if (change.type === "ignored") return;
    const { taskArn, runId } = change;
    const { run } = await loadRun(deps.store, runId);
    const task = run === undefined ? undefined : runningTask(run, taskArn);
    if (task !== undefined)
      await advanceAll(deps, runId, { type: "task.reported", at: deps.now(), taskArn, ...task });
  };
}

async function tellHolders(
  { deps, pipelines }: Tools,
  { cluster, service }: { readonly cluster: string; readonly service: string },
  eventIn: (stage: string) => RunEvent,
): Promise<void> {
  for (const { name: pipeline, stages } of pipelines) {
    for (const { name: stage, deploy } of stages) {
      if (!deploy.some((one) => one.cluster === cluster && one.service === service)) continue;
      const { lock } = await readStageLock(deps.store, pipeline, stage);
      const runId = lock.holder?.runId;
      if (runId !== undefined) await advanceAll(deps, runId, eventIn(stage));
    }
  }
}

/** As `functions/sweep.ts`; what went wrong is left to the next. */
export const onSweep: Handler = async ({ deps, aws, pipelines }) => {
  const codecommit = codecommitSource(aws);
  await sweep(deps, pipelines, { codecommit, github: codecommit });
};
