import type { Said } from "./events.ts";
import { type CommitReport, type DeploymentReport, githubReports } from "./github-status.ts";
import { type ApprovalReport, type CommentReport, pullRequestReports } from "./pull-request-report.ts";
import type { Claim, Run } from "./run.ts";
import { nextLease } from "./silence.ts";

/** One of the things that the commit's host shows of a run. */
export type Report = CommitReport | DeploymentReport | CommentReport | ApprovalReport;

/** What the commit's host should show of a run, by its state alone. */
export function desired(run: Run): readonly Report[] {
  switch (run.definition.source.type) {
    case "github":
      return githubReports(run);
    case "codecommit":
      return pullRequestReports(run);
  }
}

/** What is new since the host was last told: GitHub takes 1,000 statuses of a context, and each is a request. */
export function unsaid(run: Run): readonly Report[] {
  return desired(run).filter(({ key, state, description }) => {
    const said: Said | undefined = Object.hasOwn(run.reported, key) ? run.reported[key] : undefined;
    return said?.state !== state || said.description !== description;
  });
}

/**
 * What to tell the host now, and under which lease; undefined when it knows everything, or somebody is about it.
 * @param isStale whether a claim may be taken over
 */
export function reportsDue(
  run: Run,
  isStale: (claim: Claim) => boolean,
): { readonly reports: readonly Report[]; readonly lease: number } | undefined {
  const { reporting } = run;
  if (reporting !== undefined && !isStale(reporting)) return undefined;
  const reports = unsaid(run);
  return reports.length === 0 ? undefined : { reports, lease: nextLease(reporting) };
}
