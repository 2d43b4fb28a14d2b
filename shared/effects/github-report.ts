import type { Command } from "../pipeline/commands.ts";
import type { Said } from "../pipeline/events.ts";
import { nobodyReports } from "../pipeline/github-messages.ts";
import type { CommitReport, DeploymentReport } from "../pipeline/github-status.ts";
import type { Report } from "../pipeline/reports.ts";
import type { Run } from "../pipeline/run.ts";
import { type EffectContext, facts, type Outcome } from "./context.ts";
import type { GitHubApi } from "./github-api.ts";
import { GitHubError } from "./github-error.ts";
import { createdId, deploymentNote, externalId, findCheck, findDeployment } from "./github-reported.ts";
import { knownId, refusedOf, reportMade, type Told, tell } from "./report.ts";

type ReportCommand = Extract<Command, { readonly type: "report" }>;

/** Requests side by side: GitHub slows down whoever writes more at once. */
const WIDTH = 4;

/**
 * Tells GitHub what is new of a run. What GitHub refuses for good is kept as the run's `reportProblem`, and holds nothing
 * up; what may work another time is thrown, and said again by whoever takes the claim over.
 */
export async function reportToGitHub(
  { github, now }: EffectContext,
  run: Run,
  { reports, lease }: ReportCommand,
): Promise<Outcome> {
  const identity = (await github?.identity()) ?? "anonymous";
  if (github === undefined || identity === "anonymous") {
    const said = reports.map((report): [string, Said] => [report.key, refusedOf(run, report)]);
    return facts(reportMade(now(), said, nobodyReports()));
  }
  const teller: Teller = { github, run, asApp: identity === "app", takenOver: lease > 0 };
  const said: [string, Said][] = [];
  let problem: string | undefined;
  const left = [...reports];
  const work = async () => {
    for (let report = left.shift(); report !== undefined; report = left.shift()) {
      const told = await tell(run, report, (one) => say(teller, one), refusal);
      said.push([report.key, told.said]);
      problem ??= told.problem;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: WIDTH }, work));
  for (const one of ended) if (one.status === "rejected") throw one.reason;
  return facts(reportMade(now(), said, problem));
}

interface Teller {
  readonly github: GitHubApi;
  readonly run: Run;
  /** Check runs are for Apps only. */
  readonly asApp: boolean;
  /** Somebody began to tell, and did not say how far they came. */
  readonly takenOver: boolean;
}

function refusal(error: unknown): Pick<Told, "problem"> | undefined {
  return error instanceof GitHubError && error.isFinal ? { problem: error.message } : undefined;
}

/** GitHub counts what it has. */
function idOf(run: Run, report: Report): number | undefined {
  const id = knownId(run, report);
  return typeof id === "number" ? id : undefined;
}

async function say(teller: Teller, report: Report): Promise<number | undefined> {
  switch (report.type) {
    case "deployment":
      return sayDeployment(teller, report);
    case "commit":
      return teller.asApp ? sayCheck(teller, report) : sayStatus(teller, report);
    default:
      throw new Error(`GitHub has no place for a ${report.type} of a run`);
  }
}

const post = ({ github, run }: Teller, path: string, body: unknown) => {
  const { repository } = run.definition.source;
  return github.request(repository, "POST", `/repos/${repository}${path}`, body);
};

const STATUS_STATES = {
  pending: "pending",
  running: "pending",
  success: "success",
  failure: "failure",
  cancelled: "error",
} as const;

/** https://docs.github.com/en/rest/commits/statuses */
async function sayStatus(teller: Teller, { key, state, description }: CommitReport): Promise<undefined> {
  await post(teller, `/statuses/${teller.run.revision.commit}`, {
    context: key,
    state: STATUS_STATES[state],
    description,
  });
}

/** https://docs.github.com/en/rest/checks/runs: created once, and then changed. */
async function sayCheck(teller: Teller, report: CommitReport): Promise<number> {
  const { github, run } = teller;
  const { repository } = run.definition.source;
  const { key, description } = report;
  const change = {
    ...progressOf(report),
    output: { title: description, summary: `${run.id}: ${description}` },
  };
  const id = idOf(run, report) ?? (teller.takenOver ? await findCheck(github, run, key) : undefined);
  if (id !== undefined) {
    await github.request(repository, "PATCH", `/repos/${repository}/check-runs/${id}`, change);
    return id;
  }
  const { data } = await post(teller, "/check-runs", {
    name: key,
    head_sha: run.revision.commit,
    external_id: externalId(run, key),
    ...change,
  });
  return createdId(data, "check run");
}

function progressOf({ state }: CommitReport): { readonly status: string; readonly conclusion?: string } {
  switch (state) {
    case "pending":
      return { status: "queued" };
    case "running":
      return { status: "in_progress" };
    case "success":
    case "failure":
    case "cancelled":
      return { status: "completed", conclusion: state };
  }
}

/**
 * https://docs.github.com/en/rest/deployments/deployments: of exactly this commit, whatever its other statuses say, for
 * it has passed Tandem's gates.
 */
async function sayDeployment(teller: Teller, report: DeploymentReport): Promise<number> {
  const { run } = teller;
  const { environment, state, description, url } = report;
  const known =
    idOf(run, report) ??
    (teller.takenOver ? await findDeployment(teller.github, run, environment) : undefined);
  const id = known ?? (await createDeployment(teller, environment));
  await post(teller, `/deployments/${id}/statuses`, {
    state,
    description,
    ...(url === undefined ? {} : { environment_url: url }),
  });
  return id;
}

async function createDeployment(teller: Teller, environment: string): Promise<number> {
  const { run } = teller;
  const { data } = await post(teller, "/deployments", {
    ref: run.revision.commit,
    environment,
    auto_merge: false,
    required_contexts: [],
    payload: { run: run.id },
    description: deploymentNote(run),
  });
  return createdId(data, "deployment");
}
