import { readPipeline, readRef } from "../../../shared/effects/pipeline-stream.ts";
import { readStageLock } from "../../../shared/effects/stage-lock.ts";
import type { PipelineDefinition } from "../../../shared/pipeline/definition.ts";
import { isDerived } from "../../../shared/pipeline/events.ts";
import { replay } from "../../../shared/pipeline/evolve.ts";
import { explain } from "../../../shared/pipeline/explain.ts";
import { tipOf } from "../../../shared/pipeline/refs.ts";
import { currentStage, type Deployment, isTerminal, type Run } from "../../../shared/pipeline/run.ts";
import type { StageLock } from "../../../shared/pipeline/stage-lock.ts";
import type { Store } from "../../../shared/store/stream-store.ts";
import type { Checks } from "./checks.ts";
import { isRunEvent } from "./run-book.ts";

/** Invariant 7, when nothing is under way any more and two sweeps changed nothing. */
export async function checkRest(
  checks: Checks,
  store: Store,
  pipelines: readonly PipelineDefinition[],
  sweptAt: number,
): Promise<void> {
  const { findings, book } = checks;
  for (const { name, stages } of pipelines) {
    for (const stage of stages) {
      const { lock } = await readStageLock(store, name, stage.name);
      const all = [...(lock.holder === undefined ? [] : [lock.holder]), ...lock.queue];
      for (const { runId } of all) {
        const run = book.find(runId)?.run;
        const dead = run === undefined || isTerminal(run);
        findings.demand(
          !dead,
          7,
          () => `${runId} is ${run?.status.status} and still has ${name}/${stage.name}`,
        );
      }
    }
  }
  for (const definition of pipelines) await checkHeadsKnown(checks, store, definition);
  checkOneRunEach(checks);
  for (const runId of checks.deliveries.accepted) {
    findings.demand(book.find(runId) !== undefined, 6, () => `${runId} was accepted and has no stream`);
  }
  for (const { run } of book.all) {
    const fault = isTerminal(run) ? undefined : await waitFault(checks, store, run, sweptAt);
    findings.demand(
      fault === undefined,
      7,
      () => `${run.id} waits for nobody: ${fault}; ${explain(run).join(" · ")}`,
    );
  }
}

/** Redeliveries and late events make no second run: a branch that names a commit once has one run of it at most. */
function checkOneRunEach({ findings, codecommit, book }: Checks): void {
  const counts = new Map<string, number>();
  for (const { run } of book.all) {
    const { repository, ref, commit } = run.revision;
    if (isDerived(run.trigger)) continue;
    if (run.definition.mode !== "superseded" || run.status.status === "stopped") continue;
    const key = `${run.definition.name} ${ref} ${commit}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    const named = codecommit.historyOf(repository, ref).filter((sha) => sha === commit).length;
    findings.demand(count <= named, 6, () => `${run.id} is run number ${count} of ${key}`);
  }
}

/** Nothing is missed: each branch's head has its run, was there before the pipeline, or was refused by a filter. */
async function checkHeadsKnown(
  { findings, codecommit }: Checks,
  store: Store,
  definition: PipelineDefinition,
): Promise<void> {
  if (!(await readPipeline(store, definition.name)).state.baselined) return;
  const { repository } = definition.source;
  for (const branch of ["main", "release/1"]) {
    const ref = `refs/heads/${branch}`;
    const head = codecommit.headOf(repository, ref);
    if (head === undefined) continue;
    const { state } = await readRef(store, definition.name, ref);
    const undecided = state.entries.find(({ opening }) => opening === true)?.runId;
    findings.demand(undecided === undefined, 7, () => `nobody has decided whether ${undecided} goes on`);
    const tip = tipOf(state);
    if (tip?.commit === head) continue;
    const records = await store.deliveries.ofCommit(head);
    const isRefused = records.some(
      ({ pipeline, outcome }) => pipeline === definition.name && "ignored" in outcome,
    );
    findings.demand(
      isRefused,
      6,
      () => `${definition.name} does not know the head ${head.slice(0, 7)} of ${branch}, but ${tip?.commit}`,
    );
    const changes = tip === undefined ? undefined : codecommit.differences(tip.commit, head);
    const commit = codecommit.find(head);
    const isFiltered =
      commit?.message.includes("[skip ci]") === true ||
      definition.source.ignoreAuthors.includes(`${commit?.author}@example.com`) ||
      (definition.source.paths.length > 0 && changes?.every((file) => !isWanted(definition, file)) === true);
    findings.demand(
      isFiltered,
      6,
      () => `${definition.name} refuses the head ${head.slice(0, 7)} of ${branch}, which changes ${changes}`,
    );
  }
}

/** Written down once more, without globs: the scenarios know three kinds of paths. */
function isWanted({ name, source }: PipelineDefinition, file: string): boolean {
  return source.paths.includes("!docs/**") ? !file.startsWith("docs/") : file.startsWith(name);
}

/** Invariant 8 at the end of a schedule, and that the lists have caught up with the streams. */
export async function checkRecords(checks: Checks, store: Store): Promise<void> {
  await checkHeads(checks, store);
  await checkReplay(checks, store);
}

/** A run may wait for a named person, for a named time, or behind another run or a hold. */
async function waitFault(
  { book }: Checks,
  store: Store,
  run: Run,
  sweptAt: number,
): Promise<string | undefined> {
  const stage = currentStage(run);
  if (run.status.status !== "staging" || stage === undefined) return run.status.status;
  const { lock } = await readStageLock(store, run.definition.name, stage.definition.name);
  switch (stage.state.status) {
    case "gated":
      if (lock.holder?.runId !== run.id) return `it is gated in a stage that ${holderOf(lock)} has`;
      return stage.gate !== undefined && sweptAt < stage.gate.expiresAt ? undefined : "its gate has expired";
    case "waiting":
      if (lock.hold !== undefined) return undefined;
      if (run.definition.mode === "superseded" && isGated(book.find(lock.holder?.runId ?? "")?.run)) {
        return `it is newer than ${holderOf(lock)}, which waits for an approval and gives no way`;
      }
      return lock.holder !== undefined && lock.holder.runId !== run.id
        ? undefined
        : `it waits behind ${stage.state.behind} for a stage that ${holderOf(lock)} has`;
    case "deploying":
      return stage.state.deployments.some((one) => waits(one, sweptAt)) &&
        stage.state.deployments.every((one) => waits(one, sweptAt) || !isAtWork(one))
        ? undefined
        : `stage ${stage.definition.name} is deploying`;
    default:
      return `stage ${stage.definition.name} is ${stage.state.status}`;
  }
}

/** For a named person at a pause, or for a named time while it bakes. */
function waits({ state }: Deployment, sweptAt: number): boolean {
  if (state.status === "baking") return sweptAt < state.until;
  if (state.status !== "in-progress" || state.pause === undefined) return false;
  return state.pause.answered === undefined && sweptAt < state.pause.expiresAt;
}

/** Somebody has begun something that has to come to an end by itself. */
function isAtWork({ state, back, tasks }: Deployment): boolean {
  const open = ["requested", "in-progress", "baking", "running"];
  return [state, ...(back === undefined ? [] : [back]), ...Object.values(tasks ?? {})].some(({ status }) =>
    open.includes(status),
  );
}

function isGated(run: Run | undefined): boolean {
  return run !== undefined && currentStage(run)?.state.status === "gated";
}

function holderOf({ holder }: StageLock): string {
  return holder?.runId ?? "nobody";
}

async function checkHeads({ findings, book }: Checks, store: Store): Promise<void> {
  const { items } = await store.heads.list({ limit: 1_000 });
  for (const { run } of book.all) {
    const head = items.find(({ runId }) => runId === run.id);
    findings.demand(
      head?.active === !isTerminal(run) && head.status === run.status.status,
      7,
      () => `the list says ${run.id} is ${head?.status}, its stream ${run.status.status}`,
    );
  }
}

async function checkReplay({ findings, book, streams }: Checks, store: Store): Promise<void> {
  for (const [name, known] of streams.all) {
    const { version, events } = await store.streams.load(name);
    findings.demand(
      version === known.version && JSON.stringify(events) === JSON.stringify(known.events),
      8,
      () => `${name} does not hold what was appended to it`,
    );
    if (!name.startsWith("run#")) continue;
    const run = replay(events.filter(isRunEvent));
    findings.demand(
      JSON.stringify(run) === JSON.stringify(book.find(name.slice("run#".length))?.run),
      8,
      () => `replaying ${name} gives another run`,
    );
  }
}
