import { z } from "zod";
import { loginOf } from "../actors.ts";
import { ApiError } from "../api-error.ts";
import { defaultBranch } from "../git/refs.ts";
import { commitOfRef, isAncestor, resolveCommit } from "../git/revisions.ts";
import { deploymentJson } from "../present/deployment.ts";
import type { DeploymentRecord } from "../records.ts";
import {
  bodyOf,
  created,
  ok,
  type Reply,
  type RepositoryCall,
  type Route,
  repositoryRoute,
  textUpTo,
  withId,
} from "./call.ts";
import { paged } from "./paging.ts";
import { latestStatuses } from "./statuses.ts";

const newSchema = z.object({
  ref: z.string().min(1),
  task: z.string().default("deploy"),
  auto_merge: z.boolean().default(true),
  required_contexts: z.array(z.string()).nullish(),
  payload: z.union([z.string(), z.record(z.string(), z.unknown())]).default({}),
  environment: z.string().min(1).default("production"),
  description: textUpTo("description", 140).nullable().default(null),
  transient_environment: z.boolean().default(false),
  production_environment: z.boolean().optional(),
});

const read = { permission: "deployments", level: "read" } as const;

/** https://docs.github.com/en/rest/deployments/deployments */
export const deploymentRoutes: readonly Route[] = [
  repositoryRoute("POST", "/deployments", { permission: "deployments", level: "write" }, create),
  repositoryRoute("GET", "/deployments", read, list),
  repositoryRoute("GET", "/deployments/{id}", read, async (call) =>
    ok(
      deploymentJson(
        call.github,
        call.repository,
        withId(call.repository.records.data.deployments, call.params.id),
      ),
    ),
  ),
];

async function create(call: RepositoryCall): Promise<Reply> {
  const { github, repository, actor } = call;
  const wanted = bodyOf(call, newSchema, "Deployment");
  const { ref } = wanted;
  const sha = await resolveCommit(repository, ref);
  if (sha === undefined) throw new ApiError(422, `No ref found for: ${ref}`);
  if (wanted.auto_merge) await refuseMerge(call, ref, sha);
  requireContexts(call, ref, sha, wanted.required_contexts ?? undefined);
  const deployment: DeploymentRecord = {
    id: repository.records.newId(),
    ...{ sha, ref, task: wanted.task, payload: wanted.payload, environment: wanted.environment },
    description: wanted.description,
    transient: wanted.transient_environment,
    production: wanted.production_environment ?? wanted.environment === "production",
    creator: loginOf(actor),
    createdAt: github.now(),
    statuses: [],
  };
  repository.records.data.deployments.push(deployment);
  await repository.records.save();
  return created(deploymentJson(github, repository, deployment));
}

/** GitHub merges the default branch into a branch that is behind it, unless told not to. That is not emulated. */
async function refuseMerge({ repository }: RepositoryCall, ref: string, sha: string): Promise<void> {
  const main = await defaultBranch(repository);
  const tip = await commitOfRef(repository, `refs/heads/${main}`);
  const isBranch = (await commitOfRef(repository, `refs/heads/${ref}`)) !== undefined;
  if (!isBranch || tip === undefined || (await isAncestor(repository, tip, sha))) return;
  throw new ApiError(
    409,
    `Conflict merging ${main} into ${ref}. The local GitHub does not merge for a deployment: send auto_merge: false`,
  );
}

/** Every context of the commit must be a success, or those that are named; an empty list asks for none. */
function requireContexts(
  { repository }: RepositoryCall,
  ref: string,
  sha: string,
  wanted: readonly string[] | undefined,
): void {
  const runs = repository.records.data.checkRuns.filter((run) => run.sha === sha);
  const outcomes = new Map<string, boolean>([
    ...latestStatuses(repository, sha).map(({ context, state }) => [context, state === "success"] as const),
    ...runs.map(
      ({ name, conclusion }) => [name, ["success", "neutral", "skipped"].includes(conclusion ?? "")] as const,
    ),
  ]);
  const required = wanted ?? [...outcomes.keys()];
  const lacking = required.filter((context) => outcomes.get(context) !== true);
  if (lacking.length === 0) return;
  const message = `Conflict: Commit status checks failed for ${ref}.`;
  throw new ApiError(
    409,
    message,
    lacking.map((context) => ({
      resource: "Deployment",
      code: "invalid",
      field: "required_contexts",
      message: context,
    })),
  );
}

/** The newest first. */
async function list(call: RepositoryCall): Promise<Reply> {
  const { github, repository, url } = call;
  const wanted = (name: string, value: string): boolean => {
    const asked = url.searchParams.get(name);
    return asked === null || asked === "none" || asked === value;
  };
  const found = repository.records.data.deployments
    .filter(({ sha, ref }) => wanted("sha", sha) && wanted("ref", ref))
    .filter(({ task, environment }) => wanted("task", task) && wanted("environment", environment))
    .reverse();
  const { items, headers } = paged(call, found);
  return { status: 200, json: items.map((one) => deploymentJson(github, repository, one)), headers };
}
