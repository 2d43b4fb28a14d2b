import { fitsSecret } from "../shared/effects/cached-secret.ts";
import type { SlackSecret } from "../shared/effects/slack-api.ts";
import { APPROVE_ACTION } from "../shared/effects/slack-blocks.ts";
import { parseInteraction, pressStream } from "../shared/intake/slack-interaction.ts";
import { isSignedBySlack, type SlackSigned, slackFormFault } from "../shared/intake/slack-signature.ts";
import { type Answer, type Request, refusal } from "./http-answer.ts";
import type { SlackRuntime } from "./slack-runtime.ts";
import { headerOf, rawBody } from "./webhook-request.ts";

/** A press of a button is a few kilobytes; the message comes along. */
const MOST_BYTES = 1024 * 1024;

/**
 * Answers Slack within its three seconds: whether it is Slack that asks, and whether it has asked before. What the press
 * does is judged by another function, which answers the person.
 */
export function slackHandler(runtime: SlackRuntime) {
  return async (request: Request): Promise<Answer> => {
    try {
      return await answer(runtime, request);
    } catch (error) {
      runtime.log.error(
        "the press could not be taken; whoever pressed is told so by Slack, and presses again",
        {
          error: String(error),
        },
      );
      return refusal(500, "internal", "Tandem could not take it; try again");
    }
  };
}

async function answer(runtime: SlackRuntime, request: Request): Promise<Answer> {
  const { log, streams, now } = runtime;
  const body = rawBody(request);
  if (body === undefined || body.length > MOST_BYTES)
    return refusal(400, "too-large", "the body is larger than Slack sends");
  const signed = {
    signature: headerOf(request, "x-slack-signature"),
    timestamp: headerOf(request, "x-slack-request-timestamp"),
    body,
  };
  const fault = await signatureFault(runtime, signed);
  if (fault !== undefined) {
    log.count("SlackRefused", "a request to the interactivity endpoint was refused", { reason: fault });
    return refusal(401, "bad-signature", fault);
  }
  const interaction = parseInteraction(body, APPROVE_ACTION, signed.signature ?? "");
  switch (interaction.type) {
    case "fault":
      log.warn("an interaction was refused", { reason: interaction.reason });
      return refusal(400, "bad-interaction", interaction.reason);
    case "ignored":
      return { statusCode: 200, body: "" };
    case "pressed": {
      const { pressed } = interaction;
      // The same request once more is no second press; a second press is signed anew.
      const at = now();
      const first = await streams.append(pressStream(pressed.id), 0, [{ at, ...pressed }], undefined, at);
      if (first) await runtime.decide(pressed);
      const { press, user, team } = pressed;
      log.info("pressed", { runId: press.run, stage: press.stage, user, team, replayed: !first });
      return { statusCode: 200, body: "" };
    }
  }
}

/** Why the request is not Slack's, as far as anybody can tell; undefined when it is. */
async function signatureFault(
  { secret, now }: SlackRuntime,
  signed: SlackSigned,
): Promise<string | undefined> {
  const fault = slackFormFault(signed, now());
  if (fault !== undefined) return fault;
  const fits = ({ signingSecrets = [] }: SlackSecret) => isSignedBySlack(signingSecrets, signed);
  if (await fitsSecret(secret, fits)) return undefined;
  return "the header X-Slack-Signature fits none of the app's signing secrets";
}
