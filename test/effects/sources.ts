import type { CodeCommitSource, GitHubSource, PipelineDefinition } from "../../shared/pipeline/definition.ts";
import { definition, STAGING } from "../pipeline/given.ts";

const FILTERS = { repository: "hello", branches: ["main"], tags: [], paths: [], ignoreAuthors: [] };

/** A pipeline that follows `main` in CodeCommit and deploys to staging. */
export function codecommitPipeline(
  change: Partial<PipelineDefinition> = {},
  source: Partial<CodeCommitSource> = {},
): PipelineDefinition {
  return definition({
    stages: [STAGING],
    source: { type: "codecommit", ...FILTERS, pullRequests: "off", approvalState: false, ...source },
    ...change,
  });
}

/** The same at GitHub. */
export function githubPipeline(
  change: Partial<PipelineDefinition> = {},
  source: Partial<GitHubSource> = {},
): PipelineDefinition {
  return definition({
    stages: [STAGING],
    source: { type: "github", ...FILTERS, pullRequests: "off", forks: "off", releases: false, ...source },
    ...change,
  });
}
