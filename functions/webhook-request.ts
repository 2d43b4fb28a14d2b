import type { APIGatewayProxyEventV2 } from "aws-lambda";

/**
 * GitHub sends up to 25 MB, but Lambda is invoked with 6 MB at most, and in that stands the body as a text in JSON: with its
 * quotes escaped, or in base64. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const MOST_BYTES = 5 * 1024 * 1024;

/** The header of this name, whatever the case it is written in. */
export function headerOf({ headers }: APIGatewayProxyEventV2, name: string): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

/** The bytes as they were sent, which are what is signed; undefined when they are too many. */
export function rawBody({
  body = "",
  isBase64Encoded,
}: APIGatewayProxyEventV2): Uint8Array<ArrayBuffer> | undefined {
  const encoding = isBase64Encoded ? "base64" : "utf8";
  return Buffer.byteLength(body, encoding) > MOST_BYTES
    ? undefined
    : Uint8Array.from(Buffer.from(body, encoding));
}
