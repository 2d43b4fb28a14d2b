import type { PipelineDefinition } from "../pipeline/definition.ts";
import { pullRequestMismatch } from "./codecommit-pull-request.ts";
import { githubMismatch } from "./github-match.ts";
import type { Offer } from "./source.ts";

/** Whether a pipeline wants what its host offers, by the rules for the event that told of it; the reason when it does not. */
export function offerMismatch(definition: PipelineDefinition, offer: Offer): string | undefined {
  const { source } = definition;
  return source.type === "github"
    ? githubMismatch(definition, { type: "delivery", repository: source.repository, ...offer })
    : pullRequestMismatch(definition, source.repository, offer.matched);
}
