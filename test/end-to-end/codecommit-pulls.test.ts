import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { isOver } from "./support/api.ts";
import { awsClients, closeClients } from "./support/clients.ts";
import { andThen, sweptInto } from "./support/functions.ts";
import { eventually } from "./support/poll.ts";
import { type Project, projectWith } from "./support/project.ts";
import { application, DOCKERFILE, git } from "./support/working-copy.ts";
import { openWorld, type World } from "./support/world.ts";

const PIPELINE = `name: hello
source:
  codecommit: { repository: hello, branches: [main], pullRequests: build-only, approvalState: true }
images:
  - name: hello
`;

let project: Project;
let world: World;
let bob: ReturnType<typeof awsClients>;
let main: string;

beforeAll(async () => {
  project = await projectWith({ "hello.yml": PIPELINE });
  world = await openWorld({ project: project.folder });
  bob = awsClients(world.url, "bob");
  main = await world.copy.commit(application(1));
  await world.copy.push();
  await world.api.until(await world.api.runOf(main), isOver);
}, 90_000);
afterAll(async () => {
  if (world !== undefined) closeClients(bob);
  await world?.close();
  await project?.remove();
}, 30_000);

/** A branch with one more commit, and bob's pull request of it. */
async function opened(branch: string, dockerfile = DOCKERFILE) {
  await git(world.copy.folder, ["checkout", "--quiet", "-b", branch, main]);
  const commit = await world.copy.commit(application(Math.random(), dockerfile));
  await git(world.copy.folder, ["push", "--quiet", "origin", branch]);
  const { pullRequest } = await bob.codeCommit.createPullRequest({
    title: `Try ${branch}`,
    targets: [{ repositoryName: "hello", sourceReference: branch, destinationReference: "main" }],
  });
  return { commit, pullRequestId: pullRequest?.pullRequestId ?? "" };
}

/** All comments of a pull request, the oldest first. */
async function comments(pullRequestId: string) {
  const { commentsForPullRequestData = [] } = await bob.codeCommit.getCommentsForPullRequest({
    pullRequestId,
  });
  return commentsForPullRequestData.flatMap((group) => group.comments ?? []);
}

async function commented(pullRequestId: string, words: string) {
  return eventually(async () => {
    const found = await comments(pullRequestId);
    return found.find(({ content }) => content?.includes(words));
  }, `a comment that says "${words}"`);
}

async function approvers(pullRequestId: string) {
  const { pullRequest } = await bob.codeCommit.getPullRequest({ pullRequestId });
  const { revisionId } = pullRequest ?? {};
  const { approvals = [] } = await bob.codeCommit.getPullRequestApprovalStates({ pullRequestId, revisionId });
  return approvals.map(({ userArn }) => userArn);
}

describe("a pull request in CodeCommit", () => {
  test("is built and not deployed, commented on once per revision, and approved by the pipeline", async () => {
    const { commit, pullRequestId } = await opened("faster");
    const run = await world.api.until(await world.api.runOf(commit), isOver);
    expect(run).toMatchObject({ status: "succeeded", reason: expect.stringContaining("not deployed") });
    const { content, authorArn } = await commented(pullRequestId, "succeeded");
    expect(content).toMatch(/- hello linux\/amd64: built in \d+ s\n- hello linux\/arm64: built in \d+ s/);
    expect(await comments(pullRequestId)).toHaveLength(1);
    expect(authorArn).toMatch(/:assumed-role\/.*PullRequestRole.*\/tandem-hello$/);
    await eventually(
      async () => ((await approvers(pullRequestId)).length > 0 ? true : undefined),
      "an approval",
    );
    expect(await approvers(pullRequestId)).toEqual([authorArn]);

    // What is pushed to it is a revision of its own: another run, another comment, and no approval any more.
    const next = await world.copy.commit({ Dockerfile: "FROM scratch\nCOPY missing /\n" });
    await git(world.copy.folder, ["push", "--quiet", "origin", "faster"]);
    expect(await world.api.until(await world.api.runOf(next), isOver)).toMatchObject({ status: "failed" });
    const failed = await commented(pullRequestId, "**failed**");
    expect(failed.content).toMatch(/The last of the log of hello linux\/\w+:\n\n {4}/);
    expect(await comments(pullRequestId)).toHaveLength(2);
    expect(await approvers(pullRequestId)).toEqual([]);
  });

  test("whose event is lost is found by the sweep", async () => {
    const known = (await opened("seen")).commit;
    await world.api.until(await world.api.runOf(known), isOver);
    // The first look only remembers what is there.
    await andThen(world.aws, /sweep/, async () => {
      await world.control.runSchedules();
      return 1;
    });
    await world.control.loseEvents("CodeCommit Pull Request State Change", 1);
    const { commit } = await opened("lost");
    const run = await world.api.until(await sweptInto(world, commit), isOver);
    expect(run).toMatchObject({ status: "succeeded", reason: expect.stringContaining("not deployed") });
  });
});
