import type { LocalContext, LocalService } from "../service.ts";
import { createSlackControl } from "./control.ts";
import { SlackFaults } from "./faults.ts";
import { Messages } from "./messages.ts";
import { TEAM } from "./people.ts";
import { createWebApi } from "./web-api.ts";
import { createIncomingWebhooks, Responses } from "./webhooks.ts";

const SIGNING_SECRET = "local-slack-signing-secret";
const BOT_TOKEN = "xoxb-local-bot-token";

/** Slack with what the rest of `local/` asks of it. */
export interface SlackService extends LocalService {
  /** The Web API's address. */
  readonly apiUrl: string;
  /** The content of the secret with which Tandem talks to this Slack, as JSON. */
  readonly secret: () => string;
}

/**
 * A stand-in for Slack: the Web API below `/slack/api/`, incoming webhooks below `/slack/services/`, and a press of a button,
 * which sends the signed request to the stack's `/slack/interactions`. What is said is kept in memory.
 */
export async function createSlack(context: Pick<LocalContext, "url" | "now">): Promise<SlackService> {
  const { url, now } = context;
  const messages = new Messages(now);
  const responses = new Responses(messages, now);
  const faults = new SlackFaults();
  const api = { messages, faults, token: BOT_TOKEN };
  const services = `/slack/services/${TEAM}/B0000LOCAL/`;
  return {
    apiUrl: `${url}/slack/api`,
    secret: () =>
      JSON.stringify({
        signingSecrets: [SIGNING_SECRET],
        botToken: BOT_TOKEN,
        webhooks: { releases: `${url}${services}releases` },
      }),
    routes: {
      "/slack/api/": createWebApi(api),
      "/slack/services/": createIncomingWebhooks(api, services),
      "/slack/actions/": (request, response) => responses.handle(request, response),
      "/_local/slack/": createSlackControl({
        ...{ messages, responses, faults, url, now },
        signingSecret: SIGNING_SECRET,
      }),
    },
    close: async () => {},
  };
}
