import type { APIGatewayProxyEventV2 } from "aws-lambda";

/** GitHub sends nothing larger: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
const MOST_BYTES = 25 * 1024 * 1024;

/** The header of this name, whatever the case it is written in. */
export function headerOf({ headers }: APIGatewayProxyEventV2, name: string): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

/** The bytes as they were sent, which are what is signed; undefined when they are more than GitHub would send. */
export function rawBody({
  body = "",
  isBase64Encoded,
}: APIGatewayProxyEventV2): Uint8Array<ArrayBuffer> | undefined {
  const encoding = isBase64Encoded ? "base64" : "utf8";
  return Buffer.byteLength(body, encoding) > MOST_BYTES
    ? undefined
    : Uint8Array.from(Buffer.from(body, encoding));
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** The payload: the body itself, or the field of a form that older webhooks send it in. Undefined when it is no JSON. */
export function jsonOf(body: Uint8Array, contentType: string | undefined): unknown {
  try {
    const text = UTF8.decode(body);
    const isForm = contentType?.startsWith("application/x-www-form-urlencoded") === true;
    return JSON.parse(isForm ? (new URLSearchParams(text).get("payload") ?? "") : text);
  } catch {
    return undefined;
  }
}
