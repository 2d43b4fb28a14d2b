/**
 * A pipeline as the core sees it: every default filled in, every name checked. `shared/definition` makes
 * it from a file; a run keeps the one it began with.
 */

import type { MessageChannel } from "./message-channel.ts";

/** An OCI platform, `os/architecture[/variant]`. */
export type Platform = "linux/amd64" | "linux/arm64" | "linux/arm/v7";

export type Mode = "superseded" | "queued" | "parallel";

/** CodeBuild's on-demand compute types that can build images. */
export type ComputeType =
  | "BUILD_GENERAL1_SMALL"
  | "BUILD_GENERAL1_MEDIUM"
  | "BUILD_GENERAL1_LARGE"
  | "BUILD_GENERAL1_XLARGE"
  | "BUILD_GENERAL1_2XLARGE";

/** Which commits of a repository make a run. */
export interface Filters {
  /** Globs; an empty list matches no branch. */
  readonly branches: readonly string[];
  readonly tags: readonly string[];
  /** Globs over the changed files; those with `!` exclude, and win. Empty: any change. */
  readonly paths: readonly string[];
  /** Authors whose commits make no run: e-mail addresses, or logins at GitHub. */
  readonly ignoreAuthors: readonly string[];
}

export interface CodeCommitSource extends Filters {
  readonly type: "codecommit";
  readonly repository: string;
  /** Whether pull requests are built (and never deployed); what came of it is commented on them. */
  readonly pullRequests: "off" | "build-only";
  /** Whether the build's outcome is a pull request's approval state, too. */
  readonly approvalState: boolean;
}

export interface GitHubSource extends Filters {
  readonly type: "github";
  /** `OWNER/NAME`. */
  readonly repository: string;
  /** Whether pull requests of the repository itself are built (and never deployed). */
  readonly pullRequests: "off" | "build-only";
  /** Whether pull requests from forks are built, without push rights and without secrets. */
  readonly forks: "off" | "build-only";
  /** Whether a published release starts a run of its tag, too. */
  readonly releases: boolean;
  /** The ARN of an AWS CodeConnections connection that builds read the repository with. */
  readonly connection?: string;
}

export type SourceDefinition = CodeCommitSource | GitHubSource;

export interface ImageDefinition {
  /** The ECR repository. */
  readonly name: string;
  /** The build context, relative to the repository's root. */
  readonly context: string;
  /** The Dockerfile, relative to the repository's root. */
  readonly dockerfile: string;
  readonly platforms: readonly Platform[];
  /** Tag templates, e.g. `{branch}`. */
  readonly tags: readonly string[];
  readonly compute: Readonly<Partial<Record<Platform, ComputeType>>>;
  /** Minutes, 5 to 2160. */
  readonly timeoutMinutes: number;
  /** A buildspec of the repository under build; Tandem's own when absent. */
  readonly buildspec?: string;
  /** Globs over the changed files; when none matches, the last published index is used again. Empty: always built. */
  readonly paths: readonly string[];
  /** `public.ecr.aws/ALIAS`: the image goes to ECR Public; absent: to this account's ECR. */
  readonly registry?: string;
  /** How much BuildKit records of how the image was built; absent: nothing. */
  readonly provenance?: "min" | "max";
  /** Whether BuildKit lists what is in the image. */
  readonly sbom?: true;
  /** What ECR expires; absent: nothing, ever. */
  readonly retention?: Retention;
}

/** What of an image's repository stays: what a stage runs stays in any case. */
export interface Retention {
  /** How many releases of each stage stay, to go back to. */
  readonly releases: number;
  /** Days after which everything else goes: what no stage ever ran, and what failed builds left behind. */
  readonly days: number;
  /** Tags, `*` for any characters, that keep an image for ever. */
  readonly keepTags: readonly string[];
}

export interface ApprovalRule {
  /** Any member of any of these groups may decide. */
  readonly from: readonly string[];
  /** How many distinct people must approve. */
  readonly required: number;
  /** Milliseconds after the gate opened; the run ends at the stage then. */
  readonly expiresAfter: number;
  /** Whether author, committer, pusher or starter may approve. */
  readonly selfApproval: boolean;
}

export interface CapacityProvider {
  readonly base: number;
  readonly weight: number;
}

/** Capacity provider name to base and weight. */
export type Capacity = Readonly<Record<string, CapacityProvider>>;

/** As ECS names them in `ecs.cpu-architecture` and in task definitions (there in capitals). */
export type CpuArchitecture = "x86_64" | "arm64";

/** Where a deployment's task definition starts from. */
export type TaskDefinitionSource =
  /** The revision the service runs. */
  | { readonly from: "service" }
  /** The newest active revision of the family that the service runs. */
  | { readonly from: "family" }
  /** A JSON file of the repository at the commit; `${NAME}` in its texts is replaced by the variables. */
  | { readonly from: "file"; readonly file: string; readonly variables: Readonly<Record<string, string>> };

/** How ECS replaces the tasks: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html */
export interface DeploymentStrategy {
  readonly type: "rolling" | "blue-green" | "linear" | "canary";
  /** Percent of the traffic in a step of `linear`, or in the first of `canary`. */
  readonly percent?: number;
  /** Minutes between two steps. */
  readonly stepMinutes?: number;
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html */
export interface CircuitBreaker {
  readonly rollback: boolean;
  /** Failed tasks after which the deployment has failed: a count, or percent of the desired count. */
  readonly threshold?: { readonly type: "count" | "percent"; readonly value: number };
}

/** A task that runs once, with the release's images, before or after a deployment. */
export interface OneOffTask {
  /** What people know it by, e.g. `migrate`. */
  readonly run: string;
  readonly container: string;
  readonly command: readonly string[];
  /** The hosts it may run on; any when absent. */
  readonly architecture?: CpuArchitecture;
  readonly timeoutMinutes: number;
}

/** New weights of the capacity providers, once the release runs. */
export interface ShiftStep {
  readonly weights: Readonly<Record<string, number>>;
  /** Minutes the step must hold, with no alarm, before the next. */
  readonly bakeMinutes: number;
}

/**
 * Stages of a deployment at which ECS can wait for us: while traffic moves it cannot.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html
 */
export const PAUSE_STAGES = [
  "RECONCILE_SERVICE",
  "PRE_SCALE_UP",
  "POST_SCALE_UP",
  "POST_TEST_TRAFFIC_SHIFT",
  "PRE_PRODUCTION_TRAFFIC_SHIFT",
  "POST_PRODUCTION_TRAFFIC_SHIFT",
] as const;

export type PauseStage = (typeof PAUSE_STAGES)[number];

export interface EcsDeployment {
  readonly cluster: string;
  readonly service: string;
  /** Container name to image name. */
  readonly containers: Readonly<Record<string, string>>;
  /** Absent: the service keeps its own strategy. */
  readonly capacity?: Capacity;
  /** Absent: the revision the service runs. */
  readonly taskDefinition?: TaskDefinitionSource;
  /** Absent: the service keeps its own. */
  readonly strategy?: DeploymentStrategy;
  readonly circuitBreaker?: CircuitBreaker;
  /** CloudWatch alarms that must not ring while the release settles. */
  readonly alarms?: readonly string[];
  /** Minutes the release must hold before the deployment has succeeded. */
  readonly bakeMinutes?: number;
  /** When an image lacks the architecture of a host: refuse, or use only the hosts that fit. Absent: refuse. */
  readonly missingArchitecture?: "refuse" | "constrain";
  /** When the release runs on one architecture and fails on the other. Absent: fail. */
  readonly onArchitectureFailure?: "fail" | "quarantine";
  readonly before?: readonly OneOffTask[];
  readonly after?: readonly OneOffTask[];
  /** Weights to go to step by step, once the release runs. */
  readonly shift?: readonly ShiftStep[];
  /** Services of the stage that must have succeeded first; only where the order is `parallel`. */
  readonly needs?: readonly string[];
  /** Services of one pair are rolled together and go back together, e.g. an x86 and an arm64 service on Fargate. */
  readonly pair?: string;
}

export interface StageDefinition {
  readonly name: string;
  /** Where people find what the stage runs, `https://…`; GitHub shows it beside its deployments. */
  readonly url?: string;
  readonly approval?: ApprovalRule;
  readonly deploy: readonly EcsDeployment[];
  /** Absent: in order. */
  readonly order?: "in-order" | "parallel";
  /** What becomes of services already moved when another fails. Absent: they go back. */
  readonly onFailure?: "go-back" | "stay";
  /** Where ECS waits for the approvals of the stage's rule once more. */
  readonly pauseAt?: readonly PauseStage[];
  /** When it may begin. */
  readonly window?: WindowRule;
  /** What must hold when it begins. */
  readonly checks?: readonly Check[];
  /** Groups whose members may let it begin in spite of window and checks. */
  readonly overrides?: readonly string[];
}

/** Whether something stands between entering the stage and deploying. */
export function isGated({ approval, window, checks }: StageDefinition): boolean {
  return approval !== undefined || window !== undefined || (checks ?? []).length > 0;
}

export interface WindowRule {
  /** An IANA time zone, e.g. `Asia/Tokyo`. */
  readonly timezone: string;
  /** Empty: at any hour. */
  readonly open: readonly WeeklyHours[];
  readonly frozen: readonly FrozenDates[];
  /** Milliseconds since the epoch. */
  readonly notBefore?: number;
}

export interface WeeklyHours {
  /** Monday is 1, as in ISO 8601. */
  readonly days: readonly number[];
  /** Minutes after midnight; `to` is up to 1440, and less than `from` when the hours go past midnight. */
  readonly from: number;
  readonly to: number;
}

/** Whole days, both included: `2026-12-24`. */
export interface FrozenDates {
  readonly from: string;
  readonly to: string;
}

/** ECR's words for how bad a finding is: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html */
export const SEVERITIES = ["critical", "high", "medium", "low"] as const;

export type Severity = (typeof SEVERITIES)[number];

export type Check =
  /** A Lambda function that answers `{"ok": true}`, or `{"ok": false, "reason": "…"}`. */
  | { readonly type: "lambda"; readonly function: string }
  /** An address that must answer GET with a 2xx. */
  | { readonly type: "http"; readonly url: string }
  /** A CloudWatch alarm that must be OK. */
  | { readonly type: "alarm"; readonly alarm: string }
  /** ECR's scan of every image on every platform, without findings of this severity or above. */
  | { readonly type: "scan"; readonly severity: Severity };

export interface PipelineDefinition {
  readonly name: string;
  readonly source: SourceDefinition;
  readonly mode: Mode;
  readonly images: readonly ImageDefinition[];
  readonly stages: readonly StageDefinition[];
  /** Group name to the people in it, by IAM user or role session name. Role names are groups without being listed. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** A person's name to the other names of the same person: logins, addresses, ARNs, `ISSUER#SUBJECT`. */
  readonly identities?: Readonly<Record<string, readonly string[]>>;
  /** EventBridge schedule expressions at which the first branch's tip is built and delivered anew. */
  readonly schedule: readonly string[];
  /** ECR repositories of this account whose new images start a run: base images. */
  readonly rebuildOn: readonly string[];
  /** Who is told of its runs. */
  readonly messages?: readonly MessageChannel[];
}
