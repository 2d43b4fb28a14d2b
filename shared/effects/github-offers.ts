import * as z from "zod/mini";
import type { Offer } from "../intake/source.ts";
import type { GitHubSource, SourceDefinition } from "../pipeline/definition.ts";
import type { GitHubApi } from "./github-api.ts";

/** Pages of 100: what is beyond has been there for long. */
const MOST_PAGES = 10;

/**
 * What a repository at GitHub has beside its branches, as far as the pipeline asks for it. Undefined where it is not asked
 * about: whoever is nobody has 60 requests an hour, and they are for the branches.
 */
export async function githubOffers(
  api: GitHubApi,
  source: SourceDefinition,
): Promise<readonly Offer[] | undefined> {
  if (source.type !== "github") return undefined;
  const asksForTags = source.tags.length > 0 || source.releases;
  const asksForPulls = source.pullRequests !== "off" || source.forks !== "off";
  if (!asksForTags && !asksForPulls) return undefined;
  if ((await api.identity()) === "anonymous") return undefined;
  const [tags, pulls] = await Promise.all([
    asksForTags ? tagsOf(api, source) : [],
    asksForPulls ? pullsOf(api, source) : [],
  ]);
  return [...tags, ...pulls];
}

/** Every page of a list. */
async function all<T>(
  api: GitHubApi,
  repository: string,
  path: string,
  schema: z.ZodMiniType<readonly T[]>,
): Promise<readonly T[]> {
  const items: T[] = [];
  let next: string | undefined = `/repos/${repository}${path}`;
  for (let page = 0; page < MOST_PAGES && next !== undefined; page += 1) {
    const answer: Awaited<ReturnType<GitHubApi["request"]>> = await api.request(repository, "GET", next);
    items.push(...schema.parse(answer.data));
    next = answer.next;
  }
  return items;
}

const tagsSchema = z.array(z.object({ name: z.string(), commit: z.object({ sha: z.string() }) }));
const releasesSchema = z.array(
  z.object({
    tag_name: z.string(),
    draft: z.boolean(),
    author: z.nullish(z.object({ login: z.string() })),
  }),
);

/**
 * https://docs.github.com/en/rest/repos/repos#list-repository-tags,
 * https://docs.github.com/en/rest/releases/releases#list-releases: a release is one of its tag's commit.
 */
async function tagsOf(
  api: GitHubApi,
  { repository, tags, releases }: GitHubSource,
): Promise<readonly Offer[]> {
  const [found, published] = await Promise.all([
    all(api, repository, "/tags?per_page=100", tagsSchema),
    releases ? all(api, repository, "/releases?per_page=100", releasesSchema) : [],
  ]);
  const commits = new Map(found.map(({ name, commit }) => [name, commit.sha]));
  const offered = tags.length === 0 ? [] : found.map(({ name, commit }) => tagOffer(name, commit.sha));
  return [
    ...offered,
    ...published.flatMap(({ tag_name, draft, author }) => {
      const commit = commits.get(tag_name);
      if (draft || commit === undefined) return [];
      const people = author ? { author: author.login } : {};
      const authors = author ? [author.login] : [];
      return [{ ...tagOffer(tag_name, commit), trigger: { type: "release" as const }, people, authors }];
    }),
  ];
}

function tagOffer(name: string, commit: string): Offer {
  const ref = `refs/tags/${name}`;
  return { ref, commit, trigger: { type: "head" }, matched: ref, people: {}, authors: [] };
}

const repositorySchema = z.object({ full_name: z.string() });
const pullsSchema = z.array(
  z.object({
    number: z.number(),
    user: z.nullish(z.object({ login: z.string() })),
    head: z.object({ sha: z.string(), repo: z.nullish(repositorySchema) }),
    base: z.object({ ref: z.string(), sha: z.string(), repo: repositorySchema }),
  }),
);

/** https://docs.github.com/en/rest/pulls/pulls#list-pull-requests */
async function pullsOf(api: GitHubApi, { repository }: GitHubSource): Promise<readonly Offer[]> {
  const pulls = await all(api, repository, "/pulls?state=open&per_page=100", pullsSchema);
  return pulls.map(({ number, user, head, base }): Offer => {
    // The fork may be gone by now: it is a stranger's commit all the same.
    const fork = head.repo?.full_name.toLowerCase() !== base.repo.full_name.toLowerCase();
    return {
      ref: `refs/pull/${number}/head`,
      commit: head.sha,
      before: base.sha,
      trigger: { type: "pull-request", number, fork },
      matched: `refs/heads/${base.ref}`,
      people: user ? { author: user.login } : {},
      authors: user ? [user.login] : [],
    };
  });
}
