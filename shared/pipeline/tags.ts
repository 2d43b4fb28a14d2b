import type { Revision, SkippedTag } from "./events.ts";

/** ECR: at most 300 characters; OCI: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`. The stricter of both holds. */
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Tandem's own: what builds keep their cache under (buildspecs/build-image.yml), and what keeps images alive. */
const RESERVED = /^(?:tandem\.|cache-linux-)/;

/** https://semver.org: a version with an optional leading `v`, without build metadata (`+` is no tag character). */
const SEMVER = /^v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/;

export const PLACEHOLDERS = ["branch", "tag", "semver", "sha", "shortSha"] as const;

type Placeholder = (typeof PLACEHOLDERS)[number];

/**
 * What a tag was made of. Others may make the same: `feature/login` and `feature-login`, `v1.0.0` and `1.0.0`, commits of the
 * same seven digits. To those the tag does not belong.
 */
export interface TagOrigin {
  readonly ref?: string;
  readonly commit?: string;
}

export interface WantedTags {
  readonly tags: readonly string[];
  readonly skipped: readonly SkippedTag[];
  /** By tag; absent are those that nothing else can make, or that the templates give to any commit by intention. */
  readonly origins: ReadonlyMap<string, TagOrigin>;
}

/**
 * The tags of a commit's index. A template whose placeholder has no value for this ref (`{semver}` on a branch) gives no
 * tag; one that gives an invalid tag, or one of Tandem's own, is skipped and said; without any other the commit's own is given.
 */
export function tagsFor(templates: readonly string[], revision: Revision): WantedTags {
  const values = placeholders(revision);
  const tags = new Map<string, TagOrigin | undefined>();
  const skipped: SkippedTag[] = [];
  for (const template of templates) {
    const tag = expand(template, values);
    if (tag === undefined) continue;
    if (!TAG.test(tag)) {
      skipped.push({ tag, why: `"${template}" does not make a valid tag of ${revision.ref}` });
    } else if (RESERVED.test(tag)) skipped.push({ tag, why: "tags of that beginning are Tandem's own" });
    else {
      const origin = originOf(template, revision);
      if (origin === undefined || !tags.has(tag)) tags.set(tag, origin);
    }
  }
  if (tags.size === 0) tags.set(revision.commit, undefined);
  const origins = [...tags].flatMap(([tag, origin]) =>
    origin === undefined ? [] : [[tag, origin] as const],
  );
  return { tags: [...tags.keys()], skipped, origins: new Map(origins) };
}

export function isSameOrigin(a: TagOrigin, b: TagOrigin): boolean {
  return a.ref === b.ref && a.commit === b.commit;
}

/** Undefined for a template that names the whole commit, or nothing that there are several of. */
function originOf(template: string, { ref, commit }: Revision): TagOrigin | undefined {
  const has = (...names: readonly Placeholder[]) => names.some((name) => template.includes(`{${name}}`));
  const ofRef = has("branch", "tag", "semver");
  const ofDigits = has("shortSha");
  if (has("sha") || !(ofRef || ofDigits)) return undefined;
  return { ...(ofRef ? { ref } : {}), ...(ofDigits ? { commit } : {}) };
}

function placeholders(revision: Revision): Readonly<Partial<Record<Placeholder, string>>> {
  const tag = nameOf(revision.ref, "refs/tags/");
  const branch = nameOf(revision.ref, "refs/heads/");
  const semver = tag === undefined ? undefined : SEMVER.exec(tag)?.[1];
  return {
    sha: revision.commit,
    shortSha: revision.commit.slice(0, 7),
    ...(branch === undefined ? {} : { branch: branch.replaceAll("/", "-") }),
    ...(tag === undefined ? {} : { tag: tag.replaceAll("/", "-") }),
    ...(semver === undefined ? {} : { semver }),
  };
}

function nameOf(ref: string, prefix: string): string | undefined {
  return ref.startsWith(prefix) ? ref.slice(prefix.length) : undefined;
}

function expand(template: string, values: Readonly<Partial<Record<string, string>>>): string | undefined {
  let missing = false;
  const text = template.replace(/\{([^{}]*)\}/g, (_match, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    missing ||= value === undefined;
    return value ?? "";
  });
  return missing ? undefined : text;
}
