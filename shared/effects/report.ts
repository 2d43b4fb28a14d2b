import type { RunEventOf, Said } from "../pipeline/events.ts";
import type { Report } from "../pipeline/reports.ts";
import type { Run } from "../pipeline/run.ts";

/** What both hosts' reports are made of. */

/** That the host has been told, and why some of it could not be said. */
export function reportMade(
  at: number,
  said: readonly (readonly [string, Said])[],
  problem: string | undefined,
): RunEventOf<"report.made"> {
  const event = { type: "report.made", at, said: Object.fromEntries(said) } as const;
  return problem === undefined ? event : { ...event, problem };
}

/** What came of one report. */
export interface Told {
  readonly said: Said;
  /** Why it could not be said, and what to mend. */
  readonly problem?: string;
}

/**
 * Says one thing to the host.
 * @param say gives what the host knows it by
 * @param refusal what is final about an error; undefined for one that is worth another try, which is thrown on
 */
export async function tell<R extends Report>(
  run: Run,
  report: R,
  say: (report: R) => Promise<Said["id"]>,
  refusal: (error: unknown) => Pick<Told, "problem"> | undefined,
): Promise<Told> {
  try {
    return { said: saidOf(report, await say(report)) };
  } catch (error) {
    const final = refusal(error);
    if (final === undefined) throw error;
    return { said: refusedOf(run, report), ...final };
  }
}

/** Of one report: that it has been said. */
function saidOf({ state, description }: Report, id?: Said["id"]): Said {
  return { state, description, ...(id === undefined ? {} : { id }) };
}

/** Of one report: that the host does not want to hear it. */
export function refusedOf(run: Run, report: Report): Said {
  return { ...saidOf(report, knownId(run, report)), refused: true };
}

/** What the host knows the thing by, when it has been told of it. */
export function knownId({ reported }: Run, { key }: Report): Said["id"] {
  return Object.hasOwn(reported, key) ? reported[key]?.id : undefined;
}
