import type { LifecycleRule } from "./lifecycle.ts";
import type { Fate } from "./lifecycle-simulation.ts";

/** What would become of the images of a repository. */
export interface RetentionReport {
  readonly repository: string;
  /** What the repository's policy in ECR is: the generated one, another, or none. */
  readonly policy: "applied" | "other" | "none";
  /** The generated one, in the order in which it decides. */
  readonly rules: readonly LifecycleRule[];
  readonly images: readonly RetainedImage[];
  /** What should not be so: images that would go and are needed, a policy that is not the generated one. */
  readonly problems: readonly string[];
}

export interface RetainedImage {
  readonly digest: string;
  readonly tags: readonly string[];
  /** ISO 8601. */
  readonly pushedAt: string;
  readonly expires: boolean;
  readonly why: string;
  readonly rulePriority?: number;
  /** The services that run it, `CLUSTER/SERVICE`; also of what an index in use lists. */
  readonly usedBy: readonly string[];
}

/** Fates with who uses the images; what would expire in spite of being used is a problem. */
export function retainedImages(
  fates: readonly Fate[],
  inUse: ReadonlyMap<string, readonly string[]>,
): { readonly images: readonly RetainedImage[]; readonly problems: readonly string[] } {
  const uses = new Map(inUse);
  for (const { image } of fates) {
    const users = inUse.get(image.digest) ?? [];
    for (const child of image.children) uses.set(child, [...new Set([...(uses.get(child) ?? []), ...users])]);
  }
  const images = fates.map(({ image, expires, why, rulePriority }) => ({
    digest: image.digest,
    tags: image.tags,
    pushedAt: new Date(image.pushedAt).toISOString(),
    expires,
    why,
    ...(rulePriority === undefined ? {} : { rulePriority }),
    usedBy: uses.get(image.digest) ?? [],
  }));
  const problems = images
    .filter(({ expires, usedBy }) => expires && usedBy.length > 0)
    .map(({ digest, usedBy }) => `${digest} would expire, and ${usedBy.join(", ")} runs it`);
  const known = new Set(images.map(({ digest }) => digest));
  const gone = [...inUse]
    .filter(([digest]) => !known.has(digest))
    .map(([digest, users]) => `${digest} is gone already, and ${users.join(", ")} runs it`);
  return {
    images: [...images].sort(
      (a, b) => Number(b.expires) - Number(a.expires) || order(b.pushedAt, a.pushedAt),
    ),
    problems: [...problems, ...gone],
  };
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The answer of `GET /api/retention`. */
export interface RetentionAnswer {
  readonly repositories: readonly RetentionReport[];
  /** Repositories of which nothing expires: a pipeline that builds the image has no `retention`, or it is at ECR Public. */
  readonly unlimited: readonly string[];
}
