import type { Github } from "./core.ts";
import { accountJson } from "./present/account.ts";
import { pullDetailJson } from "./present/pull.ts";
import { repositoryJson } from "./present/repository.ts";
import type { PullRecord } from "./records.ts";
import type { GithubRepository } from "./repositories.ts";
import type { WebhookEvent } from "./webhooks/webhooks.ts";

/**
 * The pull_request event. https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request
 * @param moved for `synchronize`: where the branch was, and is now
 */
export async function pullRequestEvent(
  github: Github,
  repository: GithubRepository,
  pull: PullRecord,
  action: string,
  login: string,
  moved: { readonly before?: string | undefined; readonly after?: string } = {},
): Promise<WebhookEvent> {
  const payload = {
    action,
    number: pull.number,
    pull_request: await pullDetailJson(github, repository, pull),
    ...moved,
    repository: await repositoryJson(github, repository),
    sender: accountJson(github.urls, login),
  };
  return { event: "pull_request", action, payload };
}
