import type { PipelineDefinition, Retention } from "../pipeline/definition.ts";
import { LIVE, type LifecyclePolicy, type LifecycleRule, RELEASE } from "../pipeline/lifecycle.ts";

/** More images than a repository will ever have under one tag pattern: a rule with it expires nothing. */
const ALL = 9999;

/** Runs that overlap may push in another order than they are released in; a release that is needed stays all the same. */
const OVERLAP = 10;

/** A policy has at most 50 rules: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html */
export const MOST_RULES = 50;

/**
 * The policy of an image's repository; undefined when a pipeline that builds the image expires nothing.
 *
 * An image that a rule selects by its tags is never expired by a rule of lower priority (a higher number). So what must stay
 * comes first: what runs, and the tags to be kept. Then, last stage first, the releases: what has come to production has come
 * to staging before, so that production's rule decides about it, and staging's about what got no further. What no rule has
 * selected goes with age. Children of an index are untagged; ECR keeps them as long as their index.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
 */
export function lifecyclePolicy(
  image: string,
  pipelines: readonly PipelineDefinition[],
): LifecyclePolicy | undefined {
  const uses = pipelines.flatMap((pipeline) =>
    pipeline.images
      .filter(({ name, registry }) => name === image && registry === undefined)
      .map(({ retention }) => ({ pipeline, retention })),
  );
  const retentions = uses.flatMap(({ retention }) => (retention === undefined ? [] : [retention]));
  if (uses.length === 0 || retentions.length < uses.length) return undefined;
  const tagged = (pattern: string, countNumber: number, description: string): Rule => ({
    description,
    selection: {
      tagStatus: "tagged",
      tagPatternList: [pattern],
      countType: "imageCountMoreThan",
      countNumber,
    },
  });
  const kept = [...new Set(retentions.flatMap(({ keepTags }) => keepTags))].sort();
  const rules: readonly Rule[] = [
    tagged(`${LIVE}*`, ALL, "What stages run stays."),
    ...kept.map((pattern) => tagged(pattern, ALL, `Tags ${pattern} stay.`)),
    ...uses.flatMap(({ pipeline, retention }) => releaseRules(image, pipeline, retention, tagged)),
    agedRule(Math.max(...retentions.map(({ days }) => days))),
  ];
  return {
    rules: rules.map((rule, index) => ({ rulePriority: index + 1, ...rule, action: { type: "expire" } })),
  };
}

type Rule = Omit<LifecycleRule, "rulePriority" | "action">;

function releaseRules(
  image: string,
  { name, mode, stages }: PipelineDefinition,
  retention: Retention | undefined,
  tagged: (pattern: string, count: number, description: string) => Rule,
): readonly Rule[] {
  const releases = retention?.releases ?? ALL;
  const count = mode === "parallel" ? releases + OVERLAP : releases;
  return stages
    .filter(({ deploy }) => deploy.some(({ containers }) => Object.values(containers).includes(image)))
    .map((stage) =>
      tagged(
        `${RELEASE}${name}.${stage.name}.*`,
        count,
        `The last ${releases} releases of ${name}'s ${stage.name} stay.`,
      ),
    )
    .reverse();
}

function agedRule(days: number): Rule {
  return {
    description: `Everything else goes after ${days} days.`,
    selection: { tagStatus: "any", countType: "sinceImagePushed", countUnit: "days", countNumber: days },
  };
}
