import type { CodeCommitSource, PipelineDefinition } from "../../shared/pipeline/definition.ts";
import type { RunView } from "../../shared/pipeline/view.ts";
import type { Address } from "../address.ts";
import type { Check } from "./check.ts";

/** A pipeline that builds the pull requests of a repository in CodeCommit. */
export type ReviewedPipeline = PipelineDefinition & { readonly source: CodeCommitSource };

export const isReviewedPipeline = (pipeline: PipelineDefinition): pipeline is ReviewedPipeline =>
  pipeline.source.type === "codecommit" && pipeline.source.pullRequests !== "off";

const NAME = "codecommit-pull-requests";

/** What a pipeline needs to build pull requests and to say what came of it: the newest run shows what has worked. */
export function checkPullRequests(
  { name, source }: ReviewedPipeline,
  newest: RunView | undefined,
  { local }: Address,
): Check {
  const check = { name: NAME, pipeline: name };
  const deployed =
    "the role PullRequestRole and the rule CodecommitPullRequest, which deploying the stack makes";
  const approver = source.approvalState
    ? "; for its approval to count, an approval rule of the repository whose pool holds the stack's output PullRequestApprovers"
    : "";
  if (newest?.reportProblem !== undefined)
    return { ...check, status: "missing", says: newest.reportProblem, remedy: deployed };
  if (newest?.trigger === "pull-request")
    return { ...check, status: "ok", says: `${newest.id} began by a pull request, which it comments on` };
  if (local) return { ...check, status: "ok", says: "the local CodeCommit tells of pull requests by itself" };
  const says = "no pull request has begun its newest run, so it cannot be told from here";
  return { ...check, status: "unknown", says, remedy: `${deployed}${approver}` };
}
