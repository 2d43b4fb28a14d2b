import { z } from "zod";
import type { PipelineDefinition } from "../pipeline/definition.ts";
import type { Revision, Trigger } from "../pipeline/events.ts";
import type { Ignored } from "./codecommit-push.ts";
import { mismatch } from "./match.ts";

const commit = z.string().regex(/^[0-9a-f]{40}$/, "must be 40 hexadecimal digits");

/**
 * `CodeCommit Pull Request State Change`,
 * https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html#pullRequestCreated
 */
const schema = z.object({
  id: z.string(),
  "detail-type": z.literal("CodeCommit Pull Request State Change"),
  detail: z.object({
    event: z.string(),
    pullRequestId: z.string().regex(/^[1-9]\d{0,14}$/, "must be a number"),
    repositoryNames: z.array(z.string()).length(1, "must be one repository"),
    sourceCommit: commit,
    destinationCommit: commit,
    destinationReference: z.string().min(1),
    pullRequestStatus: z.string(),
    revisionId: z.string().optional(),
    callerUserArn: z.string().optional(),
  }),
});

/** A pull request that is to be built. */
export interface PullRequest {
  readonly type: "pull-request";
  /** The event's own. */
  readonly id: string;
  /** The commit at the tip of the source branch; `before` is where the destination was. */
  readonly revision: Revision;
  readonly trigger: Extract<Trigger, { readonly type: "pull-request" }>;
  /** The branch it is to be merged into, `refs/heads/…`. */
  readonly into: string;
  /** The ARN of whoever opened it, or pushed to it. */
  readonly pusher?: string;
}

const BUILT = ["pullRequestCreated", "pullRequestSourceBranchUpdated"];

/** CodeCommit has no ref of a pull request: it is called by the one that GitHub gives to its own. */
export function pullRequestRef(number: number): string {
  return `refs/pull/${number}/head`;
}

/** Reads the event of a pull request; one that brings nothing new to build is ignored with a reason. */
export function parseCodeCommitPullRequest(payload: unknown): PullRequest | Ignored {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) {
    return { type: "ignored", reason: `no event of a pull request: ${z.prettifyError(parsed.error)}` };
  }
  const { id, detail } = parsed.data;
  const { event, destinationReference: into, revisionId, callerUserArn: pusher } = detail;
  const [repository = ""] = detail.repositoryNames;
  const number = Number(detail.pullRequestId);
  if (!BUILT.includes(event) || detail.pullRequestStatus !== "Open") {
    const reason = `${event} of pull request ${number} of ${repository} (${detail.pullRequestStatus}): nothing to build`;
    return { type: "ignored", reason };
  }
  return {
    type: "pull-request",
    id,
    revision: {
      repository,
      ref: pullRequestRef(number),
      commit: detail.sourceCommit,
      before: detail.destinationCommit,
    },
    // Nobody has forks in CodeCommit: who can open a pull request can push to the repository.
    trigger: {
      type: "pull-request",
      number,
      fork: false,
      ...(revisionId === undefined ? {} : { revisionId }),
    },
    into: into.startsWith("refs/") ? into : `refs/heads/${into}`,
    ...(pusher === undefined ? {} : { pusher }),
  };
}

/** Whether a pipeline builds a pull request; the reason when it does not. */
export function pullRequestMismatch(
  definition: PipelineDefinition,
  repository: string,
  into: string,
): string | undefined {
  const { name, source } = definition;
  const other = mismatch(definition, repository, into);
  if (other !== undefined || source.type !== "codecommit") return other ?? `${name} follows GitHub`;
  return source.pullRequests === "build-only" ? undefined : `${name} builds no pull requests`;
}
