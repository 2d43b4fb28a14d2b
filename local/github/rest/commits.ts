import { ApiError, notFound } from "../api-error.ts";
import { changedFiles, emptyTree } from "../git/changes.ts";
import { readCommit } from "../git/commits.ts";
import { listBranches, listRefs } from "../git/refs.ts";
import { commitOf } from "../git/revisions.ts";
import { nodeId } from "../names.ts";
import { commitJson, fileJson } from "../present/commit.ts";
import { repositoryUrls } from "../present/repository.ts";
import { commitNamed, ok, type Reply, type RepositoryCall, type Route, repositoryRoute } from "./call.ts";
import { paged } from "./paging.ts";

/** A commit shows at most this many files on a page. */
const FILES_PER_PAGE = 300;

const read = { permission: "contents", level: "read" } as const;

/** Branches, refs and commits. */
export const commitRoutes: readonly Route[] = [
  repositoryRoute("GET", "/branches", read, branches),
  repositoryRoute("GET", "/tags", read, tags),
  repositoryRoute("GET", "/branches/{branch+}", read, branch),
  repositoryRoute("GET", "/git/ref/{ref+}", read, gitRef),
  repositoryRoute("GET", "/git/matching-refs/{ref+}", read, matchingRefs),
];

/** Must come after the routes of what is below a commit: its name may have slashes. */
export const commitRoute = repositoryRoute("GET", "/commits/{ref+}", read, commit);

async function branches(call: RepositoryCall): Promise<Reply> {
  const { items, headers } = paged(call, await listBranches(call.repository));
  const { api } = repositoryUrls(call.github, call.repository);
  const json = items.map(({ name, sha }) => ({
    name,
    commit: { sha, url: `${api}/commits/${sha}` },
    protected: false,
  }));
  return { status: 200, json, headers };
}

/** https://docs.github.com/en/rest/repos/repos#list-repository-tags: with the commit of an annotated tag, not its own object. */
async function tags(call: RepositoryCall): Promise<Reply> {
  const { github, repository } = call;
  const { api } = repositoryUrls(github, repository);
  const all = [...(await listRefs(repository, "refs/tags/"))].reverse();
  const { items, headers } = paged(call, all);
  const json = await Promise.all(
    items.map(async ({ ref, object }) => {
      const sha = (await commitOf(repository, object)) ?? object;
      const name = ref.slice("refs/tags/".length);
      const archive = `${api}/tarball/${ref}`;
      return {
        ...{ name, commit: { sha, url: `${api}/commits/${sha}` } },
        ...{ zipball_url: archive.replace("tarball", "zipball"), tarball_url: archive },
        node_id: nodeId("REF", `${repository.id}:${ref}`),
      };
    }),
  );
  return { status: 200, json, headers };
}

async function branch(call: RepositoryCall): Promise<Reply> {
  const { github, repository, params } = call;
  const found = (await listBranches(repository)).find(({ name }) => name === params.branch);
  if (found === undefined) throw new ApiError(404, "Branch not found");
  const { api, html } = repositoryUrls(github, repository);
  return ok({
    name: found.name,
    commit: commitJson(github, repository, await readCommit(repository, found.sha)),
    _links: { self: `${api}/branches/${found.name}`, html: `${html}/tree/${found.name}` },
    protected: false,
    protection: {
      enabled: false,
      required_status_checks: { enforcement_level: "off", contexts: [], checks: [] },
    },
    protection_url: `${api}/branches/${found.name}/protection`,
  });
}

/** https://docs.github.com/en/rest/git/refs: `heads/BRANCH` or `tags/TAG`, without `refs/`. */
async function gitRef(call: RepositoryCall): Promise<Reply> {
  const wanted = `refs/${call.params.ref ?? ""}`;
  const found = (await listRefs(call.repository, "refs/")).find(({ ref }) => ref === wanted);
  if (found === undefined) throw notFound();
  return ok(refJson(call, found));
}

async function matchingRefs(call: RepositoryCall): Promise<Reply> {
  const wanted = `refs/${call.params.ref ?? ""}`;
  const found = (await listRefs(call.repository, "refs/")).filter(({ ref }) => ref.startsWith(wanted));
  return ok(found.map((ref) => refJson(call, ref)));
}

type Refs = Awaited<ReturnType<typeof listRefs>>;

function refJson({ github, repository }: RepositoryCall, { ref, object, type }: Refs[number]) {
  const { api } = repositoryUrls(github, repository);
  return {
    ref,
    node_id: nodeId("REF", `${repository.id}:${ref}`),
    url: `${api}/git/${ref}`,
    object: { type, sha: object, url: `${api}/git/${type}s/${object}` },
  };
}

/** https://docs.github.com/en/rest/commits/commits#get-a-commit */
async function commit(call: RepositoryCall): Promise<Reply> {
  const { github, repository, params, accept } = call;
  const sha = await commitNamed(call, params.ref ?? "");
  if (/application\/vnd\.github(\.v3)?\.sha/.test(accept)) {
    return {
      status: 200,
      content: { type: "application/vnd.github.sha; charset=utf-8", bytes: Buffer.from(sha) },
    };
  }
  const found = await readCommit(repository, sha);
  const before = found.parents[0] ?? (await emptyTree(repository));
  const files = await changedFiles(repository, before, sha);
  const { items, headers } = paged(call, files, FILES_PER_PAGE);
  const additions = files.reduce((total, file) => total + file.additions, 0);
  const deletions = files.reduce((total, file) => total + file.deletions, 0);
  const json = {
    ...commitJson(github, repository, found),
    stats: { additions, deletions, total: additions + deletions },
    files: items.map((file) => fileJson(github, repository, sha, file)),
  };
  return { status: 200, json, headers };
}
