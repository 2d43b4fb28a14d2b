import { z } from "zod";
import { type Actor, type Need, requireAccess } from "../actors.ts";
import { ApiError, type FieldError, notFound } from "../api-error.ts";
import type { Github } from "../core.ts";
import { resolveCommit } from "../git/revisions.ts";
import type { GithubRepository } from "../repositories.ts";

/** One request to the REST API. */
export interface Call {
  readonly github: Github;
  /** With the path as api.github.com has it. */
  readonly url: URL;
  /** What stands for the variables of the route, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly accept: string;
  readonly actor: Actor;
}

export interface RepositoryCall extends Call {
  readonly repository: GithubRepository;
}

/** What is answered: JSON, or content of another type. */
export interface Reply {
  readonly status: number;
  readonly json?: unknown;
  readonly content?: { readonly type: string; readonly bytes: Buffer };
  readonly headers?: Readonly<Record<string, string>>;
}

/** `path` as in GitHub's reference; a variable with `+` takes several segments: `/repos/{owner}/{repo}/commits/{ref+}`. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly run: (call: Call) => Promise<Reply>;
}

export const ok = (json: unknown): Reply => ({ status: 200, json });
export const created = (json: unknown): Reply => ({ status: 201, json });

/** A route below `/repos/{owner}/{repo}`, for those who may. */
export function repositoryRoute(
  method: string,
  path: string,
  need: Need,
  run: (call: RepositoryCall) => Promise<Reply>,
): Route {
  return {
    method,
    path: `/repos/{owner}/{repo}${path}`,
    run: async (call) => {
      const { github, params, actor } = call;
      const repository = github.repositories.find(`${params.owner ?? ""}/${params.repo ?? ""}`);
      if (repository === undefined) throw notFound();
      requireAccess(actor, repository, need);
      return run({ ...call, repository });
    },
  };
}

/**
 * The body of a request.
 * @param resource what `errors` names
 * @throws ApiError 422 that lists every fault
 */
export function bodyOf<Schema extends z.ZodType>(
  call: Call,
  schema: Schema,
  resource: string,
): z.output<Schema> {
  const body = z.record(z.string(), z.unknown()).safeParse(call.body ?? {});
  if (!body.success) throw new ApiError(422, "Invalid request.\n\nThe body should be a JSON object.");
  const parsed = schema.safeParse(body.data);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, code, message }): FieldError => {
    const field = String(path[0] ?? "body");
    if (!Object.hasOwn(body.data, field)) return { resource, code: "missing_field", field };
    if (code === "too_big" || code === "custom") return { resource, code: "custom", field, message };
    return { resource, code: "invalid", field };
  });
  throw new ApiError(422, "Validation Failed", errors);
}

/** A text that may be long, but not longer than GitHub takes. */
export const textUpTo = (field: string, maximum: number) =>
  z.string().max(maximum, `${field} is too long (maximum is ${maximum} characters)`);

/**
 * The commit that `name` is, as a branch, a tag or an id.
 * @throws ApiError 409 in an empty repository, 422 when there is none
 */
export async function commitNamed({ repository }: RepositoryCall, name: string): Promise<string> {
  const sha = await resolveCommit(repository, name);
  if (sha !== undefined) return sha;
  if ((await resolveCommit(repository, "HEAD")) === undefined)
    throw new ApiError(409, "Git Repository is empty.");
  throw new ApiError(422, `No commit found for SHA: ${name}`);
}

/** A record of this id. @throws ApiError 404 */
export function withId<Item extends { readonly id: number }>(
  items: readonly Item[],
  id: string | undefined,
): Item {
  const found = items.find((item) => String(item.id) === id);
  if (found === undefined) throw notFound();
  return found;
}
