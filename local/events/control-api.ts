import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { BodyTooLarge, readBody, replyJson } from "../aws/http.ts";
import { isFromThisMachine } from "../aws/loopback.ts";
import type { Bus } from "./bus.ts";
import { type Faults, faultSchema } from "./faults.ts";
import type { History } from "./history.ts";
import type { Rules } from "./rules.ts";

const replaySchema = z.strictObject({ id: z.string() });
const sinceSchema = z.coerce.number().int().min(0);

/** A request that cannot be answered; the message says what to send instead. */
class BadRequest extends Error {
  readonly status: number;
  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

export interface ControlApiSettings {
  readonly bus: Bus;
  readonly rules: Rules;
  readonly faults: Faults;
  readonly history: History;
}

/**
 * What is not AWS: `GET /_local/events?since=SEQUENCE`, `POST /_local/events/replay {id}`,
 * `GET|POST|DELETE /_local/events/faults`, `POST /_local/schedules/run`.
 */
export function controlApi(settings: ControlApiSettings) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      if (!isFromThisMachine(request)) throw new BadRequest("only from this machine", 403);
      replyJson(response, 200, await answer(settings, request));
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      replyJson(response, error.status, { message: error.message });
    }
  };
}

async function answer(
  { bus, rules, faults, history }: ControlApiSettings,
  request: IncomingMessage,
): Promise<unknown> {
  const url = new URL(request.url ?? "/", "http://localhost");
  switch (`${request.method} ${url.pathname.replace(/\/$/, "")}`) {
    case "GET /_local/events": {
      const since = sinceSchema.safeParse(url.searchParams.get("since") ?? "0");
      if (!since.success)
        throw new BadRequest("since must be the sequence number of an event, such as ?since=12");
      const events = history.since(since.data);
      return { events, last: events.at(-1)?.sequence ?? since.data };
    }
    case "POST /_local/events/replay": {
      const { id } = await bodyOf(request, replaySchema, '{"id": "<event id>"}');
      const matched = bus.replay(id);
      if (matched === undefined) {
        throw new BadRequest(`No recent event has the id ${id}: GET /_local/events lists the last 1000`, 404);
      }
      return { id, rules: matched };
    }
    case "GET /_local/events/faults":
      return { faults: faults.list() };
    case "POST /_local/events/faults":
      faults.add(await bodyOf(request, faultSchema, '{"mode": "lose"|"double"|"delay", "times": 1}'));
      return { faults: faults.list() };
    case "DELETE /_local/events/faults":
      faults.clear();
      return { faults: faults.list() };
    case "POST /_local/schedules/run": {
      const scheduled = rules.list().filter((rule) => rule.enabled && rule.schedule !== undefined);
      return { fired: scheduled.map((rule) => ({ rule: rule.name, id: bus.fire(rule) })) };
    }
    default:
      throw new BadRequest(`There is no ${request.method} ${url.pathname}`, 404);
  }
}

async function bodyOf<T extends z.ZodType>(
  request: IncomingMessage,
  schema: T,
  example: string,
): Promise<z.infer<T>> {
  let body: unknown;
  try {
    body = JSON.parse((await readBody(request, 64 * 1024)).toString());
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof BodyTooLarge)) throw error;
    throw new BadRequest(`The body must be JSON such as ${example}: ${error.message}`);
  }
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw new BadRequest(`${faults.join("; ")}; send JSON such as ${example}`);
}
