import type { ImageDefinition, PipelineDefinition, Platform, StageDefinition } from "./definition.ts";
import type {
  Built,
  Decider,
  Failure,
  Instant,
  LogLocation,
  People,
  PreparedDeployment,
  Revision,
  Said,
  SkippedTag,
  TaskCounts,
  Trigger,
} from "./events.ts";

/** The state of a run: what `evolve` makes of its events, and all that `plan` looks at. */

export type BuildState =
  | { readonly status: "pending" }
  | { readonly status: "requested"; readonly since: Instant; readonly lease: number }
  | { readonly status: "running"; readonly buildId: string; readonly since: Instant; readonly stop?: Claim }
  | {
      readonly status: "succeeded";
      readonly buildId: string;
      readonly built: Built;
      readonly since: Instant;
      readonly until: Instant;
    }
  | { readonly status: "stopped"; readonly buildId?: string }
  | {
      readonly status: "failed";
      readonly failure: Failure;
      readonly buildId?: string;
      readonly log?: LogLocation;
      /** The log's last lines, once they have been read. */
      readonly lines?: readonly string[];
    };

/** A claim on an act: since when, and how often it has been taken over (0 is the first). */
export interface Claim {
  readonly since: Instant;
  readonly lease: number;
}

export interface Build {
  readonly image: string;
  readonly platform: Platform;
  /** From 1; a transient fault adds one, up to `MAX_ATTEMPTS`. */
  readonly attempt: number;
  /** Why earlier attempts ended. */
  readonly retried: readonly Failure[];
  readonly state: BuildState;
}

export type ImageState =
  | { readonly status: "unpublished" }
  | ({ readonly status: "publishing" } & Claim)
  | {
      readonly status: "published";
      readonly repositoryUri: string;
      readonly digest: string;
      readonly size: number;
      readonly mediaType: string;
      readonly tags: readonly string[];
      readonly skippedTags: readonly SkippedTag[];
      readonly children: readonly string[];
      /** The run that published it, when this one did not have to build it. */
      readonly reusedFrom?: string;
      readonly at: Instant;
    }
  | { readonly status: "failed"; readonly failure: Failure };

export interface Image {
  readonly definition: ImageDefinition;
  readonly state: ImageState;
}

export interface Approval extends Decider {
  readonly at: Instant;
  readonly comment?: string;
}

export type DeploymentState =
  | { readonly status: "pending" }
  | ({ readonly status: "requested" } & Claim)
  | {
      readonly status: "in-progress";
      readonly taskDefinition: string;
      readonly deploymentId: string;
      readonly since: Instant;
      readonly reported?: { readonly state: "COMPLETED" | "FAILED"; readonly reason: string };
    }
  | {
      readonly status: "succeeded";
      readonly taskDefinition: string;
      readonly tasks: TaskCounts;
      readonly digests: readonly string[];
    }
  | {
      readonly status: "failed";
      readonly failure: Failure;
      readonly rolledBack: boolean;
      readonly taskDefinition?: string;
    };

export interface Deployment {
  readonly prepared: PreparedDeployment;
  readonly state: DeploymentState;
}

/** What is asked of the release managers, and what they have said so far. */
export interface Gate {
  readonly release: string;
  readonly openedAt: Instant;
  readonly expiresAt: Instant;
  readonly approvals: readonly Approval[];
  /** Why earlier approvals no longer count. */
  readonly voided: readonly string[];
}

export type StageState =
  | { readonly status: "pending" }
  | { readonly status: "waiting"; readonly since: Instant; readonly behind: string; readonly why: string }
  | { readonly status: "gated"; readonly since: Instant; readonly deployments: readonly Deployment[] }
  | { readonly status: "deploying"; readonly since: Instant; readonly deployments: readonly Deployment[] }
  | StageEnd;

/** How a stage ended; `left` once the stage is free for the next run. */
export type StageEnd = { readonly left: boolean; readonly deployments: readonly Deployment[] } & (
  | { readonly status: "succeeded"; readonly since: Instant; readonly until: Instant }
  | { readonly status: "failed" | "rolled-back" | "refused" | "expired"; readonly failure: Failure }
);

export interface Stage {
  readonly definition: StageDefinition;
  /** The gate as it was last open; stays when the stage goes on, so that a run shows who approved it. */
  readonly gate?: Gate;
  readonly state: StageState;
}

export type RunStatus =
  | { readonly status: "building" }
  | { readonly status: "publishing" }
  | { readonly status: "staging" }
  | { readonly status: "succeeded" | "failed" | "stopped"; readonly reason: string }
  | { readonly status: "superseded"; readonly by: string };

export interface Run {
  readonly id: string;
  readonly sequence: number;
  readonly definition: PipelineDefinition;
  readonly revision: Revision;
  readonly people: People;
  readonly deliveryId: string;
  readonly trigger: Trigger;
  readonly startedAt: Instant;
  readonly updatedAt: Instant;
  readonly status: RunStatus;
  readonly builds: readonly Build[];
  readonly images: readonly Image[];
  readonly stages: readonly Stage[];
  /** In `queued` mode: the run has ended, and the next has been told. */
  readonly closed: boolean;
  /** What GitHub has been told, by key. */
  readonly reported: Readonly<Record<string, Said>>;
  /** While somebody tells GitHub. */
  readonly reporting?: Claim;
  /** Why GitHub does not show everything as it is. */
  readonly reportProblem?: string;
}

/** Pull requests are built and nothing else. */
export function isBuildOnly(run: Run): boolean {
  return run.trigger.type === "pull-request";
}

/** A first attempt and two more. */
export const MAX_ATTEMPTS = 3;

/** Whether nothing more can happen to the run. */
export function isTerminal(run: Run): boolean {
  switch (run.status.status) {
    case "building":
    case "publishing":
    case "staging":
      return false;
    case "succeeded":
    case "failed":
    case "stopped":
    case "superseded":
      return true;
  }
}

/** The first stage that has not succeeded and been left; undefined when all have. */
export function currentStage(run: Run): Stage | undefined {
  return run.stages.find(({ state }) => !(state.status === "succeeded" && state.left));
}

/**
 * The release of a run: the index digests of its images in the order of the definition, joined by commas. What an
 * approval is bound to. Undefined until every image is published.
 */
export function releaseOf(run: Run): string | undefined {
  const digests: string[] = [];
  for (const { state } of run.images) {
    if (state.status !== "published") return undefined;
    digests.push(state.digest);
  }
  return digests.join(",");
}

export function isStageEnd(state: StageState): state is StageEnd {
  return "left" in state;
}

/** The stage's deployments, in order; none before the stage has been entered. */
export function deploymentsOf(state: StageState): readonly Deployment[] {
  return state.status === "pending" || state.status === "waiting" ? [] : state.deployments;
}

/** How often the gate of a stage has been voided: tells what is said of the gate as it is now from what was said before. */
export function gateRound(run: Run, stage: string): number {
  return run.stages.find(({ definition }) => definition.name === stage)?.gate?.voided.length ?? 0;
}
