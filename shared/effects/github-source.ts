import * as z from "zod/mini";
import type { ChangedFiles, CommitInfo, Relation, Source } from "../intake/source.ts";
import type { Head, RefHead } from "../pipeline/pipelines.ts";
import type { GitHubApi } from "./github-api.ts";
import { GitHubError } from "./github-error.ts";
import { githubOffers } from "./github-offers.ts";

/** A comparison names no more files than this; with as many, some may be missing. */
const MOST_FILES = 300;

/** GitHub, as Tandem asks it. */
export function githubSource(api: GitHubApi): Source {
  return {
    head: ({ repository, ref }) => head(api, repository, ref),
    commit: (repository, commit) => readCommit(api, repository, commit),
    changedFiles: (repository, from, to) => changedFiles(api, repository, from, to),
    relation: (repository, commit, other) => relation(api, repository, commit, other),
    branches: (repository, wants) => branches(api, repository, wants),
    offers: (source) => githubOffers(api, source),
  };
}

/** Undefined when GitHub says that there is no such thing; 409 is an empty repository. */
async function ask(api: GitHubApi, repository: string, path: string): Promise<unknown> {
  try {
    return (await api.request(repository, "GET", `/repos/${repository}${path}`)).data;
  } catch (error) {
    if (error instanceof GitHubError && [404, 409, 422].includes(error.status)) return undefined;
    throw error;
  }
}

const refSchema = z.object({ object: z.object({ sha: z.string() }) });
const pullSchema = z.object({ state: z.string(), head: z.object({ sha: z.string() }) });

/** https://docs.github.com/en/rest/git/refs#get-a-reference, https://docs.github.com/en/rest/pulls/pulls */
async function head(api: GitHubApi, repository: string, ref: string): Promise<Head> {
  const number = /^refs\/pull\/(\d+)\/head$/.exec(ref)?.[1];
  if (number !== undefined) {
    const pull = await ask(api, repository, `/pulls/${number}`);
    if (pull === undefined) return "gone";
    const { state, head: tip } = pullSchema.parse(pull);
    return state === "closed" ? "gone" : { commit: tip.sha };
  }
  if (!ref.startsWith("refs/heads/")) return "unknown";
  const branch = ref.slice("refs/heads/".length).split("/").map(encodeURIComponent).join("/");
  const found = await ask(api, repository, `/git/ref/heads/${branch}`);
  return found === undefined ? "gone" : { commit: refSchema.parse(found).object.sha };
}

const person = z.nullish(z.object({ name: z.nullish(z.string()), email: z.nullish(z.string()) }));
/** `null`, or an empty object, where GitHub does not know whose the address is. */
const account = z.nullish(z.object({ login: z.optional(z.string()) }));
const commitSchema = z.object({
  commit: z.object({ message: z.string(), author: person, committer: person }),
  author: account,
  committer: account,
});

/** https://docs.github.com/en/rest/commits/commits#get-a-commit; its files are not wanted, so only one is asked for. */
async function readCommit(
  api: GitHubApi,
  repository: string,
  commit: string,
): Promise<CommitInfo | undefined> {
  const found = await ask(api, repository, `/commits/${encodeURIComponent(commit)}?per_page=1`);
  if (found === undefined) return undefined;
  const parsed = commitSchema.parse(found);
  const author = identity(parsed.author, parsed.commit.author);
  const committer = identity(parsed.committer, parsed.commit.committer);
  return {
    message: parsed.commit.message,
    authors: [parsed.author?.login, parsed.commit.author?.email].flatMap((one) => (one ? [one] : [])),
    people: {
      ...(author === undefined ? {} : { author }),
      ...(committer === undefined ? {} : { committer }),
    },
  };
}

function identity(known: z.infer<typeof account>, named: z.infer<typeof person>): string | undefined {
  if (known?.login !== undefined) return known.login;
  const name = named?.name ?? "";
  const text = (named?.email ?? "") === "" ? name : `${name} <${named?.email}>`.trim();
  return text === "" ? undefined : text;
}

const comparisonSchema = z.object({
  status: z.enum(["identical", "ahead", "behind", "diverged"]),
  files: z.optional(z.array(z.object({ filename: z.string(), previous_filename: z.optional(z.string()) }))),
});

/**
 * https://docs.github.com/en/rest/commits/commits#compare-two-commits lists what has changed since the two parted. After a
 * forced push that is half of it: what the old commit had brought is gone, too, and is asked for the other way round.
 */
async function changedFiles(
  api: GitHubApi,
  repository: string,
  from: string,
  to: string,
): Promise<ChangedFiles> {
  const there = await compare(api, repository, from, to);
  if (there === "unknown" || there.straight) return there === "unknown" ? "unknown" : there.files;
  const back = await compare(api, repository, to, from);
  return back === "unknown" ? "unknown" : [...new Set([...there.files, ...back.files])];
}

const RELATIONS = { identical: "same", ahead: "before", behind: "after", diverged: "apart" } as const;

/** `ahead` says where the second commit is, seen from the first. */
async function relation(
  api: GitHubApi,
  repository: string,
  commit: string,
  other: string,
): Promise<Relation> {
  const comparison = await askToCompare(api, repository, commit, other);
  return comparison === undefined ? "unknown" : RELATIONS[comparison.status];
}

/** All files are on the first page, however few commits are on it. */
async function askToCompare(api: GitHubApi, repository: string, from: string, to: string) {
  const range = [from, to].map(encodeURIComponent).join("...");
  const found = await ask(api, repository, `/compare/${range}?per_page=1`);
  return found === undefined ? undefined : comparisonSchema.parse(found);
}

async function compare(api: GitHubApi, repository: string, from: string, to: string) {
  const comparison = await askToCompare(api, repository, from, to);
  if (comparison === undefined) return "unknown";
  const { status, files = [] } = comparison;
  if (files.length >= MOST_FILES) return "unknown";
  return {
    straight: status === "ahead" || status === "identical",
    files: files.flatMap(({ filename, previous_filename }) =>
      previous_filename === undefined ? [filename] : [filename, previous_filename],
    ),
  };
}

const branchesSchema = z.array(z.object({ name: z.string(), commit: z.object({ sha: z.string() }) }));

/**
 * https://docs.github.com/en/rest/branches/branches#list-branches. A repository that cannot be seen is an error here: to
 * see no branches, and all of them when the rights are mended, would start runs of old commits.
 */
async function branches(
  api: GitHubApi,
  repository: string,
  wants: (branch: string) => boolean,
): Promise<readonly RefHead[]> {
  const heads: RefHead[] = [];
  let path: string | undefined = `/repos/${repository}/branches?per_page=100`;
  while (path !== undefined) {
    const page: Awaited<ReturnType<GitHubApi["request"]>> = await api.request(repository, "GET", path);
    for (const { name, commit } of branchesSchema.parse(page.data)) {
      if (wants(name)) heads.push({ ref: `refs/heads/${name}`, commit: commit.sha });
    }
    path = page.next;
  }
  return heads;
}
