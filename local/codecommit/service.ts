import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { LocalContext, LocalService } from "../service.ts";
import { commitOperations } from "./commit-operations.ts";
import { requireExecutable } from "./executable.ts";
import { followPush } from "./follow-push.ts";
import { requireGit } from "./git.ts";
import { approvalOperations } from "./pull-request-approvals.ts";
import { commentOperations } from "./pull-request-comments.ts";
import { pullRequestOperations } from "./pull-request-operations.ts";
import { PullRequests } from "./pull-request-records.ts";
import { repositoryStateChange } from "./push-events.ts";
import { pusherArn } from "./pushers.ts";
import { isRepositoryName, openRepositories, type Repositories } from "./repositories.ts";
import { applyRepository, repositoryArn, repositoryOperations } from "./repository-operations.ts";
import { createSmartHttp, POST_RECEIVE_HOOK, type Refusal } from "./smart-http.ts";

/** CodeCommit with what other parts of `local/` may ask of it directly. */
export type CodeCommit = LocalService & { readonly repositories: Repositories };

/**
 * CodeCommit on a laptop: bare git repositories below `<state>/codecommit`, served at `/git/REPOSITORY`. A push
 * raises `CodeCommit Repository State Change`, one event for each branch and tag that has changed, and makes the
 * repository when there is none. Pull requests follow their branches, with the documented events.
 *
 * @throws Error naming the file when the stored state cannot be read; when git is missing or too old
 */
export async function createCodeCommit(context: LocalContext): Promise<CodeCommit> {
  await Promise.all([requireGit(), requireExecutable([POST_RECEIVE_HOOK])]);
  const folder = join(context.stateDir, "codecommit");
  const repositories = await openRepositories(folder, context.now);
  const pulls = await PullRequests.open(folder);
  const desk = { context, repositories, pulls };
  const scratch = join(folder, ".pushed");
  await rm(scratch, { recursive: true, force: true });
  const http = createSmartHttp({
    address: /^\/git\/([^/]+?)(?:\.git)?(\/.*)?$/,
    usage: `${context.url}/git/REPOSITORY`,
    toRead: (name) => repositories.find(name) ?? missing(name),
    toPush: async (name) => {
      if (!isRepositoryName(name)) return invalid(name);
      const { repository, created } = await repositories.ensure(name);
      if (created) context.say(`codecommit: created the repository ${name}, as it was pushed to`);
      return repository;
    },
    scratch,
    pusher: (request) => pusherArn(request, context.accountId),
    receipt: ({ name }, pusher) => `pushed to ${name} as ${pusher}`,
    pushed: async (repository, changes, pusher) => {
      const named = { ...repository, arn: repositoryArn(context, repository.name) };
      for (const change of changes) {
        const event = repositoryStateChange(named, change, pusher);
        if (event !== undefined) context.emit(event);
      }
      await followPush(desk, repository, changes, pusher);
    },
  });
  return {
    repositories,
    targetPrefix: "CodeCommit_20150413",
    jsonVersion: "1.1",
    operations: {
      ...repositoryOperations(context, repositories, (name) => pulls.removeOf(name)),
      ...commitOperations(repositories),
      ...pullRequestOperations(desk),
      ...commentOperations(desk),
      ...approvalOperations(desk),
    },
    resources: {
      "AWS::CodeCommit::Repository": (resource) => applyRepository(context, repositories, resource),
    },
    routes: { "/git/": http.handle },
    close: http.close,
  };
}

const missing = (name: string): Refusal => ({
  status: 404,
  message: `There is no repository ${name}: push to it, or create it with CreateRepository.`,
});

const invalid = (name: string): Refusal => ({
  status: 400,
  message: `${name} is not a repository name: use letters, digits, periods, underscores and dashes.`,
});
