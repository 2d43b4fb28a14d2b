import type { ChangedFiles, CommitInfo, Source } from "../intake/source.ts";
import { refName } from "../pipeline/messages.ts";
import type { Head, RefHead } from "../pipeline/pipelines.ts";
import type { Aws } from "./aws.ts";
import { codecommitOffers } from "./codecommit-offers.ts";
import { relationOf } from "./codecommit-relation.ts";
import { isError } from "./context.ts";

/** Beyond it a push counts as changing anything: ten pages of GetDifferences. */
const MOST_FILES = 1000;
const PAGE = 100;

/** CodeCommit, as Tandem asks it. */
export function codecommitSource(aws: Aws): Source {
  return {
    head: ({ repository, ref }) => head(aws, repository, ref),
    commit: (repository, commit) => readCommit(aws, repository, commit),
    changedFiles: (repository, from, to) => changedFiles(aws, repository, from, to),
    relation: (repository, commit, other) => relationOf(aws, repository, commit, other),
    branches: (repository, wants) => branches(aws, repository, wants),
    offers: (source) => codecommitOffers(aws, source),
  };
}

/** Also of a name that CodeCommit would give to no branch. */
const NO_BRANCH = [
  "BranchDoesNotExistException",
  "InvalidBranchNameException",
  "RepositoryDoesNotExistException",
];

async function head(aws: Aws, repositoryName: string, ref: string): Promise<Head> {
  const number = /^refs\/pull\/(\d+)\/head$/.exec(ref)?.[1];
  if (number !== undefined) return pullRequestHead(aws, number);
  if (!ref.startsWith("refs/heads/")) return "unknown";
  try {
    const { branch } = await aws.codecommit.getBranch({ repositoryName, branchName: refName(ref) });
    return branch?.commitId === undefined ? "gone" : { commit: branch.commitId };
  } catch (error) {
    if (isError(error, ...NO_BRANCH)) return "gone";
    throw error;
  }
}

/** Of an open pull request: the tip of its source branch. */
async function pullRequestHead(aws: Aws, pullRequestId: string): Promise<Head> {
  try {
    const { pullRequest } = await aws.codecommit.getPullRequest({ pullRequestId });
    const commit = pullRequest?.pullRequestTargets?.[0]?.sourceCommit;
    return pullRequest?.pullRequestStatus !== "OPEN" || commit === undefined ? "gone" : { commit };
  } catch (error) {
    if (isError(error, "PullRequestDoesNotExistException")) return "gone";
    throw error;
  }
}

async function readCommit(
  aws: Aws,
  repositoryName: string,
  commitId: string,
): Promise<CommitInfo | undefined> {
  try {
    const { commit } = await aws.codecommit.getCommit({ repositoryName, commitId });
    const author = identity(commit?.author);
    const committer = identity(commit?.committer);
    return {
      message: commit?.message ?? "",
      people: {
        ...(author === undefined ? {} : { author }),
        ...(committer === undefined ? {} : { committer }),
      },
    };
  } catch (error) {
    if (isError(error, "CommitIdDoesNotExistException", "RepositoryDoesNotExistException")) return undefined;
    throw error;
  }
}

function identity(
  person: { name?: string | undefined; email?: string | undefined } | undefined,
): string | undefined {
  return person?.email === undefined ? person?.name : `${person.name ?? ""} <${person.email}>`.trim();
}

/** https://docs.aws.amazon.com/codecommit/latest/APIReference/API_GetDifferences.html: paging is capitalised. */
async function changedFiles(
  aws: Aws,
  repositoryName: string,
  from: string,
  to: string,
): Promise<ChangedFiles> {
  const files = new Set<string>();
  let NextToken: string | undefined;
  do {
    let page: Awaited<ReturnType<Aws["codecommit"]["getDifferences"]>>;
    try {
      page = await aws.codecommit.getDifferences({
        repositoryName,
        beforeCommitSpecifier: from,
        afterCommitSpecifier: to,
        MaxResults: PAGE,
        ...(NextToken === undefined ? {} : { NextToken }),
      });
    } catch (error) {
      // The commit before is gone after a forced push and a clean-up: nobody can say what has changed.
      if (isError(error, "CommitDoesNotExistException", "InvalidCommitException")) return "unknown";
      throw error;
    }
    for (const { beforeBlob, afterBlob } of page.differences ?? []) {
      for (const path of [beforeBlob?.path, afterBlob?.path]) if (path !== undefined) files.add(path);
    }
    if (files.size > MOST_FILES) return "unknown";
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return [...files];
}

async function branches(
  aws: Aws,
  repositoryName: string,
  wants: (branch: string) => boolean,
): Promise<readonly RefHead[]> {
  const names: string[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const page = await aws.codecommit.listBranches({
        repositoryName,
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      names.push(...(page.branches ?? []).filter(wants));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  } catch (error) {
    if (isError(error, "RepositoryDoesNotExistException")) return [];
    throw error;
  }
  const heads = await Promise.all(
    names.map(async (name) => {
      const ref = `refs/heads/${name}`;
      const now = await head(aws, repositoryName, ref);
      return typeof now === "string" ? [] : [{ ref, commit: now.commit }];
    }),
  );
  return heads.flat();
}
