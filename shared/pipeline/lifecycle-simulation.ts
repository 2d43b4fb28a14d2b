import type { Instant } from "./events.ts";
import type { LifecyclePolicy, LifecycleRule } from "./lifecycle.ts";

/** An image of a repository, as far as a lifecycle policy looks at it. */
export interface RepositoryImage {
  readonly digest: string;
  readonly tags: readonly string[];
  readonly pushedAt: Instant;
  /** What an index lists. */
  readonly children: readonly string[];
  /** The image that a signature or an SBOM is about. */
  readonly subject?: string;
}

/** What becomes of an image, by which rule, and why, for a person. */
export interface Fate {
  readonly image: RepositoryImage;
  readonly expires: boolean;
  readonly why: string;
  readonly rulePriority?: number;
}

const DAY_MS = 86_400_000;

/**
 * What ECR would do with the images of a repository. All rules look at all images; an image is decided upon by the first rule,
 * in the order of priority, that selects it by its tags. What an index lists stays as long as the index, and what is about an
 * image as long as the image.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
 */
export function simulateLifecycle(
  policy: LifecyclePolicy,
  images: readonly RepositoryImage[],
  now: Instant,
): readonly Fate[] {
  const rules = [...policy.rules].sort((a, b) => a.rulePriority - b.rulePriority);
  const byRules = images.map((image) => fateByRules(rules, image, images, now));
  const fates = new Map(byRules.map((fate) => [fate.image.digest, fate]));
  // Whatever stays keeps its parts; each round may keep more, so it ends.
  for (let changed = true; changed; ) {
    changed = false;
    for (const fate of fates.values()) {
      const keeper = fate.expires ? keeperOf(fate.image, fates) : undefined;
      if (keeper === undefined) continue;
      fates.set(fate.image.digest, { image: fate.image, expires: false, why: keeper });
      changed = true;
    }
  }
  return [...fates.values()];
}

function keeperOf(image: RepositoryImage, fates: ReadonlyMap<string, Fate>): string | undefined {
  for (const other of fates.values()) {
    if (other.expires) continue;
    if (other.image.children.includes(image.digest)) return `the index ${other.image.digest} lists it`;
    if (other.image.digest === image.subject) return `it is about ${other.image.digest}, which stays`;
  }
  return undefined;
}

function fateByRules(
  rules: readonly LifecycleRule[],
  image: RepositoryImage,
  images: readonly RepositoryImage[],
  now: Instant,
): Fate {
  const rule = rules.find((one) => selects(one, image));
  if (rule === undefined) return { image, expires: false, why: "no rule selects it" };
  const { countType, countNumber } = rule.selection;
  const said = (expires: boolean, why: string): Fate => ({
    image,
    expires,
    why,
    rulePriority: rule.rulePriority,
  });
  switch (countType) {
    case "imageCountMoreThan": {
      // Youngest first; of two pushed at once, the order is ECR's own business, so that here neither is before the other.
      const younger = images.filter((one) => selects(rule, one) && one.pushedAt > image.pushedAt).length;
      return younger >= countNumber
        ? said(true, `${younger} newer images are selected by rule ${rule.rulePriority}: ${rule.description}`)
        : said(false, rule.description);
    }
    case "sinceImagePushed": {
      const days = (now - image.pushedAt) / DAY_MS;
      return days > countNumber
        ? said(true, `pushed ${Math.floor(days)} days ago; ${rule.description}`)
        : said(false, `pushed ${Math.max(0, Math.floor(days))} days ago; ${rule.description}`);
    }
    default:
      return said(true, `rule ${rule.rulePriority} counts by ${countType}, which is not simulated here`);
  }
}

/** Whether a rule selects an image: by all of its patterns, each by any tag. */
function selects({ selection }: LifecycleRule, { tags }: RepositoryImage): boolean {
  switch (selection.tagStatus) {
    case "any":
      return true;
    case "untagged":
      return tags.length === 0;
    case "tagged": {
      const { tagPatternList = [], tagPrefixList = [] } = selection;
      const patterns = [...tagPatternList, ...tagPrefixList.map((prefix) => `${prefix}*`)];
      return patterns.length > 0 && patterns.every((pattern) => tags.some((tag) => matches(pattern, tag)));
    }
  }
}

/** `*` stands for any characters. https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html#lp_tag_pattern_list */
function matches(pattern: string, tag: string): boolean {
  const pieces = pattern.split("*");
  const [first = "", ...rest] = pieces;
  if (rest.length === 0) return tag === first;
  if (!tag.startsWith(first)) return false;
  let at = first.length;
  for (const piece of rest.slice(0, -1)) {
    const found = tag.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  const last = rest.at(-1) ?? "";
  return tag.length - last.length >= at && tag.endsWith(last);
}
