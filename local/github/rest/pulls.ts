import { z } from "zod";
import { loginOf } from "../actors.ts";
import { ApiError, invalid, notFound } from "../api-error.ts";
import { changedFiles } from "../git/changes.ts";
import { commitOfRef, mergeBase } from "../git/revisions.ts";
import { fileJson } from "../present/commit.ts";
import { pullDetailJson, pullJson } from "../present/pull.ts";
import { openPull, setPullState } from "../pulls.ts";
import type { PullRecord } from "../records.ts";
import { bodyOf, created, ok, type Reply, type RepositoryCall, type Route, repositoryRoute } from "./call.ts";
import { paged } from "./paging.ts";

const newSchema = z.object({
  title: z.string().min(1),
  head: z.string().min(1),
  base: z.string().min(1),
  body: z.string().nullable().default(null),
  draft: z.boolean().default(false),
});

const changeSchema = z.object({
  title: z.string().min(1).optional(),
  body: z.string().nullable().optional(),
  state: z.enum(["open", "closed"]).optional(),
  base: z.string().min(1).optional(),
});

const MAXIMUM_FILES = 3_000;

const read = { permission: "pull_requests", level: "read" } as const;

/** https://docs.github.com/en/rest/pulls/pulls */
export const pullRoutes: readonly Route[] = [
  // Everybody who may read a repository may propose a change to it.
  repositoryRoute("POST", "/pulls", read, create),
  repositoryRoute("GET", "/pulls", read, list),
  repositoryRoute("GET", "/pulls/{number}", read, async (call) =>
    ok(await pullDetailJson(call.github, call.repository, numbered(call))),
  ),
  repositoryRoute("PATCH", "/pulls/{number}", { permission: "pull_requests", level: "write" }, change),
  repositoryRoute("GET", "/pulls/{number}/files", read, files),
];

function numbered({ repository, params }: RepositoryCall): PullRecord {
  const found = repository.records.data.pulls.find(({ number }) => String(number) === params.number);
  if (found === undefined) throw notFound();
  return found;
}

async function create(call: RepositoryCall): Promise<Reply> {
  const { github, repository, actor } = call;
  if (actor.kind === "anonymous") throw new ApiError(401, "Requires authentication");
  if (actor.kind === "installation" && actor.token.permissions.pull_requests !== "write")
    throw new ApiError(403, "Resource not accessible by integration");
  const wanted = bodyOf(call, newSchema, "PullRequest");
  const pull = await openPull(github, repository, wanted, loginOf(actor));
  return created(await pullDetailJson(github, repository, pull));
}

async function list(call: RepositoryCall): Promise<Reply> {
  const { github, repository, url } = call;
  const state = url.searchParams.get("state") ?? "open";
  const head = url.searchParams.get("head");
  const base = url.searchParams.get("base");
  const headOf = (pull: PullRecord): string => `${pull.headRepository.split("/")[0] ?? ""}:${pull.headRef}`;
  const found = repository.records.data.pulls
    .filter((pull) => state === "all" || pull.state === state)
    .filter((pull) => (head === null || headOf(pull) === head) && (base === null || pull.baseRef === base))
    .reverse();
  const { items, headers } = paged(call, found);
  const json = await Promise.all(items.map((pull) => pullJson(github, repository, pull)));
  return { status: 200, json, headers };
}

async function change(call: RepositoryCall): Promise<Reply> {
  const { github, repository, actor } = call;
  const pull = numbered(call);
  const wanted = bodyOf(call, changeSchema, "PullRequest");
  if (wanted.base !== undefined) {
    const baseSha = await commitOfRef(repository, `refs/heads/${wanted.base}`);
    if (baseSha === undefined) throw invalid("PullRequest", "base");
    Object.assign(pull, { baseRef: wanted.base, baseSha });
  }
  pull.title = wanted.title ?? pull.title;
  pull.body = wanted.body === undefined ? pull.body : wanted.body;
  pull.updatedAt = github.now();
  await repository.records.save();
  if (wanted.state !== undefined) await setPullState(github, repository, pull, wanted.state, loginOf(actor));
  return ok(await pullDetailJson(github, repository, pull));
}

async function files(call: RepositoryCall): Promise<Reply> {
  const { github, repository } = call;
  const { baseSha, headSha } = numbered(call);
  const base = (await mergeBase(repository, baseSha, headSha)) ?? baseSha;
  const changed = (await changedFiles(repository, base, headSha)).slice(0, MAXIMUM_FILES);
  const { items, headers } = paged(call, changed);
  return { status: 200, json: items.map((file) => fileJson(github, repository, headSha, file)), headers };
}
