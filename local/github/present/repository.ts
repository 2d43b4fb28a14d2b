import type { Github } from "../core.ts";
import { defaultBranch } from "../git/refs.ts";
import { isoTime, nodeId } from "../names.ts";
import type { GithubRepository } from "../repositories.ts";
import { accountJson, emailOf } from "./account.ts";

/** Where a repository is: for git, for people and in the API. */
export function repositoryUrls({ urls }: Pick<Github, "urls">, { fullName }: GithubRepository) {
  return {
    api: `${urls.api}/repos/${fullName}`,
    html: `${urls.web}/${fullName}`,
    clone: `${urls.web}/${fullName}.git`,
  };
}

/** A repository as it stands in pull requests, deliveries and answers ("repository"). */
export async function repositoryJson(github: Github, repository: GithubRepository) {
  const { urls, repositories } = github;
  const { api, html, clone } = repositoryUrls(github, repository);
  const { fullName, name, owner, id, description } = repository;
  const forks = repositories.list().filter(({ parent }) => parent === fullName).length;
  return {
    id,
    node_id: nodeId("R", id),
    name,
    full_name: fullName,
    private: repository.private,
    owner: accountJson(urls, owner),
    html_url: html,
    description,
    fork: repository.parent !== undefined,
    url: api,
    branches_url: `${api}/branches{/branch}`,
    clone_url: clone,
    commits_url: `${api}/commits{/sha}`,
    compare_url: `${api}/compare/{base}...{head}`,
    contents_url: `${api}/contents/{+path}`,
    deployments_url: `${api}/deployments`,
    forks_url: `${api}/forks`,
    git_refs_url: `${api}/git/refs{/sha}`,
    git_url: clone,
    hooks_url: `${api}/hooks`,
    pulls_url: `${api}/pulls{/number}`,
    releases_url: `${api}/releases{/id}`,
    ssh_url: clone,
    statuses_url: `${api}/statuses/{sha}`,
    svn_url: html,
    created_at: isoTime(repository.createdAt),
    updated_at: isoTime(repository.pushedAt),
    pushed_at: isoTime(repository.pushedAt),
    homepage: null,
    size: 0,
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    forks_count: forks,
    forks,
    open_issues_count: repository.records.data.pulls.filter(({ state }) => state === "open").length,
    archived: false,
    disabled: false,
    is_template: false,
    topics: [],
    visibility: repository.private ? "private" : "public",
    default_branch: await defaultBranch(repository),
  };
}

/** The repository of a push event, in which some members have a form of their own: moments are epoch seconds. */
export async function pushedRepositoryJson(github: Github, repository: GithubRepository) {
  const json = await repositoryJson(github, repository);
  return {
    ...json,
    owner: { name: repository.owner, email: emailOf(repository.owner), ...json.owner },
    created_at: Math.floor(repository.createdAt / 1000),
    pushed_at: Math.floor(repository.pushedAt / 1000),
    master_branch: json.default_branch,
  };
}
