import { z } from "zod";
import { loginOf } from "../actors.ts";
import { ApiError } from "../api-error.ts";
import { isoTime, nodeId } from "../names.ts";
import { accountJson } from "../present/account.ts";
import { repositoryJson, repositoryUrls } from "../present/repository.ts";
import type { StatusRecord } from "../records.ts";
import type { GithubRepository } from "../repositories.ts";
import {
  bodyOf,
  commitNamed,
  created,
  type Reply,
  type RepositoryCall,
  type Route,
  repositoryRoute,
  textUpTo,
} from "./call.ts";
import { paged } from "./paging.ts";

const MAXIMUM_PER_CONTEXT = 1_000;

const newSchema = z.object({
  state: z.enum(["error", "failure", "pending", "success"]),
  target_url: z.string().nullable().default(null),
  description: textUpTo("description", 140).nullable().default(null),
  context: textUpTo("context", 255).default("default"),
});

const read = { permission: "statuses", level: "read" } as const;

/** https://docs.github.com/en/rest/commits/statuses */
export const statusRoutes: readonly Route[] = [
  repositoryRoute("POST", "/statuses/{sha}", { permission: "statuses", level: "write" }, create),
  repositoryRoute("GET", "/commits/{ref+}/statuses", read, list),
  repositoryRoute("GET", "/commits/{ref+}/status", read, combined),
];

async function create(call: RepositoryCall): Promise<Reply> {
  const { github, repository, params, actor } = call;
  const wanted = bodyOf(call, newSchema, "Status");
  const sha = await commitNamed(call, params.sha ?? "");
  const { statuses } = repository.records.data;
  const before = statuses.filter((one) => one.sha === sha && one.context === wanted.context).length;
  if (before >= MAXIMUM_PER_CONTEXT) {
    const message = "This SHA and context has reached the maximum number of statuses.";
    throw new ApiError(422, "Validation Failed", [{ resource: "Status", code: "custom", message }]);
  }
  const status: StatusRecord = {
    id: repository.records.newId(),
    sha,
    state: wanted.state,
    context: wanted.context,
    description: wanted.description,
    targetUrl: wanted.target_url,
    creator: loginOf(actor),
    createdAt: github.now(),
  };
  statuses.push(status);
  await repository.records.save();
  return created(statusJson(call, status));
}

async function list(call: RepositoryCall): Promise<Reply> {
  const sha = await commitNamed(call, call.params.ref ?? "");
  const { items, headers } = paged(call, statusesOf(call.repository, sha));
  return { status: 200, json: items.map((status) => statusJson(call, status)), headers };
}

async function combined(call: RepositoryCall): Promise<Reply> {
  const { github, repository } = call;
  const sha = await commitNamed(call, call.params.ref ?? "");
  const latest = latestStatuses(repository, sha);
  const { items, headers } = paged(call, latest);
  const { api } = repositoryUrls(github, repository);
  const json = {
    state: combinedState(latest),
    statuses: items.map((status) => statusJson(call, status)),
    sha,
    total_count: latest.length,
    repository: await repositoryJson(github, repository),
    commit_url: `${api}/commits/${sha}`,
    url: `${api}/commits/${sha}/status`,
  };
  return { status: 200, json, headers };
}

/** The newest first. */
function statusesOf(repository: GithubRepository, sha: string): readonly StatusRecord[] {
  return repository.records.data.statuses.filter((status) => status.sha === sha).reverse();
}

/** The newest status of each context. */
export function latestStatuses(repository: GithubRepository, sha: string): readonly StatusRecord[] {
  const all = statusesOf(repository, sha);
  return all.filter((status, at) => all.findIndex(({ context }) => context === status.context) === at);
}

function combinedState(statuses: readonly StatusRecord[]): "failure" | "pending" | "success" {
  if (statuses.some(({ state }) => state === "error" || state === "failure")) return "failure";
  return statuses.length === 0 || statuses.some(({ state }) => state === "pending") ? "pending" : "success";
}

function statusJson({ github, repository }: RepositoryCall, status: StatusRecord) {
  const { api } = repositoryUrls(github, repository);
  const at = isoTime(status.createdAt);
  return {
    url: `${api}/statuses/${status.sha}`,
    avatar_url: "",
    id: status.id,
    node_id: nodeId("SC", status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: at,
    updated_at: at,
    creator: accountJson(github.urls, status.creator),
  };
}
