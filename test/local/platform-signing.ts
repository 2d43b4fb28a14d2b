import { createHash, createHmac } from "node:crypto";

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What a signature is for and when it was made: here, and now, unless told. */
export interface SigningScope {
  readonly at?: Date;
  readonly region?: string;
  readonly service?: string;
}

/**
 * POSTs with a Signature Version 4 made here, step by step as the documentation has it, and independent of `local/`.
 * @param sent another body than the signed one
 * @param headers that are not signed
 */
export function signedFetch(
  address: string,
  key: string,
  secret: string,
  body: string,
  sent = body,
  headers: Readonly<Record<string, string>> = {},
  { at = new Date(), region = "us-east-1", service = "execute-api" }: SigningScope = {},
): Promise<Response> {
  const url = new URL(address);
  const date = at.toISOString().replace(/[-:]|\.\d+/g, "");
  const day = date.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const query = [...url.searchParams]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .sort()
    .join("&");
  const canonical = [
    "POST",
    url.pathname.split("/").map(encodeURIComponent).join("/"),
    query,
    `host:${url.host}`,
    `x-amz-date:${date}`,
    "",
    "host;x-amz-date",
    sha256(body),
  ].join("\n");
  const signingKey = [day, region, service, "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  const signature = createHmac("sha256", signingKey)
    .update(["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n"))
    .digest("hex");
  return fetch(address, {
    method: "POST",
    body: sent,
    headers: {
      ...headers,
      "x-amz-date": date,
      authorization: `AWS4-HMAC-SHA256 Credential=${key}/${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    },
  });
}
