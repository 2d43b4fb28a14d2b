import { mergeBase } from "../github/git/revisions.ts";
import { pullRequestStateChange } from "./pull-request-events.ts";
import type { PullRequestDesk } from "./pull-request-operations.ts";
import { newRevisionId, type PullRequestRecord } from "./pull-request-records.ts";
import type { RefChange } from "./push-events.ts";
import type { Repository } from "./repositories.ts";

/** Brings open pull requests up to date with their branches. A new source commit is a new revision, without approvals. */
export async function followPush(
  desk: PullRequestDesk,
  repository: Repository,
  changes: readonly RefChange[],
  pusher: string,
): Promise<void> {
  const open = desk.pulls.all().filter(({ status, repository: name }) => {
    return status === "OPEN" && name === repository.name;
  });
  for (const { ref, newId } of changes) {
    if (newId === undefined) continue;
    for (const pull of open) {
      if (pull.source === ref) await sourceMoved(desk, repository, pull, newId, pusher);
      else if (pull.destination === ref) await destinationMoved(desk, repository, pull, newId);
    }
  }
}

async function sourceMoved(
  desk: PullRequestDesk,
  repository: Repository,
  pull: PullRequestRecord,
  sourceCommit: string,
  pusher: string,
): Promise<void> {
  if (pull.sourceCommit === sourceCommit) return;
  const base = await mergeBase(repository, sourceCommit, pull.destinationCommit);
  Object.assign(pull, { sourceCommit, mergeBase: base });
  Object.assign(pull, { revisionId: newRevisionId(), lastActivityAt: desk.context.now() });
  await desk.pulls.save();
  const change = { event: "pullRequestSourceBranchUpdated" } as const;
  desk.context.emit(pullRequestStateChange(desk.context, pull, change, pusher));
}

async function destinationMoved(
  { pulls }: PullRequestDesk,
  repository: Repository,
  pull: PullRequestRecord,
  destinationCommit: string,
): Promise<void> {
  const base = await mergeBase(repository, pull.sourceCommit, destinationCommit);
  Object.assign(pull, { destinationCommit, mergeBase: base });
  await pulls.save();
}
