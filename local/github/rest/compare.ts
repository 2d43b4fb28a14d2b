import { join } from "node:path";
import { canRead } from "../actors.ts";
import { ApiError, notFound } from "../api-error.ts";
import { changedFiles } from "../git/changes.ts";
import { readCommit, readCommits } from "../git/commits.ts";
import { countApart, type GitFolder, mergeBase, resolveCommit } from "../git/revisions.ts";
import { commitJson, fileJson } from "../present/commit.ts";
import { repositoryUrls } from "../present/repository.ts";
import type { GithubRepository } from "../repositories.ts";
import { type Reply, type RepositoryCall, type Route, repositoryRoute } from "./call.ts";
import { links, pageOf } from "./paging.ts";

/** A comparison names at most this many files, all on its first page. */
const MAXIMUM_FILES = 300;

/** A page has this many commits unless told. */
const COMMITS_PER_PAGE = 250;

/** https://docs.github.com/en/rest/commits/commits#compare-two-commits */
export const compareRoutes: readonly Route[] = [
  repositoryRoute("GET", "/compare/{basehead+}", { permission: "contents", level: "read" }, compare),
];

/** One side of a comparison: a commit, and whose it is. */
interface Side {
  readonly repository: GithubRepository;
  readonly sha: string;
}

async function compare(call: RepositoryCall): Promise<Reply> {
  const { github, repository } = call;
  const [baseName = "", headName = "", ...rest] = (call.params.basehead ?? "").split("...");
  if (headName === "" || rest.length > 0) throw notFound();
  const base = await sideOf(call, baseName);
  const head = await sideOf(call, headName);
  const both: GitFolder = {
    directory: repository.directory,
    borrowed: [base, head]
      .filter((side) => side.repository.fullName !== repository.fullName)
      .map((side) => join(side.repository.directory, "objects")),
  };
  const common = await mergeBase(both, base.sha, head.sha);
  if (common === undefined)
    throw new ApiError(404, `No common ancestor between ${baseName} and ${headName}.`);

  const { ahead, behind } = await countApart(both, base.sha, head.sha);
  const { page, perPage } = pageOf(call, COMMITS_PER_PAGE);
  const start = (page - 1) * perPage;
  const commits = await readCommits(both, ["--reverse", "--topo-order", head.sha, `^${base.sha}`]);
  const files = page > 1 ? [] : (await changedFiles(both, common, head.sha)).slice(0, MAXIMUM_FILES);
  const { api, html } = repositoryUrls(github, repository);
  const json = {
    url: `${api}/compare/${baseName}...${headName}`,
    html_url: `${html}/compare/${baseName}...${headName}`,
    permalink_url: `${html}/compare/${repository.owner}:${base.sha.slice(0, 7)}...${head.repository.owner}:${head.sha.slice(0, 7)}`,
    diff_url: `${html}/compare/${baseName}...${headName}.diff`,
    patch_url: `${html}/compare/${baseName}...${headName}.patch`,
    base_commit: commitJson(github, repository, await readCommit(both, base.sha)),
    merge_base_commit: commitJson(github, repository, await readCommit(both, common)),
    status: relation(ahead, behind),
    ahead_by: ahead,
    behind_by: behind,
    total_commits: ahead,
    commits: commits
      .slice(start, start + perPage)
      .map((commit) => commitJson(github, head.repository, commit)),
    files: files.map((file) => fileJson(github, head.repository, head.sha, file)),
  };
  return { status: 200, json, headers: links(call, page, perPage, ahead) };
}

function relation(ahead: number, behind: number): "identical" | "ahead" | "behind" | "diverged" {
  if (ahead === 0) return behind === 0 ? "identical" : "behind";
  return behind === 0 ? "ahead" : "diverged";
}

/** `REF`, `OWNER:REF` or `OWNER:REPO:REF`, of the same network of forks. @throws ApiError 404 */
async function sideOf(call: RepositoryCall, name: string): Promise<Side> {
  const parts = name.split(":");
  const repository = parts.length === 1 ? call.repository : inNetwork(call, parts.slice(0, -1));
  const ref = parts.at(-1) ?? "";
  const sha = repository && (await resolveCommit(repository, ref));
  if (repository === undefined || sha === undefined) throw notFound();
  return { repository, sha };
}

function inNetwork(
  { github, repository, actor }: RepositoryCall,
  [owner = "", name]: readonly string[],
): GithubRepository | undefined {
  const root = repository.parent ?? repository.fullName;
  return github.repositories
    .list()
    .filter((one) => one.fullName === root || one.parent === root)
    .filter((one) => canRead(actor, one) && (name === undefined || one.name === name))
    .find((one) => one.owner.toLowerCase() === owner.toLowerCase());
}
