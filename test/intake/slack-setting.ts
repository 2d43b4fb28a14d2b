import { createHmac } from "node:crypto";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { lightLog } from "../../functions/light-log.ts";
import { slackHandler } from "../../functions/slack-interaction.ts";
import { cachedSecret } from "../../shared/effects/cached-secret.ts";
import type { SlackSecret } from "../../shared/effects/slack-api.ts";
import type { Pressed } from "../../shared/intake/slack-interaction.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import { T0 } from "../pipeline/given.ts";

/** The interactivity endpoint with everything around it replaced by what a test says. */

export const SECRET = "8f742231b10e8888abcd99yyyzzz85a5";

export const PRESS = { run: "hello-1", stage: "production", question: "gate 0" };

/** What Slack tells of a press; `change` replaces members. */
export function payload(change: Readonly<Record<string, unknown>> = {}): string {
  const value = {
    type: "block_actions",
    user: { id: "U0000ALICE", username: "alice", team_id: "T0000LOCAL" },
    team: { id: "T0000LOCAL", domain: "local" },
    channel: { id: "C0123456789", name: "releases" },
    response_url: "https://hooks.slack.com/actions/T0000LOCAL/1/x",
    actions: [
      { type: "button", action_id: "tandem-approve", value: JSON.stringify(PRESS), action_ts: "1.0" },
    ],
    ...change,
  };
  return new URLSearchParams({ payload: JSON.stringify(value) }).toString();
}

interface Sent {
  readonly secret?: string;
  readonly ageSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request as API Gateway hands it in: a form is base64. */
export function request(body: string, { secret = SECRET, ageSeconds = 0, headers = {} }: Sent = {}) {
  const timestamp = String(T0 / 1000 - ageSeconds);
  const signature = createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex");
  const event: Partial<APIGatewayProxyEventV2> = {
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": `v0=${signature}`,
      ...headers,
    },
    body: Buffer.from(body).toString("base64"),
    isBase64Encoded: true,
  };
  return event as APIGatewayProxyEventV2;
}

export function endpoint(
  secret: () => Promise<SlackSecret> = async () => ({ signingSecrets: [SECRET] }),
  decide: (pressed: Pressed) => Promise<void> = async () => {},
) {
  const lines: Record<string, unknown>[] = [];
  const pressed: Pressed[] = [];
  let now = T0;
  const handler = slackHandler({
    now: () => now,
    log: lightLog(
      "tandem",
      () => now,
      (line) => void lines.push(JSON.parse(line)),
    ),
    secret: cachedSecret(secret, () => now),
    streams: memoryStore().streams,
    decide: async (one) => {
      pressed.push(one);
      await decide(one);
    },
  });
  return {
    handler,
    lines,
    pressed,
    wait: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}
