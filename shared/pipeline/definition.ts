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

export interface CodeCommitSource {
  readonly type: "codecommit";
  readonly repository: string;
  /** Globs; an empty list matches no branch. */
  readonly branches: readonly string[];
  readonly tags: readonly string[];
}

export type SourceDefinition = CodeCommitSource;

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
}
