import { loadRun } from "../../shared/advance.ts";
import { readStageLock } from "../../shared/effects/stage-lock.ts";
import type {
  GateLine,
  PipelineStageView,
  ReleaseLine,
  StageHolder,
} from "../../shared/pipeline/api-views.ts";
import { openPause } from "../../shared/pipeline/approvals.ts";
import type { PipelineDefinition, StageDefinition } from "../../shared/pipeline/definition.ts";
import type { Approval, Run, Stage } from "../../shared/pipeline/run.ts";
import {
  type Holder,
  liveRelease,
  type StageLock,
  type StageRelease,
} from "../../shared/pipeline/stage-lock.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import { isoTime } from "./context.ts";

/** A stage as it is, and the run that has it. */
export interface StageNow {
  readonly pipeline: PipelineDefinition;
  readonly definition: StageDefinition;
  readonly lock: StageLock;
  readonly run: Run | undefined;
}

/** Reads a stage's lock, and the run that holds it: as many reads, however many runs there have been. */
export async function readStage(
  store: Store,
  pipeline: PipelineDefinition,
  definition: StageDefinition,
): Promise<StageNow> {
  const { lock } = await readStageLock(store, pipeline.name, definition.name);
  const run = lock.holder === undefined ? undefined : (await loadRun(store, lock.holder.runId)).run;
  return { pipeline, definition, lock, run };
}

export async function stageView(store: Store, now: StageNow): Promise<PipelineStageView> {
  const { definition, lock, run } = now;
  const live = liveRelease(lock);
  return {
    name: definition.name,
    url: definition.url,
    services: definition.deploy.map(({ cluster, service }) => ({ cluster, service })),
    approval: approvalOf(definition),
    release: live === undefined ? undefined : await releaseLine(store, live),
    quarantined: quarantinedOf(live),
    hold: lock.hold === undefined ? undefined : { run: lock.hold.runId, reason: lock.hold.reason },
    holder:
      lock.holder === undefined || run === undefined
        ? undefined
        : holderOf(lock.holder, definition.name, run),
    queue: lock.queue.map(({ runId, sequence }) => ({ run: runId, sequence })),
  };
}

/** The lock names a service `CLUSTER/SERVICE`; neither name has a slash. */
function quarantinedOf(live: StageRelease | undefined): PipelineStageView["quarantined"] {
  if (live?.quarantined === undefined) return undefined;
  return Object.entries(live.quarantined).map(([key, { architecture, reason }]) => {
    const [cluster = "", service = ""] = key.split("/");
    return { cluster, service, architecture, reason };
  });
}

function approvalOf({ approval }: StageDefinition): PipelineStageView["approval"] {
  if (approval === undefined) return undefined;
  const { from, required, selfApproval } = approval;
  return { from, required, selfApproval };
}

async function releaseLine(store: Store, live: StageRelease): Promise<ReleaseLine> {
  const { run } = await loadRun(store, live.runId);
  const { sequence, commit, release, at } = live;
  return { run: live.runId, sequence, commit, ref: run?.revision.ref ?? "", release, at: isoTime(at) };
}

function holderOf({ sequence, phase }: Holder, name: string, run: Run): StageHolder {
  const stage = run.stages.find((one) => one.definition.name === name);
  const state = stage?.state;
  const since = state !== undefined && "since" in state ? state.since : run.updatedAt;
  return {
    run: run.id,
    ...{ sequence, phase },
    commit: run.revision.commit,
    since: isoTime(since),
    gate: stage === undefined ? undefined : gateLine(stage, askedOf(stage)),
  };
}

/** What people are asked now: at the gate, or by a deployment that ECS has paused. */
export interface Asked {
  readonly since: number;
  readonly approvals: readonly Approval[];
  readonly expiresAt: number;
}

export function askedOf(stage: Stage): Asked | undefined {
  const pause = openPause(stage);
  if (pause !== undefined) return pause;
  const { gate, state } = stage;
  return gate === undefined || state.status !== "gated" ? undefined : { ...gate, since: state.since };
}

export function gateLine({ definition, gate }: Stage, asked: Asked | undefined): GateLine | undefined {
  const { approval } = definition;
  if (approval === undefined || gate === undefined || asked === undefined) return undefined;
  return {
    release: gate.release,
    from: approval.from,
    required: approval.required,
    approvals: asked.approvals.map(({ person }) => person),
    expiresAt: isoTime(asked.expiresAt),
  };
}
