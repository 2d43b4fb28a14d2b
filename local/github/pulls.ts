import type { RefChange } from "../codecommit/push-events.ts";
import { ApiError, type FieldError, invalid } from "./api-error.ts";
import type { Github } from "./core.ts";
import { fetchInto } from "./git/refs.ts";
import { commitOfRef, countApart, isAncestor } from "./git/revisions.ts";
import { pullRequestEvent } from "./pull-event.ts";
import type { PullRecord } from "./records.ts";
import type { GithubRepository } from "./repositories.ts";

export interface NewPull {
  readonly title: string;
  readonly body: string | null;
  readonly draft: boolean;
  /** A branch of this repository, or `OWNER:BRANCH` of a fork. */
  readonly head: string;
  readonly base: string;
}

/** `refs/pull/N/head`, where git finds the commits of a pull request, also those of a fork. */
const headRefOf = (number: number): string => `refs/pull/${number}/head`;

/**
 * Opens a pull request.
 * @throws ApiError 422 when the branches are not there, have nothing between them, or have a pull request already
 */
export async function openPull(
  github: Github,
  repository: GithubRepository,
  wanted: NewPull,
  login: string,
): Promise<PullRecord> {
  const { records } = repository;
  const head = await findHead(github, repository, wanted.head);
  const baseSha = await commitOfRef(repository, `refs/heads/${wanted.base}`);
  if (baseSha === undefined) throw invalid("PullRequest", "base");
  const isSame = (one: PullRecord): boolean =>
    one.state === "open" &&
    one.headRepository === head.repository.fullName &&
    one.headRef === head.branch &&
    one.baseRef === wanted.base;
  if (records.data.pulls.some(isSame)) {
    throw failed(`A pull request already exists for ${head.repository.owner}:${head.branch}.`);
  }
  const number = records.newNumber();
  await takeHead(repository, head.repository, head.branch, number);
  if ((await countApart(repository, baseSha, head.sha)).ahead === 0)
    throw failed(`No commits between ${wanted.base} and ${wanted.head}`);
  const now = github.now();
  const pull: PullRecord = {
    ...{ id: records.newId(), number, state: "open", author: login },
    ...{ title: wanted.title, body: wanted.body, draft: wanted.draft },
    ...{ headRepository: head.repository.fullName, headRef: head.branch, headSha: head.sha },
    ...{ baseRef: wanted.base, baseSha, createdAt: now, updatedAt: now, closedAt: null, mergedAt: null },
  };
  records.data.pulls.push(pull);
  await records.save();
  await tell(github, repository, pull, "opened", login);
  return pull;
}

/**
 * Closes or reopens a pull request.
 * @throws ApiError 422 when the branch to reopen it from is gone
 */
export async function setPullState(
  github: Github,
  repository: GithubRepository,
  pull: PullRecord,
  state: "open" | "closed",
  login: string,
): Promise<void> {
  if (pull.state === state) return;
  if (state === "open") {
    if (pull.mergedAt !== null) throw invalid("PullRequest", "state", "state cannot be changed. Merged.");
    const head = github.repositories.find(pull.headRepository);
    const sha = head && (await commitOfRef(head, `refs/heads/${pull.headRef}`));
    if (head === undefined || sha === undefined)
      throw invalid(
        "PullRequest",
        "state",
        `state cannot be changed. The ${pull.headRef} branch was deleted.`,
      );
    await takeHead(repository, head, pull.headRef, pull.number);
    Object.assign(pull, { headSha: sha, closedAt: null });
  } else pull.closedAt = github.now();
  pull.state = state;
  pull.updatedAt = github.now();
  await repository.records.save();
  await tell(github, repository, pull, state === "open" ? "reopened" : "closed", login);
}

/** Brings pull requests up to date after a push to the branches they come from or go to. */
export async function followPush(
  github: Github,
  pushed: GithubRepository,
  changes: readonly RefChange[],
  login: string,
): Promise<void> {
  for (const { ref, oldId, newId } of changes) {
    if (!ref.startsWith("refs/heads/")) continue;
    const branch = ref.slice("refs/heads/".length);
    for (const { repository, pull } of openPulls(github)) {
      const isHead = pull.headRepository === pushed.fullName && pull.headRef === branch;
      const isBase = repository.fullName === pushed.fullName && pull.baseRef === branch;
      if (isHead && newId === undefined) await setPullState(github, repository, pull, "closed", login);
      else if (isHead && newId !== undefined && newId !== pull.headSha) {
        await takeHead(repository, pushed, branch, pull.number);
        Object.assign(pull, { headSha: newId, updatedAt: github.now() });
        await repository.records.save();
        await tell(github, repository, pull, "synchronize", login, { before: oldId, after: newId });
      } else if (isBase && newId !== undefined) await followBase(github, repository, pull, newId, login);
    }
  }
}

/** A pull request is merged when its commits are in the base; otherwise it goes on from there. */
async function followBase(
  github: Github,
  repository: GithubRepository,
  pull: PullRecord,
  baseSha: string,
  login: string,
): Promise<void> {
  const merged = await isAncestor(repository, pull.headSha, baseSha);
  if (merged) {
    pull.mergedAt = github.now();
    await setPullState(github, repository, pull, "closed", login);
  } else {
    pull.baseSha = baseSha;
    await repository.records.save();
  }
}

function openPulls(github: Github) {
  return github.repositories.list().flatMap((repository) => {
    const open = repository.records.data.pulls.filter(({ state }) => state === "open");
    return open.map((pull) => ({ repository, pull }));
  });
}

/** The branch that a pull request is made from: in this repository, or in one of the same fork network. */
async function findHead(github: Github, base: GithubRepository, head: string) {
  const colon = head.indexOf(":");
  const owner = colon === -1 ? base.owner : head.slice(0, colon);
  const branch = head.slice(colon + 1);
  const root = base.parent ?? base.fullName;
  const repository =
    owner.toLowerCase() === base.owner.toLowerCase()
      ? base
      : github.repositories
          .list()
          .find(
            (one) =>
              one.owner.toLowerCase() === owner.toLowerCase() &&
              (one.parent === root || one.fullName === root),
          );
  const sha = repository && (await commitOfRef(repository, `refs/heads/${branch}`));
  if (repository === undefined || sha === undefined) throw invalid("PullRequest", "head");
  return { repository, branch, sha };
}

async function takeHead(
  repository: GithubRepository,
  from: GithubRepository,
  branch: string,
  number: number,
): Promise<void> {
  await fetchInto(repository, from.directory, [`+refs/heads/${branch}:${headRefOf(number)}`]);
}

async function tell(
  github: Github,
  repository: GithubRepository,
  pull: PullRecord,
  action: string,
  login: string,
  moved: { readonly before?: string | undefined; readonly after?: string } = {},
): Promise<void> {
  github.webhooks.publish(repository, await pullRequestEvent(github, repository, pull, action, login, moved));
}

function failed(message: string): ApiError {
  const error: FieldError = { resource: "PullRequest", code: "custom", message };
  return new ApiError(422, "Validation Failed", [error]);
}
