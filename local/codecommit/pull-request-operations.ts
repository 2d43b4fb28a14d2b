import { commitOfRef, isAncestor, mergeBase } from "../github/git/revisions.ts";
import { optionalNumber } from "../input.ts";
import { AwsError, type Caller, type LocalContext, type Operation } from "../service.ts";
import { GitError, runGit } from "./git.ts";
import { optionalText, page, requiredText } from "./input.ts";
import { pullRequestStateChange } from "./pull-request-events.ts";
import type { PullRequestRecord, PullRequests } from "./pull-request-records.ts";
import { repositoryStateChange } from "./push-events.ts";
import type { Repositories, Repository } from "./repositories.ts";
import { repositoryArn } from "./repository-operations.ts";

type Input = Readonly<Record<string, unknown>>;

/** What the operations on pull requests stand on. */
export interface PullRequestDesk {
  readonly context: LocalContext;
  readonly repositories: Repositories;
  readonly pulls: PullRequests;
}

const MAXIMUM_TITLE = 150;
const MAXIMUM_DESCRIPTION = 10_240;
const PULL_REQUESTS_PER_PAGE = 100;

/**
 * The operations on pull requests themselves; comments and approvals have files of their own.
 * See https://docs.aws.amazon.com/codecommit/latest/APIReference/API_CreatePullRequest.html and its neighbours.
 */
export function pullRequestOperations(desk: PullRequestDesk): Readonly<Record<string, Operation>> {
  const { pulls } = desk;
  return {
    CreatePullRequest: async (input, caller) => ({
      pullRequest: describe(await create(desk, input, caller)),
    }),
    GetPullRequest: async (input) => ({ pullRequest: describe(pulls.get(input.pullRequestId)) }),
    ListPullRequests: async (input) => list(desk, input),
    UpdatePullRequestStatus: async (input, caller) => ({
      pullRequest: describe(await close(desk, input, caller)),
    }),
    MergePullRequestByFastForward: async (input, caller) => ({
      pullRequest: describe(await fastForward(desk, input, caller)),
    }),
  };
}

async function create(desk: PullRequestDesk, input: Input, caller: Caller): Promise<PullRequestRecord> {
  const { context, pulls } = desk;
  const title = requiredText(input, "title", "TitleRequiredException");
  if (title.length > MAXIMUM_TITLE)
    throw new AwsError("InvalidTitleException", `A title has at most ${MAXIMUM_TITLE} characters`);
  const description = optionalText(input, "description");
  if (description !== undefined && description.length > MAXIMUM_DESCRIPTION) {
    throw new AwsError(
      "InvalidDescriptionException",
      `A description has at most ${MAXIMUM_DESCRIPTION} characters`,
    );
  }
  const { repository, source, destination } = await targetOf(desk, input);
  const sourceCommit = await tip(repository, source);
  const destinationCommit = await tip(repository, destination);
  const base = await mergeBase(repository, sourceCommit, destinationCommit);
  const token = optionalText(input, "clientRequestToken");
  const wanted = { repository: repository.name, title, description, source, destination };
  const again = token === undefined ? undefined : pulls.all().find((one) => one.token === token);
  if (again !== undefined) return sameRequest(again, wanted, again);
  const now = context.now();
  const record = await pulls.add({
    ...wanted,
    authorArn: caller.arn,
    token,
    ...{ sourceCommit, destinationCommit, mergeBase: base },
    ...{ status: "OPEN", createdAt: now, lastActivityAt: now, approvals: [], comments: [] },
  });
  context.emit(pullRequestStateChange(context, record, { event: "pullRequestCreated" }, caller.arn));
  return record;
}

/** The answer to a request that comes again with its token. @throws AwsError when it asks for something else */
export function sameRequest<Record, Answer>(record: Record, wanted: Partial<Record>, answer: Answer): Answer {
  for (const key in wanted) {
    if (record[key] === wanted[key]) continue;
    throw new AwsError(
      "IdempotencyParameterMismatchException",
      `The client request token was used before with another ${key}`,
    );
  }
  return answer;
}

async function targetOf({ repositories }: PullRequestDesk, { targets }: Input) {
  if (!Array.isArray(targets) || targets.length === 0)
    throw new AwsError("TargetsRequiredException", "targets is required");
  const [target, ...more]: readonly unknown[] = targets;
  if (more.length > 0) throw new AwsError("InvalidTargetsException", "A pull request has one target");
  if (!isInput(target)) throw new AwsError("TargetRequiredException", "A target is an object");
  const name = requiredText(target, "repositoryName", "RepositoryNameRequiredException");
  const repository = repositories.get(name);
  const source = branchRef(requiredText(target, "sourceReference", "ReferenceNameRequiredException"));
  const named = optionalText(target, "destinationReference");
  const destination = named === undefined ? await defaultBranch(repository) : branchRef(named);
  if (source === destination)
    throw new AwsError("SourceAndDestinationAreSameException", `${source} cannot be merged into itself`);
  return { repository, source, destination };
}

function isInput(value: unknown): value is Input {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A branch by its name or its full reference, as the full reference. */
function branchRef(reference: string): string {
  if (reference.startsWith("refs/heads/")) return reference;
  if (reference.startsWith("refs/"))
    throw new AwsError("ReferenceTypeNotSupportedException", `${reference} is no branch`);
  return `refs/heads/${reference}`;
}

async function defaultBranch({ directory }: Repository): Promise<string> {
  return (await runGit(["symbolic-ref", "HEAD"], { gitDir: directory })).toString("utf8").trim();
}

async function tip(repository: Repository, ref: string): Promise<string> {
  const commit = await commitOfRef(repository, ref);
  if (commit !== undefined) return commit;
  throw new AwsError("ReferenceDoesNotExistException", `${repository.name} has no ${ref}`);
}

const STATUSES = ["OPEN", "CLOSED"];

function list({ repositories, pulls }: PullRequestDesk, input: Input) {
  const { name } = repositories.get(requiredText(input, "repositoryName", "RepositoryNameRequiredException"));
  const author = optionalText(input, "authorArn");
  const status = optionalText(input, "pullRequestStatus");
  if (status !== undefined && !STATUSES.includes(status))
    throw new AwsError("InvalidPullRequestStatusException", `${status} is none of ${STATUSES.join(", ")}`);
  const size = optionalNumber(input, "maxResults") ?? PULL_REQUESTS_PER_PAGE;
  if (!Number.isInteger(size) || size < 1)
    throw new AwsError("InvalidMaxResultsException", "maxResults must be a positive integer");
  const ids = pulls
    .all()
    .filter((one) => one.repository === name)
    .filter((one) => author === undefined || one.authorArn === author)
    .filter((one) => status === undefined || one.status === status)
    .map(({ id }) => id)
    .reverse();
  const { items, nextToken } = page(ids, optionalText(input, "nextToken"), size);
  return { pullRequestIds: items, nextToken };
}

/** A pull request is closed, and stays so. */
async function close(desk: PullRequestDesk, input: Input, caller: Caller): Promise<PullRequestRecord> {
  const pull = desk.pulls.get(input.pullRequestId);
  const status = requiredText(input, "pullRequestStatus", "PullRequestStatusRequiredException");
  if (!STATUSES.includes(status))
    throw new AwsError("InvalidPullRequestStatusException", `${status} is none of ${STATUSES.join(", ")}`);
  if (status === "OPEN" || pull.status === "CLOSED") {
    const message = `Pull request ${pull.id} is ${pull.status}: only an open one can be changed, to CLOSED`;
    throw new AwsError("InvalidPullRequestStatusUpdateException", message);
  }
  Object.assign(pull, { status: "CLOSED", lastActivityAt: desk.context.now() });
  await desk.pulls.save();
  const change = { event: "pullRequestStatusChanged" } as const;
  desk.context.emit(pullRequestStateChange(desk.context, pull, change, caller.arn));
  return pull;
}

/** https://docs.aws.amazon.com/codecommit/latest/APIReference/API_MergePullRequestByFastForward.html */
async function fastForward(desk: PullRequestDesk, input: Input, caller: Caller): Promise<PullRequestRecord> {
  const { context, repositories, pulls } = desk;
  const pull = pulls.get(input.pullRequestId);
  const repository = repositories.get(
    requiredText(input, "repositoryName", "RepositoryNameRequiredException"),
  );
  requireOf(pull, repository);
  requireOpen(pull);
  const expected = optionalText(input, "sourceCommitId");
  if (expected !== undefined && expected !== pull.sourceCommit)
    throw new AwsError(
      "TipOfSourceReferenceIsDifferentException",
      `${pull.source} is at ${pull.sourceCommit}`,
    );
  const before = await tip(repository, pull.destination);
  if (!(await isAncestor(repository, before, pull.sourceCommit)))
    throw new AwsError("ManualMergeRequiredException", `${pull.destination} has commits of its own`);
  await moveRef(repository, pull.destination, pull.sourceCommit, before);
  Object.assign(pull, {
    ...{ status: "CLOSED", lastActivityAt: context.now(), destinationCommit: before },
    merged: { by: caller.arn, commit: pull.sourceCommit },
  });
  await pulls.save();
  const named = { ...repository, arn: repositoryArn(context, repository.name) };
  const moved = { ref: pull.destination, oldId: before, newId: pull.sourceCommit };
  const event = repositoryStateChange(named, moved, caller.arn);
  if (event !== undefined) context.emit(event);
  const change = { event: "pullRequestMergeStatusUpdated", mergeOption: "FAST_FORWARD_MERGE" } as const;
  context.emit(pullRequestStateChange(context, pull, change, caller.arn));
  return pull;
}

async function moveRef({ directory }: Repository, ref: string, to: string, from: string): Promise<void> {
  try {
    await runGit(["update-ref", ref, to, from], { gitDir: directory });
  } catch (error) {
    if (!(error instanceof GitError) || error.exitCode === 127) throw error;
    throw new AwsError("ConcurrentReferenceUpdateException", `${ref} has been changed meanwhile`);
  }
}

/** @throws AwsError RepositoryNotAssociatedWithPullRequestException */
export function requireOf(pull: PullRequestRecord, { name }: Repository): void {
  if (pull.repository === name) return;
  const message = `Pull request ${pull.id} is of ${pull.repository}, not of ${name}`;
  throw new AwsError("RepositoryNotAssociatedWithPullRequestException", message);
}

/** @throws AwsError PullRequestAlreadyClosedException */
export function requireOpen(pull: PullRequestRecord): void {
  if (pull.status === "OPEN") return;
  throw new AwsError("PullRequestAlreadyClosedException", `Pull request ${pull.id} is closed`);
}

function describe(pull: PullRequestRecord) {
  const { merged } = pull;
  return {
    pullRequestId: pull.id,
    title: pull.title,
    description: pull.description,
    lastActivityDate: pull.lastActivityAt / 1000,
    creationDate: pull.createdAt / 1000,
    pullRequestStatus: pull.status,
    authorArn: pull.authorArn,
    clientRequestToken: pull.token,
    revisionId: pull.revisionId,
    approvalRules: [],
    pullRequestTargets: [
      {
        repositoryName: pull.repository,
        sourceReference: pull.source,
        destinationReference: pull.destination,
        destinationCommit: pull.destinationCommit,
        sourceCommit: pull.sourceCommit,
        mergeBase: pull.mergeBase,
        mergeMetadata:
          merged === undefined
            ? { isMerged: false }
            : {
                ...{ isMerged: true, mergedBy: merged.by, mergeCommitId: merged.commit },
                mergeOption: "FAST_FORWARD_MERGE",
              },
      },
    ],
  };
}
