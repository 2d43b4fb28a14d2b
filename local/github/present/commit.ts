import type { Github } from "../core.ts";
import type { FileChange } from "../git/changes.ts";
import type { Commit, Person } from "../git/commits.ts";
import { nodeId } from "../names.ts";
import type { GithubRepository } from "../repositories.ts";
import { accountJson, loginOfEmail } from "./account.ts";
import { repositoryUrls } from "./repository.ts";

/** A commit in lists, comparisons and look-ups ("commit"). */
export function commitJson(github: Github, repository: GithubRepository, commit: Commit) {
  const { api, html } = repositoryUrls(github, repository);
  const { sha, tree, parents, message } = commit;
  return {
    sha,
    node_id: nodeId("C", sha),
    commit: {
      author: personJson(commit.author),
      committer: personJson(commit.committer),
      message,
      tree: { sha: tree, url: `${api}/git/trees/${tree}` },
      url: `${api}/git/commits/${sha}`,
      comment_count: 0,
      verification: {
        verified: false,
        reason: "unsigned",
        signature: null,
        payload: null,
        verified_at: null,
      },
    },
    url: `${api}/commits/${sha}`,
    html_url: `${html}/commit/${sha}`,
    comments_url: `${api}/commits/${sha}/comments`,
    author: userOf(github, commit.author),
    committer: userOf(github, commit.committer),
    parents: parents.map((parent) => ({
      sha: parent,
      url: `${api}/commits/${parent}`,
      html_url: `${html}/commit/${parent}`,
    })),
  };
}

/** The REST API gives dates in UTC, whatever clock the person had. */
const personJson = ({ name, email, date }: Person) => ({
  name,
  email,
  date: new Date(date).toISOString().replace(/\.\d+Z$/, "Z"),
});

function userOf({ urls }: Github, { email }: Person) {
  const login = loginOfEmail(email);
  return login === undefined ? null : accountJson(urls, login);
}

/** A changed file ("diff entry"), without the optional `patch`. */
export function fileJson(github: Github, repository: GithubRepository, commit: string, file: FileChange) {
  const { api, html } = repositoryUrls(github, repository);
  const path = file.path.split("/").map(encodeURIComponent).join("/");
  return {
    sha: file.blob,
    filename: file.path,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${html}/blob/${commit}/${path}`,
    raw_url: `${html}/raw/${commit}/${path}`,
    contents_url: `${api}/contents/${path}?ref=${commit}`,
    ...(file.previousPath === undefined ? {} : { previous_filename: file.previousPath }),
  };
}
