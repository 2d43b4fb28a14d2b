import type { RunEventOf } from "./events.ts";
import type { Run } from "./run.ts";

export type ReportEvent = RunEventOf<"report.requested" | "report.made">;

/** Telling the host goes on when the run has ended: its end is to be told, too. Nothing of the run itself changes by it. */
export function isReportEvent(event: { readonly type: string }): event is ReportEvent {
  return event.type === "report.requested" || event.type === "report.made";
}

export function evolveReport(run: Run, event: ReportEvent): Run {
  if (event.type === "report.requested") {
    return { ...run, reporting: { since: event.at, lease: event.lease } };
  }
  const { reporting: _reporting, reportProblem: before, ...rest } = run;
  const reported = { ...run.reported, ...event.said };
  const refused = Object.values(reported).some((said) => said.refused === true);
  const problem = refused ? (event.problem ?? before) : undefined;
  return { ...rest, reported, ...(problem === undefined ? {} : { reportProblem: problem }) };
}
