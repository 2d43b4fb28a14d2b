import { type Instant, isDerived } from "./events.ts";
import { buildFailure, checkText, refName, sentence, when } from "./messages.ts";
import { messageProblems } from "./messages-due.ts";
import { type Build, type Deployment, type Image, isStageEnd, type Run, type Stage } from "./run.ts";
import { windowState } from "./window.ts";

const short = (commit: string) => commit.slice(0, 7);

/**
 * What a run waits for, and why, as sentences; the last is the one that matters.
 * @param now what the clock says; a window is open or not by it
 */
export function explain(run: Run, now: Instant = run.updatedAt): readonly string[] {
  const [head = "", ...rest] = explainStatus(run, now);
  const untold = messageProblems(run).map((problem) => `not everybody is told: ${problem}`);
  return [head, ...untold, ...leftProblems(run), ...rest];
}

/** What went wrong when stages had succeeded, and stopped nothing. */
function leftProblems({ stages }: Run): readonly string[] {
  return stages.flatMap(({ state }) => (isStageEnd(state) ? (state.problems ?? []) : []));
}

function explainStatus(run: Run, now: Instant): readonly string[] {
  const { id, status } = run;
  const commit = `${refName(run.revision.ref)} ${short(run.revision.commit)} of ${run.revision.repository}`;
  const head = `${id} is ${status.status}: ${commit}`;
  switch (status.status) {
    case "succeeded":
    case "failed":
    case "stopped":
      return [head, status.reason];
    case "superseded":
      return [head, `${status.by} is newer and took its place`];
    case "building":
      return [
        head,
        ...run.images.flatMap((image) => explainReused(run, image)),
        ...run.builds.map(explainBuild),
      ];
    case "publishing":
      return [head, "every platform is built; the image index is being published"];
    case "staging":
      return [
        head,
        ...run.images.flatMap((image) => explainReused(run, image)),
        ...run.stages.map((stage) => explainStage(stage, now)),
      ];
  }
}

function explainReused({ trigger }: Run, { definition, state }: Image): readonly string[] {
  if (state.status !== "published" || state.reusedFrom === undefined) return [];
  if (isDerived(trigger)) return [`${definition.name} is what ${state.reusedFrom} published`];
  return [
    `${definition.name} is not built: none of its paths has changed since ${state.reusedFrom}, whose index is used`,
  ];
}

function explainBuild({ image, platform, attempt, retried, state }: Build): string {
  const again =
    retried.length === 0 ? "" : ` (attempt ${attempt}, after: ${retried.map(sentence).join(" · ")})`;
  const what = `${image} for ${platform}${again}`;
  switch (state.status) {
    case "pending":
      return `${what} is to be built`;
    case "requested":
      return `${what} is being handed to CodeBuild`;
    case "running":
      return `${what} builds since ${when(state.since)} as ${state.buildId}${state.stop === undefined ? "" : "; it is being stopped"}`;
    case "succeeded":
      return `${what} is built${state.built === "unpushed" ? "" : `: ${state.built.digest}`}`;
    case "stopped":
      return `${what} was stopped, since its sibling failed`;
    case "failed":
      return `${what} failed: ${buildFailure(state)}`;
  }
}

function explainStage(stage: Stage, now: Instant): string {
  const { definition, state } = stage;
  const name = definition.name;
  switch (state.status) {
    case "pending":
      return `${name}: after the stages before it`;
    case "waiting":
      return `${name} waits: ${state.why}`;
    case "gated":
      return `${name} waits for ${explainGate(stage, now)}`;
    case "deploying":
      return `${name} deploys: ${state.deployments.map(explainDeployment).join(", ")}`;
    case "succeeded":
      return `${name} runs the release`;
    default:
      return `${name} ${state.status}: ${sentence(state.failure)}`;
  }
}

function explainDeployment({ prepared, state, step = 0, tasks, quarantine, back }: Deployment): string {
  const { service } = prepared;
  const without = quarantine === undefined ? "" : ` without ${quarantine.architecture}`;
  if (back !== undefined) return `${service} goes back (${back.status})`;
  const running = Object.entries(tasks ?? {}).find(([, { status }]) => status === "running");
  if (running !== undefined) return `${service} waits for its task ${running[0]}`;
  if (state.status === "baking") return `${service}${without} must hold until ${when(state.until)}`;
  if (state.status === "in-progress" && state.pause !== undefined && state.pause.answered === undefined) {
    return `${service}${without} waits for approvals at ${state.pause.lifecycleStage}, until ${when(state.pause.expiresAt)}`;
  }
  return `${service} ${state.status}${step === 0 ? "" : `, step ${step}`}${without}`;
}

/** Past the approvals: the window, or what the checks have said. */
function explainConditions({ definition, gate }: Stage, now: Instant): string {
  if (gate?.override !== undefined)
    return `nothing: ${gate.override.person} overrode it (${gate.override.reason})`;
  const { window } = definition;
  const hours = window === undefined ? undefined : windowState(window, now);
  if (hours?.open === false) {
    const until = hours.until === undefined ? "and not to open within a year" : `until ${when(hours.until)}`;
    return `its window: it is closed (${hours.why}), ${until}`;
  }
  const failed = (gate?.checked?.results ?? []).filter(({ state }) => state === "failed");
  if (failed.length > 0) return `its checks: ${failed.map(checkText).join(" · ")}`;
  return definition.checks === undefined ? "nothing any more: its window is open" : "its checks";
}

function explainGate(stage: Stage, now: Instant): string {
  const { definition, gate } = stage;
  const rule = definition.approval;
  if (gate === undefined) return "its gate";
  const conditional = definition.window !== undefined || definition.checks !== undefined;
  if (rule === undefined || (conditional && gate.approvals.length >= rule.required))
    return explainConditions(stage, now);
  const given = gate.approvals.map(({ person }) => person);
  const so = given.length === 0 ? "" : `, ${given.join(", ")} approved`;
  const voided = gate.voided.length === 0 ? "" : `; earlier approvals no longer count: ${gate.voided.at(-1)}`;
  return `${rule.required} approval${rule.required === 1 ? "" : "s"} from ${rule.from.join(" or ")}${so}, until ${when(gate.expiresAt)}${voided}`;
}
