import { type Command, claimOf, keyOf, type Outcome, type Wake } from "./pipeline/commands.ts";
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
  /** What could not be carried out now; its claims are open for a later invocation to take over. */
  readonly errors: readonly unknown[];
}

/** The stream of a run. */
export function runStream(runId: string): string {
  return `run#${runId}`;
}

/** A run as its stream tells it. */
export async function loadRun(
  store: Store,
  runId: string,
): Promise<{ readonly version: number; readonly run: Run | undefined }> {
  const { version, events } = await store.streams.load(runStream(runId));
  return { version, run: replay(events as readonly RunEvent[]) };
}

/**
 * The one loop. Takes in an event if it is news, then, until nothing is left to do: claim what should be done, in the
 * same write as the facts before it; do it; turn what came of it into facts. Whoever loses the race for a write starts
 * again from what the winner stored.
 */
export async function advance(deps: Deps, runId: string, incoming?: RunEvent): Promise<Advanced> {
  const fresh = incoming?.type === "run.started";
  let { version, run } = fresh ? { version: 0, run: undefined } : await loadRun(deps.store, runId);
  const wake: Wake[] = [];
  const errors: unknown[] = [];
  const done = new Set<string>();
  const heads: Promise<void>[] = [];
  let facts: readonly RunEvent[] = incoming === undefined ? [] : [incoming];
  let ignored: string | undefined;

  for (let first = true; ; ) {
    const step = decide(run, facts, deps.now(), done);
    if (first) ignored = step.ignored;
    if (step.events.length > 0) {
      if (!(await deps.store.streams.append(runStream(runId), version, step.events))) {
        ({ version, run } = await loadRun(deps.store, runId));
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
    if (run === undefined || step.commands.length === 0) break;
    first = false;
    facts = await performAll(deps, run, step.commands, { done, wake, errors });
  }
  await Promise.all(heads);
  return { run, wake, errors, ...(ignored === undefined ? {} : { ignored }) };
}

interface Step {
  readonly run: Run | undefined;
  /** Facts that are news, decisions, and claims: one write. */
  readonly events: readonly RunEvent[];
  /** To be carried out once the events are stored. */
  readonly commands: readonly Command[];
  readonly ignored?: string;
}

/** Pure: what to store and then to do, given what has happened. */
function decide(
  run: Run | undefined,
  facts: readonly RunEvent[],
  now: Instant,
  done: ReadonlySet<string>,
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
  while (next !== undefined) {
    const planned = plan(next, now).filter((command) => !done.has(keyOf(command)));
    const decisions = planned.flatMap((command) => (command.type === "record" ? [command.event] : []));
    if (decisions.length === 0) {
      commands.push(...planned);
      break;
    }
    decisions.forEach(take);
  }
  for (const command of commands) {
    const claim = claimOf(command, now);
    if (claim !== undefined) take(claim);
  }
  return { run: next, events, commands, ...(ignored === undefined ? {} : { ignored }) };
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
export async function advanceAll(deps: Deps, runId: string, incoming?: RunEvent): Promise<Advanced> {
  const first = await advance(deps, runId, incoming);
  const errors = [...first.errors];
  const queue = [...first.wake];
  for (let wake = queue.shift(); wake !== undefined; wake = queue.shift()) {
    const advanced = await advance(deps, wake.runId, wake.event);
    errors.push(...advanced.errors);
    queue.push(...advanced.wake);
  }
  if (errors.length > 0) {
    const reasons = errors.map((error) =>
      error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    );
    throw new AggregateError(errors, `run ${runId}: ${reasons.join(" · ")}`);
  }
  return first;
}
