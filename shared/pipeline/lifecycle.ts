/**
 * What ECR expires. Its rules cannot see what ECS runs, so Tandem tells it by tags: one that moves with what a stage runs,
 * and one for every release of a stage. Dots are in no name of a pipeline or stage, so no two of them can be confused.
 */

export const LIVE = "tandem.live.";
export const RELEASE = "tandem.release.";

/** Begins every tag that is Tandem's own. */
export const OWN_TAGS = "tandem.";

/** The tag on what a stage runs; without a stage, on the pipeline's newest index, which later runs may use again. */
export function liveTag(pipeline: string, stage?: string): string {
  return LIVE + (stage === undefined ? pipeline : `${pipeline}.${stage}`);
}

/** The tag on what a run brought to a stage. Given once, so that immutable tags take it as well. */
export function releaseTag(pipeline: string, stage: string, sequence: number): string {
  return `${RELEASE}${pipeline}.${stage}.${sequence}`;
}

/** The tag that stands in for a moving one where tags are immutable; the same rule keeps both. */
export function fixedLiveTag(pipeline: string, stage: string, sequence: number): string {
  return `${liveTag(pipeline, stage)}.${sequence}`;
}

/** One rule, as far as Tandem makes them. https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html */
export interface LifecycleRule {
  readonly rulePriority: number;
  readonly description: string;
  readonly selection: {
    readonly tagStatus: "tagged" | "untagged" | "any";
    readonly tagPatternList?: readonly string[];
    readonly tagPrefixList?: readonly string[];
    readonly countType: string;
    readonly countUnit?: string;
    readonly countNumber: number;
  };
  readonly action: { readonly type: string };
}

export interface LifecyclePolicy {
  readonly rules: readonly LifecycleRule[];
}
