import {
  buildLine,
  deploymentLine,
  indexLine,
  line,
  notDeployedAfterAll,
  stageLine,
  usedAgainLine,
} from "./github-messages.ts";
import type { Run, Stage } from "./run.ts";
import {
  type Build,
  currentStage,
  deploymentsOf,
  type Image,
  isBuildOnly,
  isStageEnd,
  isTerminal,
} from "./run.ts";

/** How one of the things that GitHub shows beside a commit stands; a check run or a commit status is made of it. */
export interface CommitReport {
  readonly type: "commit";
  /** The status's context, and the check run's name. */
  readonly key: string;
  readonly state: "pending" | "running" | "success" | "failure" | "cancelled";
  readonly description: string;
}

/** https://docs.github.com/en/rest/deployments: what a stage runs, or is about to. */
export interface DeploymentReport {
  readonly type: "deployment";
  readonly key: string;
  readonly environment: string;
  readonly state: "queued" | "in_progress" | "success" | "failure" | "inactive";
  readonly description: string;
  readonly url?: string;
}

/** What GitHub should show of a run, by its state alone. */
export function githubReports(run: Run): readonly (CommitReport | DeploymentReport)[] {
  const builds = run.images.flatMap((image) => platforms(run, image));
  if (isBuildOnly(run)) return builds;
  return [
    ...builds,
    ...run.images.map((image) => index(run, image)),
    ...run.stages.flatMap((stage) => [...stageReport(run, stage), ...deployment(run, stage)]),
  ];
}

function context(run: Run, what: string): string {
  return `tandem/${run.definition.name}: ${what}`;
}

function commitReport(
  run: Run,
  what: string,
  state: CommitReport["state"],
  description: string,
): CommitReport {
  return { type: "commit", key: context(run, what), state, description: line(description) };
}

/** Those of an image that is used again, too: a branch may require them. */
function platforms(run: Run, { definition, state }: Image): readonly CommitReport[] {
  return definition.platforms.map((platform) => {
    const what = `${definition.name} ${platform}`;
    const build = run.builds.find((one) => one.image === definition.name && one.platform === platform);
    if (build !== undefined) return commitReport(run, what, buildState(run, build), buildLine(run, build));
    const from = state.status === "published" ? (state.reusedFrom ?? run.id) : run.id;
    return commitReport(run, what, "success", usedAgainLine(from));
  });
}

function buildState(run: Run, { state }: Build): CommitReport["state"] {
  switch (state.status) {
    case "pending":
    case "requested":
      return isTerminal(run) ? "cancelled" : "pending";
    case "running":
      return isTerminal(run) ? "cancelled" : "running";
    case "succeeded":
      return "success";
    case "stopped":
      return "cancelled";
    case "failed":
      return "failure";
  }
}

function index(run: Run, { definition, state }: Image): CommitReport {
  const description = indexLine(run, state);
  const of = (how: CommitReport["state"]) => commitReport(run, `${definition.name} index`, how, description);
  switch (state.status) {
    case "unpublished":
      return of(isTerminal(run) ? "cancelled" : "pending");
    case "publishing":
      return of(isTerminal(run) ? "cancelled" : "running");
    case "published":
      return of("success");
    case "failed":
      return of("failure");
  }
}

/** Only of stages that the run has come to: the others are not this commit's business yet. */
function stageReport(run: Run, stage: Stage): readonly CommitReport[] {
  const { state, definition } = stage;
  const superseded = run.status.status === "superseded" && currentStage(run) === stage;
  if (state.status === "pending" && !superseded) return [];
  return [commitReport(run, definition.name, stageState(run, stage), stageLine(run, stage))];
}

function stageState(run: Run, { state }: Stage): CommitReport["state"] {
  if (isTerminal(run) && !isStageEnd(state)) return "cancelled";
  switch (state.status) {
    case "pending":
    case "waiting":
    case "gated":
      return "pending";
    case "deploying":
      return "running";
    case "succeeded":
      return "success";
    case "failed":
    case "rolled-back":
    case "refused":
    case "expired":
      return "failure";
    case "stopped":
      return "cancelled";
  }
}

/** From the moment a stage deploys; one that does not after all, since its gate was opened anew, is no longer under way. */
function deployment(run: Run, stage: Stage): readonly DeploymentReport[] {
  const { definition, state } = stage;
  const { name: environment, url } = definition;
  const key = `deployment ${environment}`;
  const report = (how: DeploymentReport["state"], description: string): readonly DeploymentReport[] => [
    {
      type: "deployment",
      key,
      environment,
      state: how,
      description: line(description),
      ...(url === undefined ? {} : { url }),
    },
  ];
  const begun = deploymentsOf(state).some((one) => one.state.status !== "pending");
  if (state.status === "deploying" && !isTerminal(run)) return report("in_progress", deploymentLine(stage));
  if (state.status === "succeeded") return report("success", stageLine(run, stage));
  if ((state.status === "failed" || state.status === "rolled-back") && begun) {
    return report("failure", stageLine(run, stage));
  }
  if (!Object.hasOwn(run.reported, key)) return [];
  return isStageEnd(state) || isTerminal(run)
    ? report("inactive", notDeployedAfterAll())
    : report("queued", stageLine(run, stage));
}
