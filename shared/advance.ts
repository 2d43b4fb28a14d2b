import { type Command, claimOf, isTelling, keyOf, type Outcome, type Wake } from "./pipeline/commands.ts";
import type { Instant, RunEvent } from "./pipeline/events.ts";
import { evolve, replay } from "./pipeline/evolve.ts";
import { plan } from "./pipeline/plan.ts";
import { receive } from "./pipeline/receive.ts";
import { isTerminal, type Run } from "./pipeline/run.ts";
import { headOf } from "./pipeline/view.ts";
import type { Store } from "./store/stream-store.ts";

export interface Deps {
  readonly store: Store;
  readonly perform: (run: Run, command: Command) => Promise<Outcome>;
  readonly now: () => Instant;
}

export interface Advanced {
  /** The run as it is now; undefined when there is none of this id. */
  readonly run: Run | undefined;
  /** Why the event was not stored, when it was not. */
  readonly ignored?: string;
  readonly wake: readonly Wake[];
  /** A report is to be made, after those that it wakes have had their turn. */
  readonly unreported: boolean;
  /** What could not be carried out now; its claims are open for a later invocation to take over. */
  readonly errors: readonly unknown[];
}

/** The stream of a run. */
export function runStream(runId: string): string {
  return `run#${runId}`;
}

/** A run as it stood at a version of its stream. */
export interface Loaded {
  readonly version: number;
  readonly run: Run | undefined;
}

/** A run as its stream tells it. */
export async function loadRun(store: Store, runId: string): Promise<Loaded> {
  const { version, events } = await store.streams.load(runStream(runId));
  return { version, run: replay(events as readonly RunEvent[]) };
}

/**
 * The one loop. Takes in an event if it is news, then, until nothing is left to do: claim what should be done, in the
 * same write as the facts before it; do it; turn what came of it into facts. Whoever loses the race for a write starts
 * again from what the winner stored.
 */
export function advance(deps: Deps, runId: string, ...incoming: readonly RunEvent[]): Promise<Advanced> {
  return advanceOne(deps, runId, incoming, false);
}

/**
 * @param last whether nobody is to have a turn before the report, not even those it wakes
 * @param known the run as it has just been read; whoever was overtaken since learns it by the write
 */
async function advanceOne(
  deps: Deps,
  runId: string,
  incoming: readonly RunEvent[],
  last: boolean,
  known?: Loaded,
): Promise<Advanced> {
  const fresh = incoming[0]?.type === "run.started";
  let { version, run } = fresh
    ? { version: 0, run: undefined }
    : (known ?? (await loadRun(deps.store, runId)));
  const wake: Wake[] = [];
  const errors: unknown[] = [];
  const done = new Set<string>();
  const heads: Promise<void>[] = [];
  let facts = incoming;
  let ignored: string | undefined;
  let unreported = false;

  for (let first = true; ; ) {
    const step = decide(run, facts, deps.now(), done, wake.length > 0 && !last);
    if (first) ignored = step.ignored;
    if (step.events.length > 0) {
      if (!(await deps.store.streams.append(runStream(runId), version, step.events))) {
        ({ version, run } = await loadRun(deps.store, runId));
        // Whoever opened the run first has also decided whether it goes on.
        if (fresh && first) facts = incoming.slice(0, 1);
        continue;
      }
      version += 1;
    }
    run = step.run;
    if (run !== undefined && (step.events.length > 0 || (first && isTerminal(run)))) {
      // Caught at once: a rejection nobody awaits yet would end the process.
      heads.push(
        deps.store.heads.put(headOf(run, version)).catch((error: unknown) => void errors.push(error)),
      );
    }
    unreported = step.unreported;
    if (run === undefined || step.commands.length === 0) break;
    first = false;
    facts = await performAll(deps, run, step.commands, { done, wake, errors });
  }
  await Promise.all(heads);
  return { run, wake, unreported, errors, ...(ignored === undefined ? {} : { ignored }) };
}

interface Step {
  readonly run: Run | undefined;
  /** Facts that are news, decisions, and claims: one write. */
  readonly events: readonly RunEvent[];
  /** To be carried out once the events are stored. */
  readonly commands: readonly Command[];
  /** Only reporting is left, and others are to have their turn before it. */
  readonly unreported: boolean;
  readonly ignored?: string;
}

/** Pure: what to store and then to do, given what has happened. */
function decide(
  run: Run | undefined,
  facts: readonly RunEvent[],
  now: Instant,
  done: ReadonlySet<string>,
  waking: boolean,
): Step {
  const events: RunEvent[] = [];
  let next = run;
  let ignored: string | undefined;
  const take = (event: RunEvent) => {
    events.push(event);
    next = evolve(next, event);
  };
  for (const fact of facts) {
    const received = next === undefined ? newRun(fact) : receive(next, fact);
    if (received.type === "news") take(received.event);
    else ignored ??= received.reason;
  }
  const commands: Command[] = [];
  let unreported = false;
  while (next !== undefined) {
    const planned = plan(next, now).filter((command) => !done.has(keyOf(command)));
    const decisions = planned.flatMap((command) => (command.type === "record" ? [command.event] : []));
    if (decisions.length === 0) {
      // Others are told when nothing else is left to do: the pipeline waits for no report and no message.
      const work = planned.filter((command) => !isTelling(command));
      unreported = work.length === 0 && planned.length > 0 && waking;
      commands.push(...(work.length > 0 || waking ? work : planned));
      break;
    }
    decisions.forEach(take);
  }
  for (const command of commands) {
    const claim = claimOf(command, now);
    if (claim !== undefined) take(claim);
  }
  return { run: next, events, commands, unreported, ...(ignored === undefined ? {} : { ignored }) };
}

function newRun(event: RunEvent): ReturnType<typeof receive> {
  return event.type === "run.started"
    ? { type: "news", event }
    : { type: "ignored", reason: "there is no such run" };
}

/** Side by side; each once per invocation, so that a command that changes nothing does not come back at once. */
async function performAll(
  deps: Deps,
  run: Run,
  commands: readonly Command[],
  into: { readonly done: Set<string>; readonly wake: Wake[]; readonly errors: unknown[] },
): Promise<readonly RunEvent[]> {
  const results = await Promise.allSettled(
    commands.map((command) => {
      into.done.add(keyOf(command));
      return deps.perform(run, command);
    }),
  );
  return results.flatMap((result) => {
    if (result.status === "rejected") {
      into.errors.push(result.reason);
      return [];
    }
    into.wake.push(...result.value.wake);
    return result.value.events;
  });
}

/**
 * Advances a run and then every run it wakes. An error of one is kept until the others have had their turn.
 * @throws AggregateError naming what could not be carried out; the event's source is to deliver it again
 */
export function advanceAll(deps: Deps, runId: string, ...incoming: readonly RunEvent[]): Promise<Advanced> {
  return advanceEach(deps, runId, incoming);
}

/** The same for an event that somebody has judged by the run as it was read: it is not read once more. */
export function advanceKnown(
  deps: Deps,
  runId: string,
  known: Loaded,
  ...incoming: readonly RunEvent[]
): Promise<Advanced> {
  return advanceEach(deps, runId, incoming, known);
}

async function advanceEach(
  deps: Deps,
  runId: string,
  incoming: readonly RunEvent[],
  known?: Loaded,
): Promise<Advanced> {
  const errors: unknown[] = [];
  const queue: Wake[] = [];
  const unreported = new Set<string>();
  const turn = async (
    id: string,
    events: readonly RunEvent[],
    last = false,
    read?: Loaded,
  ): Promise<Advanced> => {
    const advanced = await advanceOne(deps, id, events, last, read);
    errors.push(...advanced.errors);
    queue.push(...advanced.wake);
    if (advanced.unreported) unreported.add(id);
    return advanced;
  };
  const first = await turn(runId, incoming, false, known);
  for (;;) {
    const wake = queue.shift();
    const [late] = unreported;
    if (wake !== undefined) await turn(wake.runId, wake.event === undefined ? [] : [wake.event]);
    else if (late === undefined) break;
    else {
      unreported.delete(late);
      await turn(late, [], true);
    }
  }
  if (errors.length > 0) {
    const reasons = errors.map((error) =>
      error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    );
    throw new AggregateError(errors, `run ${runId}: ${reasons.join(" · ")}`);
  }
  return first;
}
