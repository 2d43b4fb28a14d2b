import pipelines from "tandem:pipelines";
import { webhookHandler } from "./webhook.ts";
import { createWebhookRuntime } from "./webhook-runtime.ts";

/** `POST /webhooks/github`: GitHub tells of a push, a pull request or a release. */
export const handler = webhookHandler(
  createWebhookRuntime(process.env, (line) => console.log(line)),
  pipelines,
);
