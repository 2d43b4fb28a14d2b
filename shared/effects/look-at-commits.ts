import * as z from "zod/mini";
import type { CardCommit } from "../pipeline/card-view.ts";
import type { SourceDefinition } from "../pipeline/definition.ts";
import type { Aws } from "./aws.ts";
import { type EffectContext, isError } from "./context.ts";
import type { GitHubApi } from "./github-api.ts";
import { GitHubError } from "./github-error.ts";

/** The commits between two, the newest first. */
export interface Commits {
  readonly commits: readonly CardCommit[];
  /** How many there are beside, when the host says so. */
  readonly more: number;
  readonly compare?: string;
  /** The stage has commits that this release has not. */
  readonly goesBack: boolean;
}

/** As many as somebody reads; CodeCommit is asked for each. */
const MOST = 30;

/**
 * What a release brings to a stage: the commits that `to` has and `from` has not; without `from` only `to` itself. Undefined
 * when the host does not know them.
 */
export async function lookAtCommits(
  { aws, github, settings }: EffectContext,
  source: SourceDefinition,
  from: string | undefined,
  to: string,
): Promise<Commits | undefined> {
  if (source.type === "codecommit") return fromCodeCommit(aws, source.repository, from, to);
  return github === undefined
    ? undefined
    : fromGitHub(github, settings.githubUrl.replace(/\/$/, ""), source.repository, from, to);
}

/** The first parents, newest first: what has been merged counts as its merge. */
async function fromCodeCommit(
  aws: Aws,
  repositoryName: string,
  from: string | undefined,
  to: string,
): Promise<Commits | undefined> {
  const commits: CardCommit[] = [];
  let commitId: string | undefined = to;
  try {
    while (commitId !== undefined && commitId !== from && commits.length < MOST) {
      const { commit }: Awaited<ReturnType<Aws["codecommit"]["getCommit"]>> = await aws.codecommit.getCommit({
        repositoryName,
        commitId,
      });
      commits.push({
        commit: commitId,
        message: commit?.message ?? "",
        author: nameOf(commit?.author),
        at: timeOf(commit?.author?.date),
      });
      commitId = from === undefined ? undefined : commit?.parents?.[0];
    }
  } catch (error) {
    if (isError(error, "CommitIdDoesNotExistException", "RepositoryDoesNotExistException")) return undefined;
    throw error;
  }
  // The other commit is in none of the parents that were looked at: this one may be older.
  const lost = from !== undefined && commitId !== from;
  const kept = lost && commitId === undefined ? commits.slice(0, 1) : commits;
  return { commits: kept, more: 0, goesBack: lost && commitId === undefined };
}

/** Git's own way to write a moment: seconds, and the zone. */
function timeOf(date: string | undefined): string | undefined {
  const seconds = /^(\d+)/.exec(date ?? "")?.[1];
  return seconds === undefined ? undefined : new Date(Number(seconds) * 1000).toISOString();
}

function nameOf(
  person: { readonly name?: string | undefined; readonly email?: string | undefined } | undefined,
): string {
  return `${person?.name ?? ""} <${person?.email ?? ""}>`;
}

const person = z.nullish(
  z.object({ name: z.nullish(z.string()), email: z.nullish(z.string()), date: z.nullish(z.string()) }),
);
const commitSchema = z.object({
  sha: z.string(),
  html_url: z.optional(z.string()),
  commit: z.object({ message: z.string(), author: person }),
});
const comparisonSchema = z.object({
  html_url: z.optional(z.string()),
  status: z.string(),
  total_commits: z.number(),
  commits: z.array(commitSchema),
});

/** https://docs.github.com/en/rest/commits/commits#compare-two-commits: the oldest first, at most 250. */
async function fromGitHub(
  api: GitHubApi,
  web: string,
  repository: string,
  from: string | undefined,
  to: string,
): Promise<Commits | undefined> {
  try {
    if (from === undefined) {
      const { data } = await api.request(repository, "GET", `/repos/${repository}/commits/${to}`);
      return { commits: [shown(commitSchema.parse(data), web, repository)], more: 0, goesBack: false };
    }
    const { data } = await api.request(repository, "GET", `/repos/${repository}/compare/${from}...${to}`);
    const { commits, total_commits: total, status } = comparisonSchema.parse(data);
    const newest = commits.slice(-MOST).reverse();
    return {
      commits: newest.map((one) => shown(one, web, repository)),
      more: Math.max(0, total - newest.length),
      compare: `${web}/${repository}/compare/${from}...${to}`,
      goesBack: status === "behind" || status === "diverged",
    };
  } catch (error) {
    if (error instanceof GitHubError && [404, 409, 422].includes(error.status)) return undefined;
    throw error;
  }
}

function shown({ sha, commit }: z.infer<typeof commitSchema>, web: string, repository: string): CardCommit {
  const { author } = commit;
  return {
    commit: sha,
    message: commit.message,
    author: nameOf({ name: author?.name ?? undefined, email: author?.email ?? undefined }),
    at: author?.date ?? undefined,
    link: `${web}/${repository}/commit/${sha}`,
  };
}
