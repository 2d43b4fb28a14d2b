import { bytesOf, isSignedBy } from "./github-signature.ts";

/** `X-Slack-Signature`: https://docs.slack.dev/authentication/verifying-requests-from-slack */
const SIGNATURE = /^v0=([0-9a-f]{64})$/;

/** Seconds since the epoch. */
const TIMESTAMP = /^\d{1,11}$/;

/** What is older may be a request that somebody has kept; Slack's own limit, for a clock that is ahead, too. */
const OLDEST_SECONDS = 5 * 60;

/** What a request says of itself, as it was sent. */
export interface SlackSigned {
  readonly signature: string | undefined;
  readonly timestamp: string | undefined;
  /** The bytes of the body. */
  readonly body: Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();

/**
 * Why a request is not Slack's, now; undefined when its form is right, and the signature is to be looked at.
 * @param now milliseconds since the epoch
 */
export function slackFormFault({ signature, timestamp }: SlackSigned, now: number): string | undefined {
  if (signature === undefined || !SIGNATURE.test(signature))
    return "the header X-Slack-Signature is missing or malformed";
  if (timestamp === undefined || !TIMESTAMP.test(timestamp))
    return "the header X-Slack-Request-Timestamp is missing or no time";
  return Math.abs(now / 1000 - Number(timestamp)) > OLDEST_SECONDS
    ? "the header X-Slack-Request-Timestamp is more than five minutes off"
    : undefined;
}

/** Whether one of the app's signing secrets has signed the request; compared in constant time. */
export async function isSignedBySlack(
  secrets: readonly string[],
  { signature, timestamp, body }: SlackSigned,
): Promise<boolean> {
  const hex = SIGNATURE.exec(signature ?? "")?.[1];
  if (hex === undefined) return false;
  const head = encoder.encode(`v0:${timestamp}:`);
  const signed = new Uint8Array(head.length + body.length);
  signed.set(head);
  signed.set(body, head.length);
  return isSignedBy(secrets, signed, bytesOf(hex));
}
