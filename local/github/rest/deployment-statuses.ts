import { z } from "zod";
import { loginOf } from "../actors.ts";
import { deploymentStatusJson } from "../present/deployment.ts";
import type { DeploymentRecord, DeploymentStatusRecord } from "../records.ts";
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

const newSchema = z.object({
  state: z.enum(["error", "failure", "inactive", "in_progress", "queued", "pending", "success"]),
  target_url: z.string().default(""),
  log_url: z.string().optional(),
  description: textUpTo("description", 140).default(""),
  environment_url: z.string().default(""),
  auto_inactive: z.boolean().default(true),
});

const read = { permission: "deployments", level: "read" } as const;
const write = { permission: "deployments", level: "write" } as const;

/** https://docs.github.com/en/rest/deployments/statuses */
export const deploymentStatusRoutes: readonly Route[] = [
  repositoryRoute("POST", "/deployments/{id}/statuses", write, create),
  repositoryRoute("GET", "/deployments/{id}/statuses", read, list),
  repositoryRoute("GET", "/deployments/{id}/statuses/{status}", read, async (call) => {
    const deployment = withId(call.repository.records.data.deployments, call.params.id);
    const status = withId(deployment.statuses, call.params.status);
    return ok(deploymentStatusJson(call.github, call.repository, deployment, status));
  }),
];

async function create(call: RepositoryCall): Promise<Reply> {
  const { github, repository, params } = call;
  const deployment = withId(repository.records.data.deployments, params.id);
  const wanted = bodyOf(call, newSchema, "DeploymentStatus");
  const status = newStatus(call, wanted.state, {
    description: wanted.description,
    environmentUrl: wanted.environment_url,
    logUrl: wanted.log_url ?? wanted.target_url,
  });
  deployment.statuses.push(status);
  if (wanted.state === "success" && wanted.auto_inactive) retire(call, deployment);
  await repository.records.save();
  return created(deploymentStatusJson(github, repository, deployment, status));
}

type Words = Pick<DeploymentStatusRecord, "description" | "environmentUrl" | "logUrl">;

function newStatus({ github, repository, actor }: RepositoryCall, state: string, words: Words) {
  const { now } = github;
  return { ...words, id: repository.records.newId(), state, creator: loginOf(actor), createdAt: now() };
}

/** What was deployed to an environment before is inactive, unless it is for production or gone soon anyway. */
function retire(call: RepositoryCall, by: DeploymentRecord): void {
  for (const deployment of call.repository.records.data.deployments) {
    const isBefore = deployment !== by && deployment.environment === by.environment;
    const isActive = deployment.statuses.at(-1)?.state === "success";
    if (!isBefore || !isActive || deployment.transient || deployment.production) continue;
    deployment.statuses.push(
      newStatus(call, "inactive", { description: "", environmentUrl: "", logUrl: "" }),
    );
  }
}

/** The newest first. */
async function list(call: RepositoryCall): Promise<Reply> {
  const { github, repository, params } = call;
  const deployment = withId(repository.records.data.deployments, params.id);
  const { items, headers } = paged(call, [...deployment.statuses].reverse());
  const json = items.map((status) => deploymentStatusJson(github, repository, deployment, status));
  return { status: 200, json, headers };
}
