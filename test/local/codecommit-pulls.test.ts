import { CodeCommit } from "@aws-sdk/client-codecommit";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { commit, type Detail, git, isDetail } from "./codebuild-endpoint.ts";
import { type CodeCommitWorld, startWorld } from "./codecommit-world.ts";

let world: CodeCommitWorld;
const clients: CodeCommit[] = [];
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await world.end();
});

/** CodeCommit as somebody. */
function as(person: string): CodeCommit {
  const credentials = { accessKeyId: person, secretAccessKey: person };
  const client = new CodeCommit({
    endpoint: world.code.url,
    region: "us-east-1",
    credentials,
    maxAttempts: 1,
  });
  clients.push(client);
  return client;
}

const ALICE = "arn:aws:sts::000000000000:assumed-role/release-managers/alice";
const BOB = "arn:aws:sts::000000000000:assumed-role/release-managers/bob";

/** A repository with a branch `try` that is one commit before `main`, and alice's pull request of it. */
async function opened() {
  const { name: repositoryName, url, ...copy } = await world.pushed();
  await git(copy.path, "checkout", "--quiet", "-b", "try");
  const change = await commit(copy.path, { "a.txt": "two\n" }, "change");
  await git(copy.path, "push", "--quiet", url, "try");
  const [alice, bob] = [as("alice"), as("bob")];
  const { pullRequest } = await alice.createPullRequest({
    title: "A change",
    description: "why",
    targets: [{ repositoryName, sourceReference: "try", destinationReference: "main" }],
  });
  const { pullRequestId = "", revisionId = "" } = pullRequest ?? {};
  return { repositoryName, copy, url, change, alice, bob, pullRequestId, revisionId };
}

const pullEvents = (id: string): readonly Detail[] =>
  world.code.events
    .filter(({ detailType }) => detailType === "CodeCommit Pull Request State Change")
    .flatMap(({ detail }) => (isDetail(detail) && detail.pullRequestId === id ? [detail] : []));

const moment = /^\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}$/;

describe("a pull request", () => {
  test("is created, told of with the documented event, read and listed", async () => {
    const { repositoryName, copy, change, alice, pullRequestId, revisionId } = await opened();
    expect((await alice.getPullRequest({ pullRequestId })).pullRequest).toEqual({
      pullRequestId,
      title: "A change",
      description: "why",
      lastActivityDate: expect.any(Date),
      creationDate: expect.any(Date),
      pullRequestStatus: "OPEN",
      authorArn: ALICE,
      clientRequestToken: expect.any(String),
      revisionId: expect.stringMatching(/^[0-9a-f]{64}$/),
      approvalRules: [],
      pullRequestTargets: [
        {
          repositoryName,
          sourceReference: "refs/heads/try",
          destinationReference: "refs/heads/main",
          sourceCommit: change,
          destinationCommit: copy.commit,
          mergeBase: copy.commit,
          mergeMetadata: { isMerged: false },
        },
      ],
    });
    expect(pullEvents(pullRequestId)).toEqual([
      {
        event: "pullRequestCreated",
        author: ALICE,
        callerUserArn: ALICE,
        creationDate: expect.stringMatching(moment),
        description: "why",
        destinationCommit: copy.commit,
        destinationReference: "refs/heads/main",
        isMerged: "False",
        lastModifiedDate: expect.stringMatching(moment),
        notificationBody: expect.stringContaining(pullRequestId),
        pullRequestId,
        pullRequestStatus: "Open",
        repositoryNames: [repositoryName],
        revisionId,
        sourceCommit: change,
        sourceReference: "refs/heads/try",
        title: "A change",
      },
    ]);
    expect(await alice.listPullRequests({ repositoryName })).toMatchObject({
      pullRequestIds: [pullRequestId],
    });
    const others = { repositoryName, authorArn: BOB };
    expect(await alice.listPullRequests(others)).toMatchObject({ pullRequestIds: [] });
  });

  test("follows its branches: a push to the source is a new revision, one to the destination is not", async () => {
    const { copy, url, alice, pullRequestId, revisionId } = await opened();
    const next = await commit(copy.path, { "a.txt": "three\n" }, "more");
    await git(copy.path, "push", "--quiet", url, "try");
    await git(copy.path, "checkout", "--quiet", "main");
    const ahead = await commit(copy.path, { "b.txt": "b\n" }, "elsewhere");
    await git(copy.path, "push", "--quiet", url, "main");
    const { pullRequest } = await alice.getPullRequest({ pullRequestId });
    expect(pullRequest?.revisionId).not.toBe(revisionId);
    expect(pullRequest?.pullRequestTargets).toMatchObject([
      { sourceCommit: next, destinationCommit: ahead, mergeBase: copy.commit },
    ]);
    const [, updated, ...more] = pullEvents(pullRequestId);
    expect(updated).toMatchObject({
      event: "pullRequestSourceBranchUpdated",
      sourceCommit: next,
      destinationCommit: copy.commit,
      revisionId: pullRequest?.revisionId,
      callerUserArn: "arn:aws:iam::000000000000:user/git",
    });
    expect(more).toEqual([]);
  });

  test("is closed for good", async () => {
    const { repositoryName, copy, url, alice, pullRequestId } = await opened();
    await alice.updatePullRequestStatus({ pullRequestId, pullRequestStatus: "CLOSED" });
    expect(pullEvents(pullRequestId).at(-1)).toMatchObject({
      event: "pullRequestStatusChanged",
      pullRequestStatus: "Closed",
      isMerged: "False",
    });
    await expect(
      alice.updatePullRequestStatus({ pullRequestId, pullRequestStatus: "OPEN" }),
    ).rejects.toMatchObject({ name: "InvalidPullRequestStatusUpdateException" });
    const count = pullEvents(pullRequestId).length;
    await commit(copy.path, { "a.txt": "three\n" }, "more");
    await git(copy.path, "push", "--quiet", url, "try");
    expect(pullEvents(pullRequestId)).toHaveLength(count);
    const open = { repositoryName, pullRequestStatus: "OPEN" } as const;
    expect(await alice.listPullRequests(open)).toMatchObject({ pullRequestIds: [] });
  });

  test("is merged by fast-forward", async () => {
    const { repositoryName, change, alice, bob, pullRequestId } = await opened();
    const { pullRequest } = await bob.mergePullRequestByFastForward({ pullRequestId, repositoryName });
    expect(pullRequest).toMatchObject({
      pullRequestStatus: "CLOSED",
      pullRequestTargets: [{ mergeMetadata: { isMerged: true, mergedBy: BOB, mergeCommitId: change } }],
    });
    const { branch } = await alice.getBranch({ repositoryName, branchName: "main" });
    expect(branch?.commitId).toBe(change);
    expect(pullEvents(pullRequestId).at(-1)).toMatchObject({
      event: "pullRequestMergeStatusUpdated",
      isMerged: "True",
      mergeOption: "FAST_FORWARD_MERGE",
    });
    const details = world.code.events.map(({ detail }) => detail);
    expect(details).toContainEqual(
      expect.objectContaining({ event: "referenceUpdated", repositoryName, commitId: change }),
    );
    await expect(bob.mergePullRequestByFastForward({ pullRequestId, repositoryName })).rejects.toMatchObject({
      name: "PullRequestAlreadyClosedException",
    });
  });

  test("whose destination has moved on is not merged by fast-forward", async () => {
    const { repositoryName, copy, url, bob, pullRequestId } = await opened();
    await git(copy.path, "checkout", "--quiet", "main");
    await commit(copy.path, { "b.txt": "b\n" }, "elsewhere");
    await git(copy.path, "push", "--quiet", url, "main");
    await expect(bob.mergePullRequestByFastForward({ pullRequestId, repositoryName })).rejects.toMatchObject({
      name: "ManualMergeRequiredException",
    });
  });
});

describe("comments", () => {
  test("are posted once per token, changed by their author only, and gone when deleted", async () => {
    const { repositoryName, copy, change, alice, bob, pullRequestId } = await opened();
    const where = { pullRequestId, repositoryName, beforeCommitId: copy.commit, afterCommitId: change };
    const wanted = { ...where, content: "builds", clientRequestToken: "token-1" };
    const { comment } = await bob.postCommentForPullRequest(wanted);
    const { commentId = "" } = comment ?? {};
    expect((await bob.postCommentForPullRequest(wanted)).comment?.commentId).toBe(commentId);
    await expect(bob.postCommentForPullRequest({ ...wanted, content: "other" })).rejects.toMatchObject({
      name: "IdempotencyParameterMismatchException",
    });
    await expect(alice.updateComment({ commentId, content: "mine" })).rejects.toMatchObject({
      name: "CommentNotCreatedByCallerException",
    });
    await bob.updateComment({ commentId, content: "built" });
    expect(await alice.getCommentsForPullRequest({ pullRequestId })).toMatchObject({
      commentsForPullRequestData: [
        {
          ...where,
          comments: [{ commentId, content: "built", authorArn: BOB, clientRequestToken: "token-1" }],
        },
      ],
    });
    expect(
      world.code.events
        .filter(({ detailType }) => detailType === "CodeCommit Comment on Pull Request")
        .flatMap(({ detail }) => (isDetail(detail) && detail.commentId === commentId ? [detail.event] : [])),
    ).toEqual(["commentOnPullRequestCreated", "commentOnPullRequestUpdated"]);
    await alice.deleteCommentContent({ commentId });
    await expect(bob.updateComment({ commentId, content: "again" })).rejects.toMatchObject({
      name: "CommentDeletedException",
    });
  });

  test("come page by page", async () => {
    const { repositoryName, copy, change, bob, pullRequestId } = await opened();
    for (const content of ["one", "two", "three"]) {
      const between = { beforeCommitId: copy.commit, afterCommitId: change };
      await bob.postCommentForPullRequest({ pullRequestId, repositoryName, ...between, content });
    }
    const first = await bob.getCommentsForPullRequest({ pullRequestId, maxResults: 2 });
    const second = await bob.getCommentsForPullRequest({ pullRequestId, nextToken: first.nextToken });
    const contents = [first, second].map((page) =>
      page.commentsForPullRequestData?.[0]?.comments?.map(({ content }) => content),
    );
    expect(contents).toEqual([["one", "two"], ["three"]]);
    expect(second.nextToken).toBeUndefined();
  });
});

describe("approvals", () => {
  test("are of one person and one revision, and can be taken back", async () => {
    const { copy, url, alice, bob, pullRequestId, revisionId } = await opened();
    const states = async (revision: string) =>
      (await alice.getPullRequestApprovalStates({ pullRequestId, revisionId: revision })).approvals;
    const approve = { pullRequestId, revisionId, approvalState: "APPROVE" } as const;
    await bob.updatePullRequestApprovalState(approve);
    await bob.updatePullRequestApprovalState(approve);
    expect(await states(revisionId)).toEqual([{ userArn: BOB, approvalState: "APPROVE" }]);
    expect(pullEvents(pullRequestId).at(-1)).toMatchObject({
      event: "pullRequestApprovalStateChanged",
      approvalStatus: "APPROVE",
      revisionId,
    });
    await expect(alice.updatePullRequestApprovalState(approve)).rejects.toMatchObject({
      name: "PullRequestCannotBeApprovedByAuthorException",
    });
    await bob.updatePullRequestApprovalState({ ...approve, approvalState: "REVOKE" });
    expect(await states(revisionId)).toEqual([]);
    await commit(copy.path, { "a.txt": "three\n" }, "more");
    await git(copy.path, "push", "--quiet", url, "try");
    await expect(bob.updatePullRequestApprovalState(approve)).rejects.toMatchObject({
      name: "RevisionNotCurrentException",
    });
  });
});

describe("the documented errors", () => {
  let pull: Awaited<ReturnType<typeof opened>>;
  beforeAll(async () => {
    pull = await opened();
  });
  const target = (change: object) => ({
    title: "t",
    targets: [{ repositoryName: pull.repositoryName, sourceReference: "try", ...change }],
  });
  const comment = (change: object) => ({
    ...{ pullRequestId: pull.pullRequestId, repositoryName: pull.repositoryName, content: "c" },
    ...{ beforeCommitId: pull.copy.commit, afterCommitId: pull.change, ...change },
  });
  const cases: readonly (readonly [string, string, () => unknown])[] = [
    ["CreatePullRequest", "TitleRequiredException", () => ({ ...target({}), title: "" })],
    ["CreatePullRequest", "InvalidTitleException", () => ({ ...target({}), title: "t".repeat(151) })],
    ["CreatePullRequest", "TargetsRequiredException", () => ({ title: "t", targets: [] })],
    ["CreatePullRequest", "ReferenceDoesNotExistException", () => target({ sourceReference: "missing" })],
    [
      "CreatePullRequest",
      "ReferenceTypeNotSupportedException",
      () => target({ sourceReference: "refs/tags/v1" }),
    ],
    ["CreatePullRequest", "SourceAndDestinationAreSameException", () => target({ sourceReference: "main" })],
    ["CreatePullRequest", "RepositoryDoesNotExistException", () => target({ repositoryName: "missing" })],
    ["GetPullRequest", "PullRequestIdRequiredException", () => ({})],
    ["GetPullRequest", "InvalidPullRequestIdException", () => ({ pullRequestId: "one" })],
    ["GetPullRequest", "PullRequestDoesNotExistException", () => ({ pullRequestId: "4711" })],
    [
      "ListPullRequests",
      "InvalidPullRequestStatusException",
      () => ({ repositoryName: pull.repositoryName, pullRequestStatus: "MERGED" }),
    ],
    ["PostCommentForPullRequest", "CommentContentRequiredException", () => comment({ content: "" })],
    [
      "PostCommentForPullRequest",
      "CommentContentSizeLimitExceededException",
      () => comment({ content: "c".repeat(10_241) }),
    ],
    [
      "PostCommentForPullRequest",
      "CommitDoesNotExistException",
      () => comment({ afterCommitId: "f".repeat(40) }),
    ],
    [
      "PostCommentForPullRequest",
      "BeforeCommitIdAndAfterCommitIdAreSameException",
      () => comment({ afterCommitId: pull.copy.commit }),
    ],
    ["UpdateComment", "CommentDoesNotExistException", () => ({ commentId: "none", content: "c" })],
    [
      "UpdatePullRequestApprovalState",
      "InvalidRevisionIdException",
      () => ({ pullRequestId: pull.pullRequestId, revisionId: "x", approvalState: "APPROVE" }),
    ],
  ];
  test.each(cases)("%s: %s", async (operation, error, input) => {
    const { status, body } = await world.code.codecommitCall(operation, input());
    expect(status).toBe(400);
    expect(String(body.__type)).toMatch(new RegExp(`${error}$`));
  });
});

test("pull requests survive a restart, and go with their repository", async () => {
  const { pullRequestId, repositoryName } = await opened();
  await world.restart();
  const alice = as("alice");
  expect((await alice.getPullRequest({ pullRequestId })).pullRequest).toMatchObject({ title: "A change" });
  await alice.deleteRepository({ repositoryName });
  await expect(alice.getPullRequest({ pullRequestId })).rejects.toMatchObject({
    name: "PullRequestDoesNotExistException",
  });
});
