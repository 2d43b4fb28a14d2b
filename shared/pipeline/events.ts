import type { Capacity, CpuArchitecture, PipelineDefinition, Platform } from "./definition.ts";
import type { ArchitectureVerdict } from "./verdict.ts";

/**
 * Everything that can happen to a run, in past tense. `….requested` is a claim: whoever appends it is the one
 * who acts, and `lease` tells apart a claim taken over from the one before.
 */

/** Milliseconds since the epoch, as the edge's clock said. */
export type Instant = number;

/** One commit, as the source named it. */
export interface Revision {
  readonly repository: string;
  /** `refs/heads/…` or `refs/tags/…`. */
  readonly ref: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
  /** The commit before, absent when the ref was created. */
  readonly before?: string;
}

/** Why a run began. */
export type Trigger =
  | { readonly type: "push" | "release" | "schedule" }
  /** Nobody told of the commit: the sweep found it at the tip of its branch. */
  | { readonly type: "head" }
  /** Built only; of a `fork`, without push rights and without secrets. */
  | {
      readonly type: "pull-request";
      readonly number: number;
      readonly fork: boolean;
      /** CodeCommit's name of what is approved: the pull request as it stood then. */
      readonly revisionId?: string;
    }
  | { readonly type: "manual"; readonly by: string }
  | { readonly type: "base-image"; readonly repository: string; readonly digest: string }
  /** Back to the release of an earlier run, in one stage; the stage is held afterwards. */
  | { readonly type: "rollback"; readonly by: string; readonly to: string; readonly reason: string }
  /** The release of `of` once more in one stage, on every architecture again. */
  | { readonly type: "unquarantine"; readonly by: string; readonly of: string; readonly reason: string }
  /** The release stays; the weights of the capacity providers change. */
  | { readonly type: "shift"; readonly by: string; readonly of: string };

/** Whether a run only moves what an earlier one has released: it builds nothing, and is no news of its branch. */
export function isDerived(trigger: Trigger): boolean {
  return trigger.type === "rollback" || trigger.type === "unquarantine" || trigger.type === "shift";
}

/** An index published by an earlier run, used again because the image's paths have not changed. */
export interface PublishedIndex {
  readonly runId: string;
  readonly sequence: number;
  readonly commit: string;
  readonly repositoryUri: string;
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  /** The digests of its platforms: what a host may name instead of the index. */
  readonly children: readonly string[];
}

/** The people behind a commit, as raw identities (e-mail, ARN, login). */
export interface People {
  readonly author?: string;
  readonly committer?: string;
  readonly pusher?: string;
  /** Whoever started the run by hand. */
  readonly starter?: string;
  /** The other names that this person was known by then. */
  readonly starterNames?: readonly string[];
}

/** An image of one platform, as its build reported it. */
export interface BuiltImage {
  /** Of the pushed manifest, or of the single-entry index around it. */
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  /** The configuration the build read back from the registry, and the platform written in it. */
  readonly configDigest: string;
  readonly configPlatform: string;
  /** The commit's own time, as the build found it in its checkout. */
  readonly committedAt?: Instant;
}

/** What a build that may not push leaves behind: only that it succeeded. */
export type Built = BuiltImage | "unpushed";

/** Why something failed, for a person: what, on which resource, and the remedy when there is one. */
export interface Failure {
  readonly reason: string;
  readonly remedy?: string;
}

export interface Decider {
  /** The person, as `approvals.ts` compares people. */
  readonly person: string;
  /** The raw identity, e.g. an ARN. */
  readonly identity: string;
  /** Other names of the same person, as they were known then. */
  readonly aliases?: readonly string[];
  /** From where: `jwt` or `iam`, and the address; or the service that passed it on. */
  readonly from?: string;
}

/** Tasks by architecture (`x86_64`, `arm64`) that run the release. */
export type TaskCounts = Readonly<Record<string, number>>;

export interface BuildKey {
  readonly image: string;
  readonly platform: Platform;
}

export interface DeploymentKey {
  readonly cluster: string;
  readonly stage: string;
  readonly service: string;
}

/** One value of a task definition that the release changes. */
export interface FieldChange {
  /** E.g. `containerDefinitions.web.environment.LOG_LEVEL`. */
  readonly path: string;
  readonly from?: string;
  readonly to?: string;
}

/** What a deployment would change, fixed when the gate opens. */
export interface PreparedDeployment {
  readonly cluster: string;
  readonly service: string;
  /** The service's ARN. */
  readonly serviceArn: string;
  /** The task definition the service runs (ARN): what is gone back to. */
  readonly baseTaskDefinition: string;
  /** The task definition the change starts from, when that is another one. */
  readonly fromTaskDefinition?: string;
  /** By container: the image now, and the image of the release. */
  readonly images: Readonly<Record<string, { readonly from: string; readonly to: string }>>;
  /** Everything else that changes in the task definition. */
  readonly changes?: readonly FieldChange[];
  /** The strategy of the service as it is: what is gone back to. */
  readonly baseCapacity?: Capacity;
  /** The strategy it gets, when that is another one. */
  readonly capacity?: Capacity;
  /** The architecture an earlier release of ours has confined the service to: gone back to, too. */
  readonly baseConstrainTo?: CpuArchitecture;
  /** The architectures behind the service, and what stands behind each, for people. */
  readonly hosts?: Readonly<Partial<Record<CpuArchitecture, readonly string[]>>>;
  /** The architecture the service is confined to, because an image lacks the other. */
  readonly constrainTo?: CpuArchitecture;
  /** Capacity providers whose hosts do not fit then: their weight is 0 meanwhile. */
  readonly idle?: readonly string[];
  /** What could not be checked, or is worth knowing. */
  readonly notes?: readonly string[];
  /** Why going back would not work; empty when it would. Only looked at where people decide. */
  readonly rollbackProblems?: readonly string[];
}

/** A one-off task of a deployment. */
export interface TaskKey extends DeploymentKey {
  readonly when: "before" | "after";
  /** Its place in the definition's list, from 0. */
  readonly index: number;
}

/** An architecture that the release failed on and that the service does without. */
export interface Quarantine {
  readonly architecture: CpuArchitecture;
  /** The capacity providers whose weight is 0 since. */
  readonly providers: readonly string[];
  readonly failure: Failure;
}

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
      readonly state: "COMPLETED" | "FAILED";
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
  | { readonly type: "stage.left"; readonly stage: string }
  /** `stage`: where the newer run took its place; what is said of a stage that the run has left is late. */
  | { readonly type: "run.superseded"; readonly by: string; readonly stage?: string }
  | {
      readonly type: "run.finished";
      readonly outcome: "succeeded" | "failed" | "stopped";
      readonly reason: string;
    }
  /** The next in the queue has been told; only in `queued` mode. */
  | { readonly type: "run.closed" }
  | { readonly type: "report.requested"; readonly lease: number }
  | {
      readonly type: "report.made";
      /** By the key of a report: a status's context, a deployment, a comment. */
      readonly said: Readonly<Record<string, Said>>;
      /** Why some of it could not be said. */
      readonly problem?: string;
    }
);

/** What one check before a stage said. */
export interface CheckResult {
  /** E.g. `alarm web-5xx`. */
  readonly name: string;
  readonly state: "passed" | "failed";
  /** Why it failed, or what passed. */
  readonly why?: string;
}

/** What has been seen running. */
export interface Seen {
  readonly tasks: TaskCounts;
  readonly digests: readonly string[];
  /** Absent in what was recorded before verdicts were. */
  readonly verdict?: readonly ArchitectureVerdict[];
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContinueServiceDeployment.html */
export type PauseAction = "CONTINUE" | "ROLLBACK";

export interface Pause {
  readonly serviceDeploymentArn: string;
  readonly hookId: string;
  readonly lifecycleStage: string;
  /** ECS does the hook's time-out action then. */
  readonly expiresAt: Instant;
}

/** What the commit's host has been told about one thing. */
export interface Said {
  readonly state: string;
  readonly description: string;
  /** The check run or deployment at GitHub, the comment in CodeCommit. */
  readonly id?: number | string;
  /** The host refused to hear it, and is not asked again before there is something new. */
  readonly refused?: true;
}

export interface SkippedTag {
  readonly tag: string;
  readonly why: string;
}

/** Where a build's log is: a CloudWatch Logs stream, and the console's page of it. */
export interface LogLocation {
  readonly group: string;
  readonly stream: string;
  readonly link?: string;
}

export type RunEventType = RunEvent["type"];

/** An event of one type, e.g. `RunEventOf<"build.started">`. */
export type RunEventOf<T extends RunEventType> = Extract<RunEvent, { readonly type: T }>;
