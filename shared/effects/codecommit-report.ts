import type { Command } from "../pipeline/commands.ts";
import type { Said } from "../pipeline/events.ts";
import { commentHead, nobodyComments, notTold } from "../pipeline/pull-request-messages.ts";
import type { ApprovalReport, CommentReport } from "../pipeline/pull-request-report.ts";
import type { Report } from "../pipeline/reports.ts";
import type { Run } from "../pipeline/run.ts";
import { type EffectContext, facts, isError, type Outcome } from "./context.ts";
import { knownId, refusedOf, reportMade, type Told, tell } from "./report.ts";
import type { Reviewer } from "./reviewer.ts";

type ReportCommand = Extract<Command, { readonly type: "report" }>;

/** Answers that stay the same however often one asks, and that somebody should mend. */
const FINAL = [
  "AccessDenied",
  "AccessDeniedException",
  "CommentNotCreatedByCallerException",
  "CommitDoesNotExistException",
  "EncryptionKeyAccessDeniedException",
  "EncryptionKeyDisabledException",
  "EncryptionKeyNotFoundException",
  "MaximumNumberOfApprovalsExceededException",
  "PullRequestCannotBeApprovedByAuthorException",
];

/** The pull request, or the comment, is not what it was: there is nobody left to tell, and nothing to mend. */
const BYGONE = [
  "CommentDeletedException",
  "CommentDoesNotExistException",
  "PullRequestAlreadyClosedException",
  "PullRequestDoesNotExistException",
  "RepositoryDoesNotExistException",
  "RepositoryNotAssociatedWithPullRequestException",
  "RevisionNotCurrentException",
];

/**
 * Tells CodeCommit what is new of a pull request's run: in one comment that is changed as the run goes on, and, where the
 * pipeline asks for it, as approval state. What CodeCommit refuses for good is kept as the run's `reportProblem`.
 */
export async function reportToCodeCommit(
  { reviewer, now, sha256 }: EffectContext,
  run: Run,
  { reports, lease }: ReportCommand,
): Promise<Outcome> {
  const speaker = reviewer?.(run.definition.name);
  if (speaker === undefined) {
    const said = reports.map((report): [string, Said] => [report.key, refusedOf(run, report)]);
    return facts(reportMade(now(), said, nobodyComments()));
  }
  const token = sha256(`comment ${run.id} ${run.revision.commit} ${run.startedAt}`);
  const teller: Teller = { speaker, run, token, takenOver: lease > 0 };
  const said: [string, Said][] = [];
  let problem: string | undefined;
  for (const report of reports) {
    const told = await tell(run, report, (one) => say(teller, one), refusal);
    said.push([report.key, told.said]);
    problem ??= told.problem;
  }
  return facts(reportMade(now(), said, problem));
}

interface Teller {
  readonly speaker: Reviewer;
  readonly run: Run;
  /** Of the run's one comment: CodeCommit posts it once. */
  readonly token: string;
  /** Somebody began to tell, and did not say how far they came. */
  readonly takenOver: boolean;
}

function refusal(error: unknown): Pick<Told, "problem"> | undefined {
  if (isError(error, ...BYGONE)) return {};
  return isError(error, ...FINAL) ? { problem: notTold(error) } : undefined;
}

async function say(teller: Teller, report: Report): Promise<Said["id"]> {
  switch (report.type) {
    case "comment":
      return sayComment(teller, report);
    case "approval":
      await sayApproval(teller, report);
      return undefined;
    default:
      throw new Error(`CodeCommit has no place for a ${report.type}`);
  }
}

/** https://docs.aws.amazon.com/codecommit/latest/APIReference/API_PostCommentForPullRequest.html: once, and then changed. */
async function sayComment(teller: Teller, report: CommentReport): Promise<string> {
  const { speaker, run, token, takenOver } = teller;
  const content = report.description;
  const known = knownId(run, report) ?? (takenOver ? await findComment(teller) : undefined);
  if (known !== undefined) {
    const commentId = String(known);
    await speaker.updateComment({ commentId, content });
    return commentId;
  }
  const { comment } = await speaker.postCommentForPullRequest({
    ...between(run),
    content,
    clientRequestToken: token,
  });
  if (comment?.commentId === undefined) throw new Error("CodeCommit's answer about a comment has no id");
  return comment.commentId;
}

/** The comment that a lost attempt has left: another one beside it would say something else. */
async function findComment({ speaker, run, token }: Teller): Promise<string | undefined> {
  let nextToken: string | undefined;
  do {
    const page = await speaker.getCommentsForPullRequest({
      ...between(run),
      ...(nextToken === undefined ? {} : { nextToken }),
    });
    const found = (page.commentsForPullRequestData ?? [])
      .flatMap(({ comments = [] }) => comments)
      .find(
        ({ clientRequestToken, content = "", deleted }) =>
          deleted !== true && (clientRequestToken === token || content.startsWith(commentHead(run))),
      );
    if (found?.commentId !== undefined) return found.commentId;
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return undefined;
}

/** https://docs.aws.amazon.com/codecommit/latest/APIReference/API_UpdatePullRequestApprovalState.html */
async function sayApproval({ speaker, run }: Teller, { state, revisionId }: ApprovalReport): Promise<void> {
  const { pullRequestId } = between(run);
  await speaker.updatePullRequestApprovalState({ pullRequestId, revisionId, approvalState: state });
}

/** The pull request, and the two commits it stands between. */
function between({ revision, trigger }: Run) {
  if (trigger.type !== "pull-request") throw new Error("only a pull request is commented on");
  return {
    pullRequestId: String(trigger.number),
    repositoryName: revision.repository,
    beforeCommitId: revision.before,
    afterCommitId: revision.commit,
  };
}
