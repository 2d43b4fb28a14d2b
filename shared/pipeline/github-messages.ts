import { quorum } from "./approvals.ts";
import { buildFailure, sentence } from "./messages.ts";
import { redact } from "./redact.ts";
import { type Build, type ImageState, isTerminal, type Run, type Stage } from "./run.ts";

/** What GitHub shows of a run, in a line beside the commit. Everybody who may see the repository reads it: no people. */

/** GitHub takes 140 characters; what is longer ends in an ellipsis. */
const LONGEST = 140;

/** Fits a sentence into a status, without secrets, and without half a character at its end. */
export function line(text: string): string {
  const clean = redact(text).replace(/\s+/g, " ").trim();
  if (clean.length <= LONGEST) return clean;
  let kept = "";
  for (const character of clean) {
    if (kept.length + character.length > LONGEST - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

export function buildLine(run: Run, { attempt, state }: Build): string {
  const again = attempt === 1 ? "" : ` (attempt ${attempt})`;
  switch (state.status) {
    case "pending":
    case "requested":
      return `${isTerminal(run) ? "not built, since the run has ended" : "is to be built"}${again}`;
    case "running":
      return `builds${again}`;
    case "succeeded":
      return `built in ${Math.round((state.until - state.since) / 1000)} s${again}`;
    case "stopped":
      return "stopped, since another build failed";
    case "failed":
      return `failed: ${buildFailure(state)}${again}`;
  }
}

export function usedAgainLine(runId: string): string {
  return `none of its paths has changed: the index of ${runId} is used again`;
}

export function indexLine(run: Run, state: ImageState): string {
  switch (state.status) {
    case "unpublished":
      return isTerminal(run)
        ? "not published, since the run has ended"
        : "is published when every platform is built";
    case "publishing":
      return isTerminal(run) ? "not published, since the run has ended" : "is being published";
    case "published":
      if (state.reusedFrom !== undefined) return usedAgainLine(state.reusedFrom);
      return `published${state.tags.length === 0 ? "" : ` as ${state.tags.join(", ")}`}: ${state.digest.slice(0, 19)}`;
    case "failed":
      return `failed: ${sentence(state.failure)}`;
  }
}

export function stageLine(run: Run, stage: Stage): string {
  const { state } = stage;
  if (run.status.status === "superseded" && !("left" in state)) return `superseded by ${run.status.by}`;
  switch (state.status) {
    case "pending":
      return "is next";
    case "waiting":
      return `waits: ${state.why}`;
    case "gated":
      return isTerminal(run) ? "the run has ended" : `waits for ${approvalsLeft(stage)}`;
    case "deploying":
      return isTerminal(run) ? "the run has ended" : deploymentLine(stage);
    case "succeeded":
      return "runs the release";
    case "stopped":
      return "the run was stopped";
    case "refused":
      return `refused: \`tandem explain ${run.id}\` says why`;
    case "failed":
    case "rolled-back":
    case "expired":
      return `${state.status}: ${sentence(state.failure)}`;
  }
}

/** "2 of 2 approvals from release-managers". */
function approvalsLeft(stage: Stage): string {
  const { approval } = stage.definition;
  if (approval === undefined) return "its gate";
  const { required, from } = approval;
  const left = Math.max(0, required - quorum(stage).given);
  return `${left} of ${required} approval${required === 1 ? "" : "s"} from ${from.join(" or ")}`;
}

export function deploymentLine({ definition }: Stage): string {
  return `deploys ${definition.deploy.map(({ service }) => service).join(", ")}`;
}

export function notDeployedAfterAll(): string {
  return "not deployed after all";
}

export function nobodyReports(): string {
  return "GitHub is told nothing: its secret holds neither a GitHub App nor a token; put one there, see `tandem doctor`";
}
