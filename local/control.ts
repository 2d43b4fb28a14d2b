import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { CallLog } from "./aws/call-log.ts";
import { FAULT_MODES, type FaultSwitch } from "./aws/faults.ts";
import { readBody, replyJson } from "./aws/http.ts";
import type { LocalService } from "./service.ts";

const MAX_BODY_BYTES = 64 * 1024;

const faultSchema = z.strictObject({
  operation: z.string(),
  mode: z.enum(FAULT_MODES),
  times: z.number().int().min(1).max(1_000_000).default(1),
  milliseconds: z.number().min(0).max(600_000).default(1_000),
});

/** What `/_local/` stands on. */
export interface ControlOptions {
  readonly services: ReadonlyMap<string, LocalService>;
  readonly faults: FaultSwitch;
  readonly calls: CallLog;
  /** What `/_local/health` tells beside its status. */
  readonly health: () => Readonly<Record<string, unknown>>;
}

/**
 * The switches for tests and benchmarks, which AWS does not have: `/_local/faults`, `/_local/calls?since=N` and
 * `/_local/health`.
 */
export function createControl(options: ControlOptions) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, body } = await answer(options, request);
    replyJson(response, status, body);
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const refusal = (status: number, message: string): Answer => ({ status, body: { message } });

async function answer(options: ControlOptions, request: IncomingMessage): Promise<Answer> {
  const { faults, services } = options;
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  switch (`${request.method} ${url.pathname}`) {
    case "GET /_local/health":
      return { status: 200, body: { status: "ready", services: [...services.keys()], ...options.health() } };
    case "GET /_local/calls":
      return calls(options.calls, url.searchParams.get("since") ?? "0");
    case "GET /_local/faults":
      return { status: 200, body: { faults: faults.list() } };
    case "POST /_local/faults":
      return addFault(options, await readBody(request, MAX_BODY_BYTES));
    case "DELETE /_local/faults":
      faults.clear();
      return { status: 200, body: { faults: [] } };
    default:
      return refusal(
        404,
        `there is no ${request.method} ${url.pathname}: GET /_local/health, GET /_local/calls?since=N, GET, POST or DELETE /_local/faults`,
      );
  }
}

function calls(log: CallLog, since: string): Answer {
  if (!/^\d{1,15}$/.test(since)) return refusal(400, `since=${since} must be a whole number`);
  return { status: 200, body: log.since(Number(since)) };
}

function addFault({ services, faults }: ControlOptions, body: Buffer): Answer {
  let given: unknown;
  try {
    given = JSON.parse(body.toString());
  } catch {
    return refusal(400, "the body must be JSON");
  }
  const parsed = faultSchema.safeParse(given);
  if (!parsed.success) {
    const reasons = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`);
    return refusal(400, reasons.join("; "));
  }
  const { operation } = parsed.data;
  const [service = "", name = ""] = operation.split(".");
  const operations = Object.keys(services.get(service)?.operations ?? {});
  if (!operations.includes(name)) {
    const known = operations.length > 0 ? operations : [...services.keys()];
    return refusal(400, `operation ${operation} is not emulated; known here: ${known.sort().join(", ")}`);
  }
  faults.add(parsed.data);
  return { status: 201, body: { faults: faults.list() } };
}
