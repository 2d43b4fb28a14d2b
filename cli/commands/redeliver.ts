import type { Command } from "commander";
import { isRecord, type Redelivered } from "../answers.ts";
import { asJson, type CliContext, connect, page } from "../context.ts";
import { EXIT, Failure } from "../failure.ts";
import { closing, meaning } from "../help.ts";
import { printable } from "../render/text.ts";

interface RedeliverOptions {
  readonly url?: string;
  readonly json?: boolean;
}

/** `tandem local redeliver` */
export function addRedeliver(local: Command, context: CliContext): void {
  local
    .command("redeliver")
    .description("have the local GitHub send a webhook delivery again")
    .argument("[delivery]", "the delivery's id or guid, or `last` for the newest that is no ping", "last")
    .option("--url <address>", "the local endpoint (default: $TANDEM_URL, or http://127.0.0.1:4566)")
    .option("--json", "print the delivery, and what was answered, as JSON")
    .addHelpText(
      "after",
      closing(
        ["tandem local redeliver last", "tandem local redeliver 12 --json"],
        meaning({
          0: "delivered, and accepted or ignored with a reason",
          1: "the webhook did not take it",
          4: "no such delivery",
        }),
      ),
    )
    .action((delivery: string, options: RedeliverOptions) => redeliver(context, delivery, options));
}

async function redeliver(context: CliContext, delivery: string, options: RedeliverOptions): Promise<void> {
  const { api, address } = connect(context, options);
  if (!address.local)
    throw new Failure(
      EXIT.usage,
      "not-local",
      `${address.url} is not on this machine: on GitHub, deliveries are sent again in the webhook's settings, under Recent Deliveries`,
    );
  const again = await api.redeliver(delivery);
  context.exit(again.status === "OK" ? EXIT.ok : EXIT.failed);
  const { id, event, repository, status, status_code: code } = again;
  const { out } = context.terminal;
  if (options.json) return out(asJson(again));
  const head = `sent again as delivery ${id}, ${event} of ${repository}: ${status} (${code})`;
  out(page([head, ...answered(again)].map(printable)));
}

/** What the webhook said: the runs, and why there are none; or its own words when it is not Tandem's. */
function answered({ response }: Redelivered): readonly string[] {
  const value = parse(response);
  if (!isRecord(value)) return response === "" ? [] : [response];
  const { accepted, ignored } = value;
  if (!Array.isArray(accepted)) return [response];
  return [
    ...(accepted.length === 0 ? [] : [`accepted: ${accepted.join(", ")}`]),
    ...(typeof ignored === "string" ? [`ignored: ${ignored}`] : []),
  ];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
