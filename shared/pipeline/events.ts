import type { PipelineDefinition } from "./definition.ts";
import type {
  BuildKey,
  Built,
  CheckResult,
  Decider,
  DeploymentKey,
  Failure,
  Instant,
  LogLocation,
  Pause,
  PauseAction,
  People,
  PreparedDeployment,
  PublishedIndex,
  Quarantine,
  Revision,
  Seen,
  SkippedTag,
  TaskKey,
  Trigger,
} from "./event-words.ts";
import type { TellingEvent } from "./telling-events.ts";
import type { ArchitectureVerdict } from "./verdict.ts";

export type * from "./event-words.ts";
export { isDerived } from "./event-words.ts";

/**
 * Everything that can happen to a run, in past tense. `….requested` is a claim: whoever appends it is the one
 * who acts, and `lease` tells apart a claim taken over from the one before.
 */
export type RunEvent = { readonly at: Instant } & (
  | {
      readonly type: "run.started";
      readonly runId: string;
      readonly sequence: number;
      readonly revision: Revision;
      readonly people: People;
      readonly deliveryId: string;
      readonly definition: PipelineDefinition;
      readonly trigger: Trigger;
      /** By image name: what is not built again. */
      readonly reused: Readonly<Record<string, PublishedIndex>>;
      /** `CLUSTER/SERVICE` to the task definition it ran with the release: what a rollback goes back to. */
      readonly restore?: Readonly<Record<string, string>>;
    }
  | ({ readonly type: "build.requested"; readonly attempt: number; readonly lease: number } & BuildKey)
  | ({ readonly type: "build.started"; readonly attempt: number; readonly buildId: string } & BuildKey)
  | ({
      readonly type: "build.succeeded";
      readonly attempt: number;
      readonly buildId: string;
      readonly built: Built;
    } & BuildKey)
  | ({
      readonly type: "build.failed";
      readonly attempt: number;
      readonly buildId?: string;
      readonly failure: Failure;
      /** Worth another attempt: provisioning, queue, FAULT. */
      readonly transient: boolean;
      readonly log?: LogLocation;
    } & BuildKey)
  | ({
      readonly type: "build.log-read";
      readonly attempt: number;
      readonly lines: readonly string[];
    } & BuildKey)
  | ({ readonly type: "build.stop-requested"; readonly attempt: number; readonly lease: number } & BuildKey)
  | ({ readonly type: "build.stopped"; readonly attempt: number } & BuildKey)
  | { readonly type: "index.publish-requested"; readonly image: string; readonly lease: number }
  | {
      readonly type: "index.published";
      readonly image: string;
      readonly repositoryUri: string;
      readonly digest: string;
      readonly size: number;
      readonly mediaType: string;
      readonly tags: readonly string[];
      /** Tags that could not be given, and why, e.g. an immutable tag that names another image. */
      readonly skippedTags: readonly SkippedTag[];
      readonly children: readonly string[];
    }
  | { readonly type: "index.failed"; readonly image: string; readonly failure: Failure }
  | { readonly type: "stage.waited"; readonly stage: string; readonly behind: string; readonly why: string }
  | {
      readonly type: "stage.entered";
      readonly stage: string;
      readonly deployments: readonly PreparedDeployment[];
    }
  | {
      /** What was shown has changed: the approvals no longer count, and the gate is open anew. */
      readonly type: "gate.voided";
      readonly stage: string;
      readonly why: string;
      /** `CLUSTER/SERVICE` that is another than it was; absent in what was recorded when a stage had one service. */
      readonly changed?: string;
      /** Which gate it is that somebody looked at while it was open; absent: the stage was deploying. */
      readonly round?: number;
      readonly deployments: readonly PreparedDeployment[];
    }
  | ({
      readonly type: "approval.given";
      readonly stage: string;
      readonly release: string;
      /** The pause it answers; absent: the gate before the stage. */
      readonly hookId?: string;
      readonly comment?: string;
    } & Decider)
  | ({
      readonly type: "approval.refused";
      readonly stage: string;
      readonly release: string;
      readonly hookId?: string;
      readonly comment?: string;
    } & Decider)
  | { readonly type: "approval.expired"; readonly stage: string }
  | ({ readonly type: "approval.withdrawn"; readonly stage: string; readonly release: string } & Decider)
  /** What the checks before the stage said. */
  | { readonly type: "checks.reported"; readonly stage: string; readonly results: readonly CheckResult[] }
  /** Window and checks no longer matter. */
  | ({ readonly type: "gate.overridden"; readonly stage: string; readonly reason: string } & Decider)
  /** A person wants the run to end; what is under way ends first. */
  | ({ readonly type: "run.stop-requested"; readonly reason: string } & Decider)
  | { readonly type: "stage.stopped"; readonly stage: string }
  /** `round`: how often the gate had been voided when its quorum was reached; absent: never. */
  | { readonly type: "stage.deploying"; readonly stage: string; readonly round?: number }
  | ({ readonly type: "deployment.requested"; readonly lease: number } & DeploymentKey)
  | ({
      readonly type: "deployment.started";
      /** Which step it is; absent in what was recorded before there were steps. */
      readonly step?: number;
      readonly serviceArn: string;
      readonly taskDefinition: string;
      readonly deploymentId: string;
      /** What was seen of the hosts, where nobody had to be shown it before. */
      readonly found?: Pick<PreparedDeployment, "hosts" | "constrainTo" | "idle" | "notes">;
    } & DeploymentKey)
  /** ECS waits at a stage of the deployment for an answer. */
  | ({ readonly type: "deployment.paused" } & Pause & DeploymentKey)
  | ({
      readonly type: "pause.answer-requested";
      readonly hookId: string;
      readonly lease: number;
    } & DeploymentKey)
  | ({
      readonly type: "pause.answered";
      readonly hookId: string;
      readonly action: PauseAction;
    } & DeploymentKey)
  /** The release runs, and has to hold for a while. */
  | ({
      readonly type: "deployment.baking";
      readonly deploymentId: string;
      readonly until: Instant;
    } & Seen &
      DeploymentKey)
  /** A step is done, and there is another; the release is step 0. */
  | ({ readonly type: "deployment.step-done"; readonly step: number } & DeploymentKey)
  /** The release runs on one architecture and fails on this one: it goes on without. */
  | ({
      readonly type: "deployment.quarantined";
      readonly deploymentId: string;
      readonly quarantine: Quarantine;
      readonly verdict: readonly ArchitectureVerdict[];
    } & DeploymentKey)
  | ({ readonly type: "return.requested"; readonly lease: number } & DeploymentKey)
  | ({ readonly type: "return.started"; readonly deploymentId: string } & DeploymentKey)
  | ({ readonly type: "return.ended"; readonly failure?: Failure } & DeploymentKey)
  | ({ readonly type: "task.requested"; readonly lease: number } & TaskKey)
  | ({
      readonly type: "task.started";
      readonly taskArn: string;
      readonly taskDefinition: string;
    } & TaskKey)
  /** ECS said that it has stopped. */
  | ({ readonly type: "task.reported"; readonly taskArn: string } & TaskKey)
  | ({
      readonly type: "task.ended";
      readonly failure?: Failure;
      /** The log's last lines. */
      readonly lines: readonly string[];
    } & TaskKey)
  | ({
      readonly type: "deployment.reported";
      readonly deploymentId: string;
      /** `IN_PROGRESS`: ECS has begun it, and told of the end of none. */
      readonly state: "IN_PROGRESS" | "COMPLETED" | "FAILED";
      readonly reason: string;
    } & DeploymentKey)
  | ({
      readonly type: "deployment.succeeded";
      /** Which was looked at; what is said of another is late. */
      readonly deploymentId?: string;
    } & Seen &
      DeploymentKey)
  | ({
      readonly type: "deployment.failed";
      readonly failure: Failure;
      readonly rolledBack: boolean;
      /** ECS had completed it, and takes nothing back any more: that is ours to do. */
      readonly undo?: true;
      readonly deploymentId?: string;
      readonly verdict?: readonly ArchitectureVerdict[];
    } & DeploymentKey)
  | { readonly type: "stage.failed"; readonly stage: string; readonly failure: Failure }
  /** `problems`: what could not be done about the images that the stage runs now, and stops nothing. */
  | { readonly type: "stage.left"; readonly stage: string; readonly problems?: readonly string[] }
  /** `stage`: where the newer run took its place; what is said of a stage that the run has left is late. */
  | { readonly type: "run.superseded"; readonly by: string; readonly stage?: string }
  | {
      readonly type: "run.finished";
      readonly outcome: "succeeded" | "failed" | "stopped";
      readonly reason: string;
    }
  /** The next in the queue has been told; only in `queued` mode. */
  | { readonly type: "run.closed" }
  | TellingEvent
);

export type RunEventType = RunEvent["type"];

/** An event of one type, e.g. `RunEventOf<"build.started">`. */
export type RunEventOf<T extends RunEventType> = Extract<RunEvent, { readonly type: T }>;
