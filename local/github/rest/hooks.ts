import { z } from "zod";
import { loginOf } from "../actors.ts";
import { ApiError, invalid, notFound } from "../api-error.ts";
import { addHook, EVENTS, ping } from "../hooks.ts";
import { deliveryDetailJson, deliveryJson, hookJson } from "../present/hook.ts";
import type { HookRecord } from "../records.ts";
import type { Delivery } from "../webhooks/deliveries.ts";
import {
  bodyOf,
  created,
  ok,
  type Reply,
  type RepositoryCall,
  type Route,
  repositoryRoute,
  withId,
} from "./call.ts";
import { paged } from "./paging.ts";

const newSchema = z.object({
  name: z.literal("web").optional(),
  config: z.object({
    url: z.url({ protocol: /^https?$/ }),
    content_type: z.enum(["json", "form"]).default("form"),
    secret: z.string().optional(),
  }),
  events: z.array(z.string()).default(["push"]),
  active: z.boolean().default(true),
});

const changeSchema = z.object({
  events: z.array(z.string()).optional(),
  active: z.boolean().optional(),
});

const read = { permission: "repository_hooks", level: "read" } as const;
const write = { permission: "repository_hooks", level: "write" } as const;

/** https://docs.github.com/en/rest/repos/webhooks */
export const hookRoutes: readonly Route[] = [
  repositoryRoute("GET", "/hooks", read, async (call) => {
    const { items, headers } = paged(call, call.repository.records.data.hooks);
    const json = items.map((hook) => hookJson(call.github, call.repository, hook));
    return { status: 200, json, headers };
  }),
  repositoryRoute("POST", "/hooks", write, create),
  repositoryRoute("GET", "/hooks/{id}", read, async (call) =>
    ok(hookJson(call.github, call.repository, hookOf(call))),
  ),
  repositoryRoute("PATCH", "/hooks/{id}", write, change),
  repositoryRoute("DELETE", "/hooks/{id}", write, remove),
  repositoryRoute("POST", "/hooks/{id}/pings", write, async (call) => {
    await ping(call.github, call.repository, hookOf(call), loginOf(call.actor));
    return { status: 204 };
  }),
  repositoryRoute("GET", "/hooks/{id}/deliveries", read, deliveries),
  repositoryRoute("GET", "/hooks/{id}/deliveries/{delivery}", read, async (call) =>
    ok(deliveryDetailJson(deliveryOf(call, hookOf(call)))),
  ),
  repositoryRoute("POST", "/hooks/{id}/deliveries/{delivery}/attempts", write, async (call) => {
    const hook = hookOf(call);
    // GitHub answers at once, and delivers in its own time.
    void call.github.webhooks.redeliver(deliveryOf(call, hook), hook).catch(() => undefined);
    return { status: 202, json: {} };
  }),
];

const hookOf = ({ repository, params }: RepositoryCall): HookRecord =>
  withId(repository.records.data.hooks, params.id);

function deliveryOf({ github, params }: RepositoryCall, hook: HookRecord): Delivery {
  const found = github.deliveries.find(Number(params.delivery));
  if (found === undefined || found.hookId !== hook.id) throw notFound();
  return found;
}

function requireEvents(events: readonly string[]): void {
  const unknown = events.filter((event) => event !== "*" && !EVENTS.includes(event));
  if (unknown.length === 0) return;
  const message = `the local GitHub raises no ${unknown.join(", ")}, but ${EVENTS.join(", ")}`;
  throw invalid("Hook", "events", message);
}

async function create(call: RepositoryCall): Promise<Reply> {
  const { github, repository, actor } = call;
  const { config, events, active } = bodyOf(call, newSchema, "Hook");
  requireEvents(events);
  const isSame = (hook: HookRecord): boolean => github.webhooks.urlOf(hook) === config.url;
  if (repository.records.data.hooks.some(isSame)) {
    throw new ApiError(422, "Validation Failed", [
      { resource: "Hook", code: "custom", message: "Hook already exists on this repository" },
    ]);
  }
  const target = { url: config.url, ...(config.secret === undefined ? {} : { secret: config.secret }) };
  const wanted = { target, contentType: config.content_type, events: [...events], active };
  return created(hookJson(github, repository, await addHook(github, repository, wanted, loginOf(actor))));
}

async function change(call: RepositoryCall): Promise<Reply> {
  const { github, repository } = call;
  const hook = hookOf(call);
  const { events, active } = bodyOf(call, changeSchema, "Hook");
  requireEvents(events ?? []);
  hook.events = events ?? hook.events;
  hook.active = active ?? hook.active;
  await repository.records.save();
  return ok(hookJson(github, repository, hook));
}

async function remove(call: RepositoryCall): Promise<Reply> {
  const { data } = call.repository.records;
  const hook = hookOf(call);
  data.hooks = data.hooks.filter((one) => one !== hook);
  await call.repository.records.save();
  return { status: 204 };
}

/** The newest first; the next page is named by a cursor. */
async function deliveries(call: RepositoryCall): Promise<Reply> {
  const { github, url } = call;
  const hook = hookOf(call);
  const cursor = Number(url.searchParams.get("cursor") ?? Number.MAX_SAFE_INTEGER);
  const perPage = Math.min(Math.max(Number(url.searchParams.get("per_page") ?? 30) || 30, 1), 100);
  const found = github.deliveries.list().filter(({ hookId, id }) => hookId === hook.id && id <= cursor);
  const next = found[perPage];
  const address = new URL(url);
  address.searchParams.set("cursor", String(next?.id));
  const headers = next === undefined ? {} : { link: `<${address}>; rel="next"` };
  return { status: 200, json: found.slice(0, perPage).map(deliveryJson), headers };
}
