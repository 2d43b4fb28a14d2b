import type { Github } from "../core.ts";
import { isoTime } from "../names.ts";
import type { HookRecord } from "../records.ts";
import type { GithubRepository } from "../repositories.ts";
import type { Delivery } from "../webhooks/deliveries.ts";
import { repositoryUrls } from "./repository.ts";

/** A webhook; its secret is never shown. */
export function hookJson(github: Github, repository: GithubRepository, hook: HookRecord) {
  const url = `${repositoryUrls(github, repository).api}/hooks/${hook.id}`;
  const last = github.deliveries.list().find(({ hookId }) => hookId === hook.id);
  return {
    type: "Repository",
    id: hook.id,
    name: "web",
    active: hook.active,
    events: hook.events,
    config: {
      url: github.webhooks.urlOf(hook),
      content_type: hook.contentType,
      insecure_ssl: "0",
      ...(github.webhooks.hasSecret(hook) ? { secret: "********" } : {}),
    },
    created_at: isoTime(hook.createdAt),
    updated_at: isoTime(hook.createdAt),
    url,
    test_url: `${url}/test`,
    ping_url: `${url}/pings`,
    deliveries_url: `${url}/deliveries`,
    last_response: {
      code: last?.statusCode ?? null,
      status: last === undefined ? "unused" : last.status === "OK" ? "active" : "inactive",
      message: last?.status ?? null,
    },
  };
}

/** A delivery in a list. */
export function deliveryJson(delivery: Delivery) {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: new Date(delivery.deliveredAt).toISOString(),
    redelivery: delivery.redelivery,
    duration: Math.round(delivery.durationMs / 10) / 100,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: null,
    repository_id: delivery.repositoryId,
    throttled_at: null,
  };
}

/** A delivery by itself, with what was sent and what came back. */
export function deliveryDetailJson(delivery: Delivery) {
  const payload: unknown = JSON.parse(delivery.payload);
  return {
    ...deliveryJson(delivery),
    url: delivery.url,
    request: { headers: delivery.requestHeaders, payload },
    response: { headers: delivery.responseHeaders, payload: delivery.responseBody },
  };
}
