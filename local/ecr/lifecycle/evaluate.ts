import type { Repository, StoredImage } from "../repository.ts";
import { indexesListing, tagsOf } from "../repository.ts";
import { matches } from "../tag-mutability.ts";
import type { Policy, Rule } from "./policy.ts";

/** An image that a policy expires, and the rule that does it. */
export interface Expired {
  readonly image: StoredImage;
  readonly tags: readonly string[];
  readonly rulePriority: number;
}

const dayMs = 86_400_000;

/**
 * The images that a policy expires now. "Images are expired by exactly one or zero rules"; one that "matches the tagging
 * requirements of a rule cannot be expired by a rule with a lower priority". By count the youngest stay. What an index
 * lists cannot go before the index; what is about an image (its `subject`) goes after it.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
 */
export function evaluatePolicy(policy: Policy, repository: Repository, now: number): readonly Expired[] {
  const rules = [...policy.rules].sort((a, b) => a.rulePriority - b.rulePriority);
  const youngestFirst = [...repository.images.values()]
    .map((image) => ({ image, tags: tagsOf(repository, image.digest) }))
    .sort((a, b) => b.image.pushedAt - a.image.pushedAt);
  const expired: Expired[] = [];
  const decided = new Set<string>();
  for (const rule of rules) {
    const selected = youngestFirst.filter(({ tags }) => isSelected(rule, tags));
    const due = isDue(rule, now);
    for (const [position, { image, tags }] of selected.entries()) {
      const first = !decided.has(image.digest);
      decided.add(image.digest);
      if (first && due(image, position)) expired.push({ image, tags, rulePriority: rule.rulePriority });
    }
  }
  return expired.filter(({ image }) => !isHeld(repository, image));
}

function isDue({ selection }: Rule, now: number): (image: StoredImage, position: number) => boolean {
  return selection.countType === "imageCountMoreThan"
    ? (_image, position) => position >= selection.countNumber
    : (image) => now - image.pushedAt > selection.countNumber * dayMs;
}

/** All patterns, each by any of the image's tags. */
function isSelected({ selection }: Rule, tags: readonly string[]): boolean {
  const { tagStatus, tagPatternList, tagPrefixList } = selection;
  if (tagStatus === "any") return true;
  if (tagStatus === "untagged") return tags.length === 0;
  const patterns = tagPatternList ?? tagPrefixList?.map((prefix) => `${prefix}*`) ?? [];
  return patterns.every((pattern) => tags.some((tag) => matches(pattern, tag)));
}

function isHeld(repository: Repository, { digest, subject }: StoredImage): boolean {
  if (indexesListing(repository, digest).length > 0) return true;
  return subject !== undefined && repository.images.has(subject);
}
