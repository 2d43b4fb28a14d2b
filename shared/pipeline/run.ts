import type { ImageDefinition, PipelineDefinition, Platform, StageDefinition } from "./definition.ts";
import type {
  Built,
  CheckResult,
  Decider,
  Failure,
  Instant,
  LogLocation,
  Pause,
  PauseAction,
  People,
  PreparedDeployment,
  Quarantine,
  Revision,
  Said,
  Seen,
  SkippedTag,
  Trigger,
} from "./events.ts";
import type { Told } from "./telling-events.ts";
import type { ArchitectureVerdict } from "./verdict.ts";

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

/** A pause of a deployment, and what our people say to it. */
export interface PauseState extends Pause {
  readonly since: Instant;
  readonly approvals: readonly Approval[];
  readonly refusedBy?: Decider;
  readonly answering?: Claim;
  readonly answered?: PauseAction;
}

/** What ECS says of a deployment that has come to its end. */
export interface ReportedEnd {
  readonly state: "COMPLETED" | "FAILED";
  readonly reason: string;
}

export type DeploymentState =
  /** `taskDefinition`: the revision of an earlier step, or of the task before. */
  | { readonly status: "pending"; readonly since?: Instant; readonly taskDefinition?: string }
  /** `ended`: deployments of the service whose end ECS has told of meanwhile; one of them may turn out to be ours. */
  | ({
      readonly status: "requested";
      readonly taskDefinition?: string;
      readonly ended?: readonly (ReportedEnd & { readonly deploymentId: string })[];
    } & Claim)
  | {
      readonly status: "in-progress";
      readonly taskDefinition: string;
      readonly deploymentId: string;
      readonly since: Instant;
      readonly reported?: ReportedEnd;
      /** A deployment that ECS has begun since: ours may no longer be what the service becomes. */
      readonly another?: string;
      readonly pause?: PauseState;
    }
  | ({
      readonly status: "baking";
      readonly taskDefinition: string;
      readonly deploymentId: string;
      readonly since: Instant;
      readonly until: Instant;
      readonly another?: string;
    } & Seen)
  | ({ readonly status: "succeeded"; readonly taskDefinition: string } & Seen)
  | {
      readonly status: "failed";
      readonly failure: Failure;
      readonly rolledBack: boolean;
      readonly undo?: true;
      /** Absent: it was not begun. */
      readonly deploymentId?: string;
      readonly taskDefinition?: string;
      readonly verdict?: readonly ArchitectureVerdict[];
    };

/** A one-off task on its way; one that is not there has not been asked for. */
export type OneOffState =
  | ({ readonly status: "requested" } & Claim)
  | {
      readonly status: "running";
      readonly taskArn: string;
      readonly since: Instant;
      readonly reported: boolean;
    }
  | { readonly status: "succeeded"; readonly lines: readonly string[] }
  | { readonly status: "failed"; readonly failure: Failure; readonly lines: readonly string[] };

/** The way back of a service to what it was before the stage. */
export type Return =
  | ({ readonly status: "requested" } & Claim)
  | { readonly status: "in-progress"; readonly deploymentId: string; readonly since: Instant }
  | { readonly status: "succeeded" }
  | { readonly status: "failed"; readonly failure: Failure };

export interface Deployment {
  readonly prepared: PreparedDeployment;
  readonly state: DeploymentState;
  /** How many steps are done; 0, or absent, while the release itself is on its way. */
  readonly step?: number;
  /** By `WHEN/INDEX`. */
  readonly tasks?: Readonly<Record<string, OneOffState>>;
  readonly quarantine?: Quarantine;
  /** The deployment that failed on the architecture in quarantine: what is still told of it is late. */
  readonly failedDeployment?: string;
  /** The deployment of the step before. */
  readonly doneDeployment?: string;
  /** Hook and stage of every pause there was: what is told of them again is late. */
  readonly pauses?: readonly string[];
  readonly back?: Return;
}

/** What is asked of the release managers, and what they have said so far. */
export interface Gate {
  readonly release: string;
  readonly openedAt: Instant;
  readonly expiresAt: Instant;
  readonly approvals: readonly Approval[];
  /** Why earlier approvals no longer count. */
  readonly voided: readonly string[];
  /** What the checks said last, and when. */
  readonly checked?: { readonly at: Instant; readonly results: readonly CheckResult[] };
  /** Since when the stage could begin but for its checks. */
  readonly checkingSince?: Instant;
  readonly override?: Override;
}

/** Who let the stage begin in spite of window and checks, and why. */
export interface Override extends Decider {
  readonly at: Instant;
  readonly reason: string;
}

export type StageState =
  | { readonly status: "pending" }
  | { readonly status: "waiting"; readonly since: Instant; readonly behind: string; readonly why: string }
  | { readonly status: "gated"; readonly since: Instant; readonly deployments: readonly Deployment[] }
  | { readonly status: "deploying"; readonly since: Instant; readonly deployments: readonly Deployment[] }
  | StageEnd;

/** How a stage ended; `left` once the stage is free for the next run, with what could not be done then. */
export type StageEnd = {
  readonly left: boolean;
  readonly problems?: readonly string[];
  readonly deployments: readonly Deployment[];
} & (
  | { readonly status: "succeeded"; readonly since: Instant; readonly until: Instant }
  | {
      readonly status: "failed" | "rolled-back" | "refused" | "expired" | "stopped";
      readonly failure: Failure;
    }
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
  /** What the commit's host has been told, by key. */
  readonly reported: Readonly<Record<string, Said>>;
  /** While somebody tells it. */
  readonly reporting?: Claim;
  /** Why it does not show everything as it is. */
  readonly reportProblem?: string;
  /** What the channels of the pipeline have been told, by their ids and by what it is about. */
  readonly told?: Readonly<Record<string, Readonly<Record<string, Told>>>>;
  /** While somebody tells them. */
  readonly messaging?: Claim;
  /** Who wants it to end, and why. */
  readonly stop?: Decider & { readonly at: Instant; readonly reason: string };
  /** `CLUSTER/SERVICE` to the task definition that a rollback goes back to. */
  readonly restore?: Readonly<Record<string, string>>;
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

/** Why the gate of a stage has been opened anew, each time. */
export function voidedGates(run: Run, stage: string): readonly string[] {
  return run.stages.find(({ definition }) => definition.name === stage)?.gate?.voided ?? [];
}

/** How often the gate of a stage has been voided: tells what is said of the gate as it is now from what was said before. */
export function gateRound(run: Run, stage: string): number {
  return voidedGates(run, stage).length;
}

/** What the release does without, in every stage: empty when it is whole. */
export function quarantinesOf(
  run: Run,
): readonly { readonly stage: string; readonly deployment: Deployment; readonly quarantine: Quarantine }[] {
  return run.stages.flatMap(({ definition, state }) =>
    deploymentsOf(state).flatMap((deployment) =>
      deployment.quarantine === undefined || deployment.state.status === "failed"
        ? []
        : [{ stage: definition.name, deployment, quarantine: deployment.quarantine }],
    ),
  );
}
