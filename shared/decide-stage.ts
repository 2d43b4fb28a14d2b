import { advanceKnown, type Deps, loadRun } from "./advance.ts";
import { type DecisionRequest, type DecisionResult, decide } from "./pipeline/approvals.ts";
import type { Instant } from "./pipeline/events.ts";
import type { Person } from "./pipeline/identities.ts";
import { approvalProblem } from "./pipeline/messages.ts";
import { type Run, voidedGates } from "./pipeline/run.ts";

export type Decided =
  | { readonly type: "no-run" }
  | { readonly type: "done"; readonly run: Run; readonly result: DecisionResult; readonly pending?: string };

/**
 * Takes a person's decision on a stage, and goes on with the run. The rules are judged against the state that the decision
 * is stored under: whoever is overtaken is judged anew.
 * @returns `pending` says what could not be carried out yet although the decision is stored; the sweep does it
 */
export function decideStage(
  deps: Deps,
  runId: string,
  request: DecisionRequest,
  who: Person,
): Promise<Decided> {
  return intervene(deps, runId, (run, now) => decide(run, request, who, now));
}

/** The same for whatever else a person does to a run. */
export async function intervene(
  deps: Deps,
  runId: string,
  judge: (run: Run, now: Instant) => DecisionResult,
): Promise<Decided> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const known = await loadRun(deps.store, runId);
    const { run } = known;
    if (run === undefined) return { type: "no-run" };
    const result = judge(run, deps.now());
    if (result.type !== "decided") return { type: "done", run, result };
    try {
      const advanced = await advanceKnown(deps, runId, known, result.event);
      if (advanced.ignored === undefined) return done(run, advanced.run ?? run, result);
    } catch (error) {
      if (!(error instanceof AggregateError)) throw error;
      const { run: now } = await loadRun(deps.store, runId);
      return { ...done(run, now ?? run, result), pending: error.message };
    }
  }
  throw new Error(`run ${runId} is contended: five others were first`);
}

type Done = Extract<Decided, { readonly type: "done" }>;

/** An approval that no longer counts, since what it approved turned out to be another as the stage was to begin, is none. */
function done(before: Run, run: Run, result: DecisionResult): Done {
  if (result.type !== "decided" || result.event.type !== "approval.given")
    return { type: "done", run, result };
  const { stage } = result.event;
  const changed = voidedGates(run, stage).slice(voidedGates(before, stage).length);
  if (changed.length === 0) return { type: "done", run, result };
  const problem = { code: "changed", changed } as const;
  return {
    type: "done",
    run,
    result: { type: "problem", problem, message: approvalProblem(run, stage, problem) },
  };
}
