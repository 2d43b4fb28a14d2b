import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { readBody, replyJson } from "../aws/http.ts";
import type { Github } from "./core.ts";
import { deliveryJson } from "./present/hook.ts";
import type { Delivery } from "./webhooks/deliveries.ts";
import { deliveryFaultSchema } from "./webhooks/faults.ts";

const MAX_BODY_BYTES = 64 * 1024;

const redeliverSchema = z.strictObject({ delivery: z.union([z.string().min(1), z.number()]) });

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const refusal = (status: number, message: string): Answer => ({ status, body: { message } });

/** The switches that GitHub does not have: `/_local/github/deliveries`, `…/redeliver` and `…/faults`. */
export function createGithubControl(github: Github) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, body } = await answer(github, request);
    replyJson(response, status, body);
  };
}

async function answer(github: Github, request: IncomingMessage): Promise<Answer> {
  const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
  const { faults, deliveries } = github;
  switch (`${request.method} ${pathname}`) {
    case "GET /_local/github/deliveries":
      return { status: 200, body: { deliveries: deliveries.list().map(summary) } };
    case "POST /_local/github/redeliver":
      return redeliver(github, await bodyOf(request));
    case "GET /_local/github/faults":
      return { status: 200, body: { faults: faults.list() } };
    case "POST /_local/github/faults":
      return addFault(github, await bodyOf(request));
    case "DELETE /_local/github/faults":
      faults.clear();
      return { status: 200, body: { faults: [] } };
    default:
      return refusal(
        404,
        `there is no ${request.method} ${pathname}: GET /_local/github/deliveries, POST /_local/github/redeliver, GET, POST or DELETE /_local/github/faults`,
      );
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  try {
    return JSON.parse((await readBody(request, MAX_BODY_BYTES)).toString());
  } catch {
    return undefined;
  }
}

const reasonsOf = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.join(".") || "the body"}: ${message}`).join("; ");

const summary = (delivery: Delivery) => ({ ...deliveryJson(delivery), repository: delivery.repository });

/** Sends a delivery again and tells how it went: by its id, its guid, or `last` for the newest that is no ping. */
async function redeliver(github: Github, body: unknown): Promise<Answer> {
  const parsed = redeliverSchema.safeParse(body);
  if (!parsed.success) return refusal(400, reasonsOf(parsed.error));
  const wanted = String(parsed.data.delivery);
  const found = github.deliveries
    .list()
    .find(({ id, guid, event }) =>
      wanted === "last" ? event !== "ping" : String(id) === wanted || guid === wanted,
    );
  if (found === undefined)
    return refusal(
      404,
      wanted === "last"
        ? "nothing has been delivered yet: push to a repository below /github/ first"
        : `there is no delivery ${wanted}: GET /_local/github/deliveries lists those that are kept`,
    );
  const hook = github.repositories
    .find(found.repository)
    ?.records.data.hooks.find(({ id }) => id === found.hookId);
  if (hook === undefined) return refusal(404, `the webhook of delivery ${found.id} is gone: push again`);
  const again = await github.webhooks.redeliver(found, hook);
  return { status: 200, body: { ...summary(again), response: again.responseBody } };
}

function addFault({ faults }: Github, body: unknown): Answer {
  const parsed = deliveryFaultSchema.safeParse(body);
  if (!parsed.success) return refusal(400, reasonsOf(parsed.error));
  faults.add(parsed.data);
  return { status: 201, body: { faults: faults.list() } };
}
