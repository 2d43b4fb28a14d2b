import type { Capacity, CpuArchitecture, Platform } from "./definition.ts";
import type { ArchitectureVerdict } from "./verdict.ts";

/** The words that events are made of: what a build left behind, who decided, what a deployment would change. */

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
  /** From where it was started by hand, for the record. */
  readonly starterFrom?: string;
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
