import type { Github } from "../core.ts";
import { isoTime, nodeId } from "../names.ts";
import type { DeploymentRecord, DeploymentStatusRecord } from "../records.ts";
import type { GithubRepository } from "../repositories.ts";
import { accountJson } from "./account.ts";
import { repositoryUrls } from "./repository.ts";

/** A deployment. */
export function deploymentJson(github: Github, repository: GithubRepository, deployment: DeploymentRecord) {
  const { api } = repositoryUrls(github, repository);
  const url = `${api}/deployments/${deployment.id}`;
  return {
    url,
    id: deployment.id,
    node_id: nodeId("DE", deployment.id),
    sha: deployment.sha,
    ref: deployment.ref,
    task: deployment.task,
    payload: deployment.payload,
    original_environment: deployment.environment,
    environment: deployment.environment,
    description: deployment.description,
    creator: accountJson(github.urls, deployment.creator),
    created_at: isoTime(deployment.createdAt),
    updated_at: isoTime(deployment.statuses.at(-1)?.createdAt ?? deployment.createdAt),
    statuses_url: `${url}/statuses`,
    repository_url: api,
    transient_environment: deployment.transient,
    production_environment: deployment.production,
  };
}

/** A deployment's status. */
export function deploymentStatusJson(
  github: Github,
  repository: GithubRepository,
  deployment: DeploymentRecord,
  status: DeploymentStatusRecord,
) {
  const { api } = repositoryUrls(github, repository);
  const deploymentUrl = `${api}/deployments/${deployment.id}`;
  return {
    url: `${deploymentUrl}/statuses/${status.id}`,
    id: status.id,
    node_id: nodeId("DES", status.id),
    state: status.state,
    creator: accountJson(github.urls, status.creator),
    description: status.description,
    environment: deployment.environment,
    target_url: status.logUrl,
    log_url: status.logUrl,
    environment_url: status.environmentUrl,
    created_at: isoTime(status.createdAt),
    updated_at: isoTime(status.createdAt),
    deployment_url: deploymentUrl,
    repository_url: api,
  };
}
