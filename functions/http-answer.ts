import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";

/** What other people's programs send to a function that API Gateway lets everybody ask, and what they are answered. */
export type Request = APIGatewayProxyEventV2;
export type Answer = APIGatewayProxyStructuredResultV2;

export function json(statusCode: number, body: unknown): Answer {
  return { statusCode, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** As the HTTP API refuses, too: a code that programs read, and a message that people read. */
export function refusal(status: number, code: string, message: string): Answer {
  return json(status, { error: { code, message } });
}
