import type { Github } from "../core.ts";
import { changedFiles } from "../git/changes.ts";
import { countApart, mergeBase } from "../git/revisions.ts";
import { isoTime, nodeId } from "../names.ts";
import type { PullRecord } from "../records.ts";
import type { GithubRepository } from "../repositories.ts";
import { accountJson } from "./account.ts";
import { repositoryJson, repositoryUrls } from "./repository.ts";

/** A pull request as lists show it ("pull request simple"). */
export async function pullJson(github: Github, repository: GithubRepository, pull: PullRecord) {
  const { urls, repositories } = github;
  const { api, html } = repositoryUrls(github, repository);
  const url = `${api}/pulls/${pull.number}`;
  const page = `${html}/pull/${pull.number}`;
  const headRepository = repositories.find(pull.headRepository);
  const user = accountJson(urls, pull.author);
  const [headOwner = ""] = pull.headRepository.split("/");
  const moment = (time: number | null): string | null => (time === null ? null : isoTime(time));
  return {
    url,
    id: pull.id,
    node_id: nodeId("PR", pull.id),
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    issue_url: `${api}/issues/${pull.number}`,
    commits_url: `${url}/commits`,
    comments_url: `${api}/issues/${pull.number}/comments`,
    statuses_url: `${api}/statuses/${pull.headSha}`,
    number: pull.number,
    state: pull.state,
    locked: false,
    title: pull.title,
    user,
    body: pull.body,
    created_at: isoTime(pull.createdAt),
    updated_at: isoTime(pull.updatedAt),
    closed_at: moment(pull.closedAt),
    merged_at: moment(pull.mergedAt),
    merge_commit_sha: null,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    labels: [],
    milestone: null,
    draft: pull.draft,
    head: {
      label: `${headOwner}:${pull.headRef}`,
      ref: pull.headRef,
      sha: pull.headSha,
      user: accountJson(urls, headOwner),
      repo: headRepository === undefined ? null : await repositoryJson(github, headRepository),
    },
    base: {
      label: `${repository.owner}:${pull.baseRef}`,
      ref: pull.baseRef,
      sha: pull.baseSha,
      user: accountJson(urls, repository.owner),
      repo: await repositoryJson(github, repository),
    },
    author_association: pull.author === repository.owner ? "OWNER" : "CONTRIBUTOR",
    auto_merge: null,
    active_lock_reason: null,
  };
}

/** A pull request by itself, and in its events ("pull request"). */
export async function pullDetailJson(github: Github, repository: GithubRepository, pull: PullRecord) {
  const base = (await mergeBase(repository, pull.baseSha, pull.headSha)) ?? pull.baseSha;
  const files = await changedFiles(repository, base, pull.headSha);
  const sum = (count: (file: (typeof files)[number]) => number): number =>
    files.reduce((total, file) => total + count(file), 0);
  return {
    ...(await pullJson(github, repository, pull)),
    merged: pull.mergedAt !== null,
    mergeable: null,
    rebaseable: null,
    mergeable_state: "unknown",
    merged_by: null,
    comments: 0,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: (await countApart(repository, pull.baseSha, pull.headSha)).ahead,
    additions: sum(({ additions }) => additions),
    deletions: sum(({ deletions }) => deletions),
    changed_files: files.length,
  };
}
