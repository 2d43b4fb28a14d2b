/**
 * A pipeline as the core sees it: every default filled in, every name checked. `shared/definition` makes
 * it from a file; a run keeps the one it began with.
 */

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

export interface EcsDeployment {
  readonly cluster: string;
  readonly service: string;
  /** Container name to image name. */
  readonly containers: Readonly<Record<string, string>>;
  /** Capacity provider name to base and weight; absent: the service keeps its own strategy. */
  readonly capacity?: Readonly<Record<string, CapacityProvider>>;
}

export interface StageDefinition {
  readonly name: string;
  /** Where people find what the stage runs, `https://…`; GitHub shows it beside its deployments. */
  readonly url?: string;
  readonly approval?: ApprovalRule;
  readonly deploy: readonly EcsDeployment[];
}

export interface PipelineDefinition {
  readonly name: string;
  readonly source: SourceDefinition;
  readonly mode: Mode;
  readonly images: readonly ImageDefinition[];
  readonly stages: readonly StageDefinition[];
  /** Group name to the people in it, by IAM user or role session name. Role names are groups without being listed. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** EventBridge schedule expressions at which the first branch's tip is built and delivered anew. */
  readonly schedule: readonly string[];
  /** ECR repositories of this account whose new images start a run: base images. */
  readonly rebuildOn: readonly string[];
}
