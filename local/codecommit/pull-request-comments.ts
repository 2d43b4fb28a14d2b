import { randomUUID } from "node:crypto";
import { commitOf } from "../github/git/revisions.ts";
import { optionalNumber } from "../input.ts";
import { AwsError, type Caller, type Operation } from "../service.ts";
import { optionalText, page, requiredText } from "./input.ts";
import { commentOnPullRequest } from "./pull-request-events.ts";
import { type PullRequestDesk, requireOf, sameRequest } from "./pull-request-operations.ts";
import type { CommentRecord, PullRequestRecord } from "./pull-request-records.ts";
import type { Repository } from "./repositories.ts";

type Input = Readonly<Record<string, unknown>>;

const MAXIMUM_CONTENT = 10_240;
const COMMENTS_PER_PAGE = 100;
const MOST_PER_PAGE = 500;

/**
 * Comments on pull requests; those on lines of a file, and answers to comments, are not emulated.
 * See https://docs.aws.amazon.com/codecommit/latest/APIReference/API_PostCommentForPullRequest.html.
 */
export function commentOperations(desk: PullRequestDesk): Readonly<Record<string, Operation>> {
  return {
    PostCommentForPullRequest: async (input, caller) => post(desk, input, caller),
    UpdateComment: async (input, caller) => ({ comment: describe(await update(desk, input, caller)) }),
    DeleteCommentContent: async (input) => ({ comment: describe(await remove(desk, input)) }),
    GetComment: async (input) => {
      const { comment } = find(desk, input);
      if (comment.deleted) throw deleted(comment);
      return { comment: describe(comment) };
    },
    GetCommentsForPullRequest: async (input) => list(desk, input),
  };
}

async function post(desk: PullRequestDesk, input: Input, caller: Caller) {
  const { context, repositories, pulls } = desk;
  const pull = pulls.get(input.pullRequestId);
  const name = requiredText(input, "repositoryName", "RepositoryNameRequiredException");
  const repository = repositories.get(name);
  requireOf(pull, repository);
  const beforeCommit = await requireCommit(repository, input, "beforeCommitId");
  const afterCommit = await requireCommit(repository, input, "afterCommitId");
  if (beforeCommit === afterCommit) {
    const message = "beforeCommitId and afterCommitId are the same";
    throw new AwsError("BeforeCommitIdAndAfterCommitIdAreSameException", message);
  }
  const content = contentOf(input);
  const token = optionalText(input, "clientRequestToken");
  const answer = (comment: CommentRecord) => ({
    ...{ repositoryName: name, pullRequestId: pull.id },
    ...{ beforeCommitId: beforeCommit, afterCommitId: afterCommit, comment: describe(comment) },
  });
  const again = token === undefined ? undefined : pull.comments.find((one) => one.token === token);
  if (again !== undefined) return sameRequest(again, { content, beforeCommit, afterCommit }, answer(again));
  const now = context.now();
  const made: CommentRecord = {
    ...{ id: randomUUID(), content, authorArn: caller.arn, beforeCommit, afterCommit, token },
    ...{ createdAt: now, modifiedAt: now, deleted: false },
  };
  pull.comments.push(made);
  pull.lastActivityAt = now;
  await pulls.save();
  tell(desk, pull, made, "commentOnPullRequestCreated", caller);
  return answer(made);
}

/** @throws AwsError CommentNotCreatedByCallerException: also another role of the same account is somebody else */
async function update(desk: PullRequestDesk, input: Input, caller: Caller): Promise<CommentRecord> {
  const { pull, comment } = find(desk, input);
  const content = contentOf(input);
  if (comment.deleted) throw deleted(comment);
  if (comment.authorArn !== caller.arn) {
    const message = `Comment ${comment.id} is ${comment.authorArn}'s: ${caller.arn} cannot change it`;
    throw new AwsError("CommentNotCreatedByCallerException", message);
  }
  const now = desk.context.now();
  Object.assign(comment, { content, modifiedAt: now });
  pull.lastActivityAt = now;
  await desk.pulls.save();
  tell(desk, pull, comment, "commentOnPullRequestUpdated", caller);
  return comment;
}

async function remove(desk: PullRequestDesk, input: Input): Promise<CommentRecord> {
  const { comment } = find(desk, input);
  if (comment.deleted) throw deleted(comment);
  Object.assign(comment, { deleted: true, content: "", modifiedAt: desk.context.now() });
  await desk.pulls.save();
  return comment;
}

/** All comments made between the same two commits stand together. */
function list({ pulls }: PullRequestDesk, input: Input) {
  const pull = pulls.get(input.pullRequestId);
  const before = optionalText(input, "beforeCommitId");
  const after = optionalText(input, "afterCommitId");
  const size = optionalNumber(input, "maxResults") ?? COMMENTS_PER_PAGE;
  if (!Number.isInteger(size) || size < 1 || size > MOST_PER_PAGE)
    throw new AwsError("InvalidMaxResultsException", `maxResults must be from 1 to ${MOST_PER_PAGE}`);
  const wanted = pull.comments
    .filter((one) => before === undefined || one.beforeCommit === before)
    .filter((one) => after === undefined || one.afterCommit === after);
  const { items, nextToken } = page(wanted, optionalText(input, "nextToken"), size);
  const groups = new Map<string, CommentRecord[]>();
  for (const comment of items) {
    const key = `${comment.beforeCommit} ${comment.afterCommit}`;
    groups.set(key, [...(groups.get(key) ?? []), comment]);
  }
  const commentsForPullRequestData = [...groups.values()].map((comments) => ({
    ...{ pullRequestId: pull.id, repositoryName: pull.repository },
    ...{ beforeCommitId: comments[0]?.beforeCommit, afterCommitId: comments[0]?.afterCommit },
    comments: comments.map(describe),
  }));
  return { commentsForPullRequestData, nextToken };
}

function find({ pulls }: PullRequestDesk, input: Input) {
  const id = requiredText(input, "commentId", "CommentIdRequiredException");
  for (const pull of pulls.all()) {
    const comment = pull.comments.find((one) => one.id === id);
    if (comment !== undefined) return { pull, comment };
  }
  throw new AwsError("CommentDoesNotExistException", `There is no comment ${id}`);
}

function contentOf(input: Input): string {
  const content = requiredText(input, "content", "CommentContentRequiredException");
  if (content.length <= MAXIMUM_CONTENT) return content;
  const message = `A comment has at most ${MAXIMUM_CONTENT} characters, this one has ${content.length}`;
  throw new AwsError("CommentContentSizeLimitExceededException", message);
}

async function requireCommit(repository: Repository, input: Input, key: string): Promise<string> {
  const id = requiredText(input, key, "CommitIdRequiredException");
  if (!/^[0-9a-f]{40}$/.test(id))
    throw new AwsError("InvalidCommitIdException", `${key} must be 40 hexadecimal digits`);
  const commit = await commitOf(repository, id);
  if (commit !== undefined) return commit;
  throw new AwsError("CommitDoesNotExistException", `${repository.name} has no commit ${id}`);
}

function tell(
  { context, repositories }: PullRequestDesk,
  pull: PullRequestRecord,
  comment: CommentRecord,
  event: "commentOnPullRequestCreated" | "commentOnPullRequestUpdated",
  { arn }: Caller,
): void {
  const { id } = repositories.get(pull.repository);
  context.emit(commentOnPullRequest(context, id, pull, comment, event, arn));
}

function deleted({ id }: CommentRecord): AwsError {
  return new AwsError("CommentDeletedException", `Comment ${id} has been deleted`);
}

function describe(comment: CommentRecord) {
  return {
    commentId: comment.id,
    ...(comment.deleted ? {} : { content: comment.content }),
    creationDate: comment.createdAt / 1000,
    lastModifiedDate: comment.modifiedAt / 1000,
    authorArn: comment.authorArn,
    deleted: comment.deleted,
    clientRequestToken: comment.token,
    callerReactions: [],
    reactionCounts: {},
  };
}
