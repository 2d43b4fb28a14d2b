import type { PipelineDefinition, Platform } from "./definition.ts";

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
  | { readonly type: "pull-request"; readonly number: number; readonly fork: boolean }
  | { readonly type: "manual"; readonly by: string }
  | { readonly type: "base-image"; readonly repository: string; readonly digest: string };

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

/** What a deployment would change, fixed when the gate opens. */
export interface PreparedDeployment {
  readonly cluster: string;
  readonly service: string;
  /** The service's ARN. */
  readonly serviceArn: string;
  /** The task definition the change starts from (ARN). */
  readonly baseTaskDefinition: string;
  /** By container: the image now, and the image of the release. */
  readonly images: Readonly<Record<string, { readonly from: string; readonly to: string }>>;
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
      readonly deployments: readonly PreparedDeployment[];
    }
  | ({
      readonly type: "approval.given";
      readonly stage: string;
      readonly release: string;
      readonly comment?: string;
    } & Decider)
  | ({
      readonly type: "approval.refused";
      readonly stage: string;
      readonly release: string;
      readonly comment?: string;
    } & Decider)
  | { readonly type: "approval.expired"; readonly stage: string }
  /** `round`: how often the gate had been voided when its quorum was reached; absent: never. */
  | { readonly type: "stage.deploying"; readonly stage: string; readonly round?: number }
  | ({ readonly type: "deployment.requested"; readonly lease: number } & DeploymentKey)
  | ({
      readonly type: "deployment.started";
      readonly serviceArn: string;
      readonly taskDefinition: string;
      readonly deploymentId: string;
    } & DeploymentKey)
  | ({
      readonly type: "deployment.reported";
      readonly deploymentId: string;
      readonly state: "COMPLETED" | "FAILED";
      readonly reason: string;
    } & DeploymentKey)
  | ({
      readonly type: "deployment.succeeded";
      readonly tasks: TaskCounts;
      readonly digests: readonly string[];
    } & DeploymentKey)
  | ({
      readonly type: "deployment.failed";
      readonly failure: Failure;
      readonly rolledBack: boolean;
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
  | { readonly type: "github.report-requested"; readonly lease: number }
  | {
      readonly type: "github.reported";
      /** By the key of a report: a status's context, or a deployment. */
      readonly said: Readonly<Record<string, Said>>;
      /** Why some of it could not be said. */
      readonly problem?: string;
    }
);

/** What GitHub has been told about one thing. */
export interface Said {
  readonly state: string;
  readonly description: string;
  /** The check run or deployment at GitHub. */
  readonly id?: number;
  /** GitHub refused to hear it, and is not asked again before there is something new. */
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
