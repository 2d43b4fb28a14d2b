import { z } from "zod";
import { canRead, loginOf } from "../actors.ts";
import { ApiError, invalid, notFound } from "../api-error.ts";
import { defaultBranch, listBranches, setDefaultBranch } from "../git/refs.ts";
import { ensureRepository, forkRepository } from "../make-repository.ts";
import { isLogin, isRepositoryName } from "../names.ts";
import { repositoryJson } from "../present/repository.ts";
import type { GithubRepository } from "../repositories.ts";
import {
  bodyOf,
  type Call,
  created,
  ok,
  type Reply,
  type RepositoryCall,
  type Route,
  repositoryRoute,
} from "./call.ts";

const newSchema = z.object({
  name: z.string(),
  private: z.boolean().default(false),
  description: z.string().nullable().default(null),
});

const changeSchema = z.object({
  private: z.boolean().optional(),
  description: z.string().nullable().optional(),
  default_branch: z.string().optional(),
});

const forkSchema = z.object({ organization: z.string().optional(), name: z.string().optional() });

/** Repositories and forks. https://docs.github.com/en/rest/repos/repos */
export const repositoryRoutes: readonly Route[] = [
  repositoryRoute("GET", "", { permission: "metadata", level: "read" }, async (call) =>
    ok(await fullJson(call, call.repository)),
  ),
  repositoryRoute("PATCH", "", { permission: "administration", level: "write" }, change),
  repositoryRoute("POST", "/forks", { permission: "metadata", level: "read" }, fork),
  { method: "POST", path: "/user/repos", run: (call) => create(call, loginOf(requireUser(call))) },
  { method: "POST", path: "/orgs/{org}/repos", run: (call) => create(call, call.params.org ?? "") },
];

/** @throws ApiError 401 or 403 for who is no person */
function requireUser({ actor }: Call) {
  if (actor.kind === "user") return actor;
  if (actor.kind === "anonymous") throw new ApiError(401, "Requires authentication");
  throw new ApiError(403, "Resource not accessible by integration");
}

async function create(call: Call, owner: string): Promise<Reply> {
  const { github } = call;
  const login = loginOf(requireUser(call));
  const wanted = bodyOf(call, newSchema, "Repository");
  if (!isLogin(owner)) throw notFound();
  if (!isRepositoryName(wanted.name)) throw invalid("Repository", "name");
  const made = await ensureRepository(github, { owner, ...wanted }, login);
  if (!made.created) throw invalid("Repository", "name", "name already exists on this account");
  return created(await fullJson(call, made.repository));
}

async function change(call: RepositoryCall): Promise<Reply> {
  const { github, repository } = call;
  const wanted = bodyOf(call, changeSchema, "Repository");
  const branch = wanted.default_branch;
  if (branch !== undefined) {
    const isThere = (await listBranches(repository)).some(({ name }) => name === branch);
    if (!isThere) throw invalid("Repository", "default_branch", `The branch ${branch} was not found.`);
    await setDefaultBranch(repository, branch);
  }
  const changed = await github.repositories.change(repository, {
    ...(wanted.private === undefined ? {} : { private: wanted.private }),
    ...(wanted.description === undefined ? {} : { description: wanted.description }),
  });
  return ok(await fullJson(call, changed));
}

/** GitHub forks in the background, and says 202; here it is done by then. */
async function fork(call: RepositoryCall): Promise<Reply> {
  const { github, repository } = call;
  const login = loginOf(requireUser(call));
  const { organization = login, name = repository.name } = bodyOf(call, forkSchema, "Fork");
  if (!isLogin(organization)) throw invalid("Fork", "organization");
  if (!isRepositoryName(name)) throw invalid("Fork", "name");
  if (organization.toLowerCase() === repository.owner.toLowerCase())
    throw new ApiError(403, "A repository cannot be forked into the account that owns it.");
  const made = await forkRepository(github, repository, organization, name);
  if (made.repository.parent !== repository.fullName)
    throw invalid("Fork", "name", `name already exists on this account`);
  return { status: 202, json: await fullJson(call, made.repository) };
}

/** A repository by itself ("full repository"): with what the one who asks may do, and with what it is a fork of. */
async function fullJson(call: Call, repository: GithubRepository) {
  const { github, actor } = call;
  const parent = repository.parent === undefined ? undefined : github.repositories.find(repository.parent);
  const origin =
    parent === undefined || !canRead(actor, parent) ? undefined : await repositoryJson(github, parent);
  const isOwner = actor.kind === "user";
  return {
    ...(await repositoryJson(github, repository)),
    default_branch: await defaultBranch(repository),
    permissions: { admin: isOwner, maintain: isOwner, push: isOwner, triage: isOwner, pull: true },
    allow_forking: true,
    ...(origin === undefined ? {} : { parent: origin, source: origin }),
  };
}
