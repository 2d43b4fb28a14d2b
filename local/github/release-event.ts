import type { Github } from "./core.ts";
import { isoTime, nodeId } from "./names.ts";
import { accountJson } from "./present/account.ts";
import { repositoryJson, repositoryUrls } from "./present/repository.ts";
import type { ReleaseRecord } from "./records.ts";
import type { GithubRepository } from "./repositories.ts";
import type { WebhookEvent } from "./webhooks/webhooks.ts";

/** A release, in the API and in its event. */
export function releaseJson(github: Github, repository: GithubRepository, release: ReleaseRecord) {
  const { api, html } = repositoryUrls(github, repository);
  const url = `${api}/releases/${release.id}`;
  return {
    url,
    assets_url: `${url}/assets`,
    html_url: `${html}/releases/tag/${release.tag}`,
    id: release.id,
    node_id: nodeId("RE", release.id),
    author: accountJson(github.urls, release.author),
    tag_name: release.tag,
    target_commitish: release.target,
    name: release.name,
    body: release.body,
    draft: release.draft,
    prerelease: release.prerelease,
    created_at: isoTime(release.createdAt),
    published_at: release.publishedAt === null ? null : isoTime(release.publishedAt),
    assets: [],
    tarball_url: release.draft ? null : `${api}/tarball/${release.tag}`,
    zipball_url: release.draft ? null : `${api}/zipball/${release.tag}`,
  };
}

/** The release event. https://docs.github.com/en/webhooks/webhook-events-and-payloads#release */
export async function releasePublished(
  github: Github,
  repository: GithubRepository,
  release: ReleaseRecord,
  login: string,
): Promise<WebhookEvent> {
  const payload = {
    action: "published",
    release: releaseJson(github, repository, release),
    repository: await repositoryJson(github, repository),
    sender: accountJson(github.urls, login),
  };
  return { event: "release", action: "published", payload };
}
