import { z } from "zod";
import type { Revision } from "../pipeline/events.ts";
import { refFault } from "./ref-name.ts";

/**
 * `CodeCommit Repository State Change`,
 * https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html
 */
const schema = z.object({
  id: z.string(),
  detail: z.object({
    event: z.string(),
    repositoryName: z.string(),
    referenceType: z.string(),
    referenceFullName: z.string(),
    commitId: z.string().optional(),
    oldCommitId: z.string().optional(),
    callerUserArn: z.string().optional(),
  }),
});

const COMMIT = /^[0-9a-f]{40}$/;

/** A ref got a commit. */
export interface Push {
  readonly type: "push";
  readonly id: string;
  readonly revision: Revision;
  /** The ARN of whoever pushed. */
  readonly pusher?: string;
}

export interface Ignored {
  readonly type: "ignored";
  readonly reason: string;
}

/** Reads the event of a push; a deleted ref, or what is no such event, is ignored with a reason. */
export function parseCodeCommitPush(payload: unknown): Push | Ignored {
  const parsed = schema.safeParse(payload);
  if (!parsed.success)
    return { type: "ignored", reason: `no CodeCommit event: ${z.prettifyError(parsed.error)}` };
  const { id, detail } = parsed.data;
  if (detail.event === "referenceDeleted") {
    return { type: "ignored", reason: `${detail.referenceFullName} of ${detail.repositoryName} was deleted` };
  }
  if (detail.commitId === undefined || !COMMIT.test(detail.commitId)) {
    return { type: "ignored", reason: `"${detail.commitId}" is no commit of 40 hexadecimal digits` };
  }
  const bad = refFault(detail.referenceFullName);
  if (bad !== undefined) return { type: "ignored", reason: bad };
  return {
    type: "push",
    id,
    revision: {
      repository: detail.repositoryName,
      ref: detail.referenceFullName,
      commit: detail.commitId,
      ...(detail.oldCommitId === undefined ? {} : { before: detail.oldCommitId }),
    },
    ...(detail.callerUserArn === undefined ? {} : { pusher: detail.callerUserArn }),
  };
}
