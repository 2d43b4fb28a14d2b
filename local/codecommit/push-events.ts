import type { EventDraft } from "../service.ts";

/** One ref that a push has changed, as git's post-receive hook is told. */
export interface RefChange {
  readonly ref: string;
  /** Absent when the push created the ref. */
  readonly oldId?: string;
  /** Absent when the push deleted it. */
  readonly newId?: string;
}

/** Reads the lines `<old> <new> <ref>` of git's post-receive hook, https://git-scm.com/docs/githooks#post-receive. */
export function parsePushedRefs(text: string): readonly RefChange[] {
  const changes: RefChange[] = [];
  for (const line of text.split("\n")) {
    const match = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (.+)$/.exec(line);
    const [, oldId, newId, ref] = match ?? [];
    if (oldId === undefined || newId === undefined || ref === undefined) continue;
    if (oldId === newId) continue;
    changes.push({ ref, ...(isNull(oldId) ? {} : { oldId }), ...(isNull(newId) ? {} : { newId }) });
  }
  return changes;
}

/**
 * The event CodeCommit raises for one changed branch or tag; other refs raise none.
 * See https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html.
 */
export function repositoryStateChange(
  repository: { readonly name: string; readonly id: string; readonly arn: string },
  change: RefChange,
  callerUserArn: string,
): EventDraft | undefined {
  const match = /^refs\/(heads|tags)\/(.+)$/.exec(change.ref);
  if (match === null) return undefined;
  return {
    source: "aws.codecommit",
    detailType: "CodeCommit Repository State Change",
    resources: [repository.arn],
    detail: {
      callerUserArn,
      ...(change.newId === undefined ? {} : { commitId: change.newId }),
      event: eventName(change),
      ...(change.oldId === undefined ? {} : { oldCommitId: change.oldId }),
      referenceFullName: change.ref,
      referenceName: match[2],
      referenceType: match[1] === "heads" ? "branch" : "tag",
      repositoryId: repository.id,
      repositoryName: repository.name,
    },
  };
}

function eventName(change: RefChange): string {
  if (change.oldId === undefined) return "referenceCreated";
  return change.newId === undefined ? "referenceDeleted" : "referenceUpdated";
}

function isNull(objectId: string): boolean {
  return /^0+$/.test(objectId);
}
