import { fitsSecret } from "../shared/effects/cached-secret.ts";
import type { GitHubSecret } from "../shared/effects/github-api.ts";
import { isSignedBy, signatureOf } from "../shared/intake/github-signature.ts";
import { parseGitHubEvent } from "../shared/intake/github-webhook.ts";
import { payloadOf } from "../shared/intake/payload.ts";
import type { PipelineDefinition } from "../shared/pipeline/definition.ts";
import { receiveGitHub, recordIgnored } from "../shared/receive-github.ts";
import { type Answer, json, type Request, refusal } from "./http-answer.ts";
import { headerOf, rawBody } from "./webhook-request.ts";
import type { WebhookRuntime } from "./webhook-runtime.ts";

/** GitHub's are GUIDs. */
const DELIVERY_ID = /^[\w-]{1,100}$/;

const TOO_LARGE =
  "the body is larger than 5 MiB: the sweep finds the branch's head within a minute; or run `tandem start PIPELINE --branch NAME`";

/**
 * Answers GitHub: who it is, what it says, and whether that is news. A delivery is stored before the answer; the runs it
 * makes are opened by another function.
 */
export function webhookHandler(runtime: WebhookRuntime, pipelines: readonly PipelineDefinition[]) {
  return async (request: Request): Promise<Answer> => {
    try {
      return await answer(runtime, pipelines, request);
    } catch (error) {
      runtime.log.error("the delivery could not be taken; redeliver it at GitHub when the cause is mended", {
        delivery: headerOf(request, "x-github-delivery"),
        error: String(error),
      });
      return refusal(500, "internal", "Tandem could not take the delivery; redeliver it later");
    }
  };
}

async function answer(
  runtime: WebhookRuntime,
  pipelines: readonly PipelineDefinition[],
  request: Request,
): Promise<Answer> {
  const { log, deps } = runtime;
  const body = rawBody(request);
  if (body === undefined) {
    log.count("WebhookRefused", "a request to the webhook was refused", { reason: TOO_LARGE });
    return refusal(400, "too-large", TOO_LARGE);
  }
  const unsigned = await signatureFault(runtime, request, body);
  if (unsigned !== undefined) {
    log.count("WebhookRefused", "a request to the webhook was refused", { reason: unsigned });
    return refusal(401, "bad-signature", unsigned);
  }
  const id = headerOf(request, "x-github-delivery") ?? "";
  const name = headerOf(request, "x-github-event") ?? "";
  if (!DELIVERY_ID.test(id)) return bad(runtime, "the header X-GitHub-Delivery is missing or no id");
  if (name === "") return bad(runtime, "the header X-GitHub-Event is missing");
  // Older webhooks send a form.
  const isForm = headerOf(request, "content-type")?.startsWith("application/x-www-form-urlencoded") === true;
  const payload = payloadOf(body, isForm);
  if (payload === undefined) return bad(runtime, "the body is no JSON");
  const event = parseGitHubEvent(name, payload);
  switch (event.type) {
    case "fault":
      return bad(runtime, event.reason);
    case "ignored": {
      await recordIgnored(deps, id, event);
      log.info("ignored", { delivery: id, event: name, reason: event.reason });
      return accepted([], event.reason);
    }
    case "delivery": {
      const received = await receiveGitHub(deps, pipelines, runtime.lookups(), id, event);
      await openAll(runtime, received.fresh);
      const { accepted: runs, ignored, errors } = received;
      log.info("delivery", { delivery: id, event: name, runs, reason: ignored });
      if (errors.length > 0) throw new AggregateError(errors, errors.map(String).join(" · "));
      return accepted(runs, ignored);
    }
  }
}

/** Why the request is not GitHub's, as far as anybody can tell; undefined when it is. */
async function signatureFault(
  { secret }: WebhookRuntime,
  request: Request,
  body: Uint8Array<ArrayBuffer>,
): Promise<string | undefined> {
  const signature = signatureOf(headerOf(request, "x-hub-signature-256"));
  if (signature === undefined) {
    return "the header X-Hub-Signature-256 is missing or malformed: give the webhook a secret at GitHub";
  }
  const fits = ({ webhookSecrets = [] }: GitHubSecret) => isSignedBy(webhookSecrets, body, signature);
  if (await fitsSecret(secret, fits)) return undefined;
  return "the header X-Hub-Signature-256 fits none of the webhook's secrets";
}

/** What fails here is opened by the sweep, within a minute. */
async function openAll(
  { log, open }: WebhookRuntime,
  fresh: readonly { readonly runId: string; readonly definition: PipelineDefinition }[],
): Promise<void> {
  await Promise.all(
    fresh.map(async ({ runId, definition }) => {
      try {
        await open(definition.name, runId);
      } catch (error) {
        log.warn("the run was accepted; its opening is left to the sweep", { runId, error: String(error) });
      }
    }),
  );
}

function accepted(runs: readonly string[], ignored?: string): Answer {
  return json(202, { accepted: runs, ...(ignored === undefined ? {} : { ignored }) });
}

function bad({ log }: WebhookRuntime, reason: string): Answer {
  log.warn("a delivery was refused", { reason });
  return refusal(400, "bad-delivery", reason);
}
