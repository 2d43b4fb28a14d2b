/** An HTTP response that a function asked for. */
export interface GatewayResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A response of the gateway itself. */
export const gatewayMessage = (
  status: number,
  message: string,
  headers: GatewayResponse["headers"] = [],
): GatewayResponse => ({
  status,
  headers: [["content-type", "application/json"], ...headers],
  body: Buffer.from(JSON.stringify({ message })),
});

/**
 * What a function returned, as a response: with a `statusCode` it is the response, without one it is the JSON body of
 * a 200.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.response
 */
export function gatewayResponse(result: unknown): GatewayResponse {
  if (!isRecord(result) || result.statusCode === undefined) {
    const text = typeof result === "string" ? result : JSON.stringify(result ?? null);
    return { status: 200, headers: [["content-type", "application/json"]], body: Buffer.from(text) };
  }
  const status = Number(result.statusCode);
  const given = isRecord(result.headers) ? Object.entries(result.headers) : [];
  const cookies = Array.isArray(result.cookies) ? result.cookies : [];
  const body = result.body;
  // A function that answers with what is no HTTP response has failed, as seen from outside.
  if (
    !Number.isInteger(status) ||
    status < 200 ||
    status > 599 ||
    (body !== undefined && body !== null && typeof body !== "string")
  )
    return gatewayMessage(500, "Internal Server Error");
  const headers = given.map(([name, value]) => [name.toLowerCase(), String(value)] as const);
  const typed = headers.some(([name]) => name === "content-type");
  return {
    status,
    headers: [
      ...(typed ? [] : [["content-type", "text/plain;charset=UTF-8"] as const]),
      // The length is that of the body, whatever the function says.
      ...headers.filter(([name]) => name !== "content-length" && name !== "transfer-encoding"),
      ...cookies.map((cookie) => ["set-cookie", String(cookie)] as const),
    ],
    body: Buffer.from(body ?? "", result.isBase64Encoded === true ? "base64" : "utf8"),
  };
}
