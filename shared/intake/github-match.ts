import type { PipelineDefinition } from "../pipeline/definition.ts";
import { authorIgnored } from "../pipeline/messages.ts";
import { type GitHubDelivery, isSameRepository } from "./github-webhook.ts";
import { mismatch } from "./match.ts";

/** Whether a pipeline wants what GitHub tells of; the reason when it does not. */
export function githubMismatch(definition: PipelineDefinition, delivery: GitHubDelivery): string | undefined {
  const { name, source } = definition;
  if (source.type !== "github") return `${name} follows CodeCommit`;
  if (!isSameRepository(source.repository, delivery.repository)) {
    return `${name} follows the repository ${source.repository}`;
  }
  return (
    triggerMismatch(definition, delivery) ??
    (isUnfilteredRelease(definition, delivery)
      ? undefined
      : mismatch(definition, source.repository, delivery.matched)) ??
    authorMismatch(definition, delivery)
  );
}

function triggerMismatch(
  { name, source }: PipelineDefinition,
  { trigger }: GitHubDelivery,
): string | undefined {
  if (source.type !== "github") return undefined;
  switch (trigger.type) {
    case "pull-request":
      if (trigger.fork)
        return source.forks === "off" ? `${name} builds no pull requests from forks` : undefined;
      return source.pullRequests === "off" ? `${name} builds no pull requests` : undefined;
    case "release":
      return source.releases ? undefined : `${name} starts nothing for releases`;
    default:
      return undefined;
  }
}

/** A pipeline that asks for releases and names no tags wants them all. */
function isUnfilteredRelease({ source }: PipelineDefinition, { trigger }: GitHubDelivery): boolean {
  return trigger.type === "release" && source.tags.length === 0;
}

/** `ignoreAuthors` names logins and addresses; the run has only one of them. */
function authorMismatch({ source }: PipelineDefinition, { authors }: GitHubDelivery): string | undefined {
  const known = authors.map((name) => name.toLowerCase());
  const ignored = source.ignoreAuthors.find((name) => known.includes(name.toLowerCase()));
  return ignored === undefined ? undefined : authorIgnored(ignored);
}
