import { ApiError, notFound } from "../api-error.ts";
import { entriesIn, entryAt, readBlob, type TreeEntry } from "../git/contents.ts";
import { defaultBranch } from "../git/refs.ts";
import { resolveCommit } from "../git/revisions.ts";
import { repositoryUrls } from "../present/repository.ts";
import { ok, type Reply, type RepositoryCall, type Route, repositoryRoute } from "./call.ts";

/** Up to here a file comes along as base64; up to `LARGEST_BYTES` only when it is asked for raw. */
const ENCODED_BYTES = 1024 * 1024;
const LARGEST_BYTES = 100 * 1024 * 1024;
const MAXIMUM_ENTRIES = 1_000;

const read = { permission: "contents", level: "read" } as const;

/** https://docs.github.com/en/rest/repos/contents#get-repository-content */
export const contentsRoutes: readonly Route[] = [
  repositoryRoute("GET", "/contents", read, contents),
  repositoryRoute("GET", "/contents/{path+}", read, contents),
];

async function contents(call: RepositoryCall): Promise<Reply> {
  const { repository, url, params, accept } = call;
  const path = (params.path ?? "").replace(/^\/+|\/+$/g, "");
  const ref = url.searchParams.get("ref") ?? (await defaultBranch(repository));
  const commit = await resolveCommit(repository, ref);
  if (commit === undefined) throw new ApiError(404, `No commit found for the ref ${ref}`);
  const entry = await entryAt(repository, commit, path);
  if (entry === undefined) throw notFound();
  if (entry.type === "dir") {
    const entries = (await entriesIn(repository, commit, path)).slice(0, MAXIMUM_ENTRIES);
    return ok(entries.map((one) => entryJson(call, one, ref)));
  }
  if (entry.type === "submodule") return ok(entryJson(call, entry, ref));
  if (entry.size > LARGEST_BYTES)
    throw new ApiError(403, "This API returns blobs up to 100 MB in size. The requested blob is too large.");
  const raw = /application\/vnd\.github(\.v3)?\.raw/.test(accept);
  const bytes = raw || entry.size <= ENCODED_BYTES ? await readBlob(repository, entry.sha) : Buffer.alloc(0);
  if (raw) return { status: 200, content: { type: "application/vnd.github.raw; charset=utf-8", bytes } };
  if (entry.type === "symlink") return ok({ ...entryJson(call, entry, ref), target: bytes.toString("utf8") });
  const encoding = entry.size <= ENCODED_BYTES ? "base64" : "none";
  return ok({ ...entryJson(call, entry, ref), encoding, content: inLines(bytes.toString("base64")) });
}

function entryJson({ github, repository }: RepositoryCall, entry: TreeEntry, ref: string) {
  const { api, html } = repositoryUrls(github, repository);
  const path = entry.path.split("/").map(encodeURIComponent).join("/");
  const url = `${api}/contents/${path}?ref=${encodeURIComponent(ref)}`;
  const page = `${html}/${entry.type === "dir" ? "tree" : "blob"}/${ref}/${path}`;
  const gitUrl = `${api}/git/${entry.type === "dir" ? "trees" : "blobs"}/${entry.sha}`;
  return {
    type: entry.type,
    name: entry.path.split("/").at(-1) ?? "",
    path: entry.path,
    sha: entry.sha,
    size: entry.size,
    url,
    html_url: page,
    git_url: gitUrl,
    download_url: entry.type === "file" ? url : null,
    _links: { self: url, git: gitUrl, html: page },
  };
}

/** GitHub breaks base64 into lines of 60 characters. */
const inLines = (text: string): string => text.replace(/.{60}|.+$/g, "$&\n");
