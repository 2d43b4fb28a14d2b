import { isGated, type StageDefinition } from "../pipeline/definition.ts";
import { type Instant, isDerived, type RunEvent } from "../pipeline/events.ts";
import { leavingOf } from "../pipeline/leaving.ts";
import { sentence, stageBusy, stageHeld } from "../pipeline/messages.ts";
import { gateRound, type Run, type Stage } from "../pipeline/run.ts";
import type { Contender } from "../pipeline/stage-lock.ts";
import { beginStage, enterStage, leaveStage, reopenGate, takerOf } from "../pipeline/stages.ts";
import { refusalOf } from "./access-denied.ts";
import { type EffectContext, facts, isError, NOTHING, type Outcome, type Wake } from "./context.ts";
import { markLive } from "./mark-live.ts";
import { readPipeline } from "./pipeline-stream.ts";
import { prepareStage } from "./prepare.ts";
import { changeStageLock, readStageLock } from "./stage-lock.ts";
import { changedMeanwhile } from "./void-gate.ts";

/** Asks for the stage; side by side, looks up what deploying there would change. */
export async function enter(context: EffectContext, run: Run, stage: StageDefinition): Promise<Outcome> {
  const { name } = stage;
  const contender = { runId: run.id, sequence: run.sequence };
  const { mode } = run.definition;
  const before = await earlierRuns(context, run);
  const [{ answer, displaced }, prepared] = await Promise.all([
    changeStageLock(context.store, run.definition.name, name, (lock) =>
      enterStage(lock, contender, mode, isGated(stage), before, isDerived(run.trigger)),
    ),
    prepareStage(context, run, stage),
  ]);
  const at = context.now();
  const wake = tell(displaced, run, name, at);
  switch (answer.type) {
    case "superseded":
      return { events: [{ type: "run.superseded", at, by: answer.by, stage: name }], wake };
    case "left":
      return NOTHING;
    case "waits": {
      const why = answer.held ? stageHeld(answer.behind) : stageBusy(answer.behind);
      return { events: [{ type: "stage.waited", at, stage: name, behind: answer.behind, why }], wake };
    }
    case "entered": {
      const event: RunEvent =
        "failure" in prepared
          ? { type: "stage.failed", at, stage: name, failure: prepared.failure }
          : { type: "stage.entered", at, stage: name, deployments: prepared.found };
      return { events: [event], wake };
    }
  }
}

/** In `queued` mode the pipeline's order holds at every stage; elsewhere nobody has to be asked. */
async function earlierRuns(context: EffectContext, run: Run): Promise<readonly Contender[]> {
  if (run.definition.mode !== "queued" || isDerived(run.trigger)) return [];
  const { state } = await readPipeline(context.store, run.definition.name);
  return state.active.filter(({ sequence }) => sequence < run.sequence);
}

/** Runs that gave way learn it at once. */
function tell(displaced: readonly string[], by: Run, stage: string, at: Instant): readonly Wake[] {
  return displaced.map((runId) => ({ runId, event: { type: "run.superseded", at, by: by.id, stage } }));
}

/**
 * Whether a gated stage is still this run's; if a newer run has taken it, and perhaps left it again, this one is superseded. A
 * gate that is open again after deploying had begun gives way to newer runs from now on. And whether what it asks about is
 * still what would change.
 */
export async function check(context: EffectContext, run: Run, at: Stage): Promise<Outcome> {
  const { name } = run.definition;
  const { name: stage } = at.definition;
  const { lock } = await readStageLock(context.store, name, stage);
  if (lock.holder?.runId !== run.id) {
    return facts({ type: "run.superseded", at: context.now(), by: takerOf(lock, run.id), stage });
  }
  const round = gateRound(run, stage);
  const changed = await changedMeanwhile(context, run, at);
  if (changed !== undefined) return facts(changed);
  if (reopenGate(lock, run.id, round).events.length === 0) return NOTHING;
  const { next } = await changeStageLock(context.store, name, stage, (now) => reopenGate(now, run.id, round));
  return { events: [], wake: next === undefined ? [] : [{ runId: next }] };
}

/** From the gate to the deployments; the last moment at which a newer run may have been first. */
export async function begin(context: EffectContext, run: Run, stage: string): Promise<Outcome> {
  const round = gateRound(run, stage);
  const { displacedBy, displaced } = await changeStageLock(
    context.store,
    run.definition.name,
    stage,
    (lock) => beginStage(lock, run.id, round),
  );
  const at = context.now();
  const event: RunEvent =
    displacedBy === undefined
      ? { type: "stage.deploying", at, stage, ...(round === 0 ? {} : { round }) }
      : { type: "run.superseded", at, by: displacedBy, stage };
  return { events: [event], wake: tell(displaced, run, stage, at) };
}

/**
 * What a stage runs must not expire. Without the right to tag it, it has its digest still.
 * @returns what could not be done
 */
async function keepLive(context: EffectContext, run: Run, stage: string): Promise<readonly string[]> {
  const problems = await marked(context, run, stage);
  if (problems.length > 0) {
    const { name: pipeline } = run.definition;
    context.warn?.("what a stage runs may expire", { runId: run.id, pipeline, stage, problems });
  }
  return problems;
}

async function marked(context: EffectContext, run: Run, stage: string): Promise<readonly string[]> {
  try {
    return await markLive(context, run, stage);
  } catch (error) {
    if (!isError(error, "AccessDeniedException")) throw error;
    return [sentence(refusalOf(`the images of ${stage} could not be marked as what it runs`, error))];
  }
}

/** Gives the stage up and wakes the run that waits for it. */
export async function leave(context: EffectContext, run: Run, stage: Stage): Promise<Outcome> {
  const { name } = stage.definition;
  const leaving = leavingOf(run, stage);
  const problems = leaving.release === undefined ? [] : await keepLive(context, run, name);
  const { next } = await changeStageLock(context.store, run.definition.name, name, (lock) =>
    leaveStage(lock, run.id, leaving),
  );
  return {
    events: [
      { type: "stage.left", at: context.now(), stage: name, ...(problems.length === 0 ? {} : { problems }) },
    ],
    wake: next === undefined ? [] : [{ runId: next }],
  };
}
