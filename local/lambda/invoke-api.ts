import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { authenticate } from "../aws/authenticate.ts";
import { BodyTooLarge, headersOf, readBody, reply } from "../aws/http.ts";
import { AwsError, type LocalContext } from "../service.ts";
import type { Functions } from "./functions.ts";
import type { LocalFunction } from "./local-function.ts";
import type { Turns } from "./turns.ts";

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MAX_SYNCHRONOUS_BYTES = 6 * 1024 * 1024;
const MAX_ASYNCHRONOUS_BYTES = 1024 * 1024;
const LOG_TAIL_BYTES = 4096;

interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface InvokeApiSettings {
  readonly context: LocalContext;
  readonly functions: Functions;
  readonly turns: Turns;
  readonly invokeAsync: (name: string, payload: string, requestId: string) => void;
}

/**
 * Lambda's REST API below `/2015-03-31/functions`: Invoke, ListFunctions, GetFunction and GetFunctionConfiguration
 * (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html).
 */
export function invokeApi(settings: InvokeApiSettings) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const requestId = randomUUID();
    const answer = await handle(settings, request, requestId).catch(asAnswer);
    reply(response, answer.status, answer.body ?? "", {
      "content-type": "application/json",
      "x-amzn-requestid": requestId,
      ...answer.headers,
    });
  };
}

/** The errors of Lambda's REST API: the code in a header, `Type` beside the message. */
function asAnswer(error: unknown): Answer {
  const known =
    error instanceof AwsError
      ? error
      : new AwsError("ServiceException", error instanceof Error ? error.message : String(error), 500);
  return {
    status: known.status,
    body: JSON.stringify({ Type: known.status < 500 ? "User" : "Service", message: known.message }),
    headers: { "x-amzn-errortype": known.code },
  };
}

async function handle(
  settings: InvokeApiSettings,
  request: IncomingMessage,
  requestId: string,
): Promise<Answer> {
  const { context, functions } = settings;
  const url = request.url ?? "/";
  const method = request.method ?? "GET";
  const body = await bodyOf(request);
  const signer = authenticate(
    { method, url, headers: headersOf(request), body },
    context.accountId,
    context.now(),
  );
  if (signer === undefined) {
    throw new AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403);
  }

  const [, , , name, action] = new URL(url, context.url).pathname.split("/").map(decodeURIComponent);
  if (method === "GET" && (name === undefined || name === "")) {
    return json({ Functions: functions.list().map(configurationOf) });
  }
  if (name !== undefined && method === "GET" && action === undefined) {
    const found = functions.find(name);
    return json({ Configuration: configurationOf(found), Code: { RepositoryType: "S3" }, Tags: {} });
  }
  if (name !== undefined && method === "GET" && action === "configuration") {
    return json(configurationOf(functions.find(name)));
  }
  if (name !== undefined && method === "POST" && action === "invocations") {
    return invoke(settings, functions.find(name), request, body, requestId);
  }
  throw new AwsError(
    "UnknownOperationException",
    `The local endpoint does not emulate Lambda ${method} ${url}: it invokes, lists and shows functions.`,
    404,
  );
}

/** @throws AwsError RequestTooLargeException when an event is more than Lambda takes of somebody who waits for the answer */
export function checkSynchronousPayload(payload: string): void {
  if (Buffer.byteLength(payload) > MAX_SYNCHRONOUS_BYTES) throw tooLarge(MAX_SYNCHRONOUS_BYTES);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  try {
    return await readBody(request, MAX_SYNCHRONOUS_BYTES);
  } catch (error) {
    if (!(error instanceof BodyTooLarge)) throw error;
    throw tooLarge(MAX_SYNCHRONOUS_BYTES);
  }
}

function tooLarge(limit: number): AwsError {
  return new AwsError(
    "RequestTooLargeException",
    `Request must be smaller than ${limit} bytes for the Invoke`,
    413,
  );
}

async function invoke(
  { invokeAsync, turns }: InvokeApiSettings,
  called: LocalFunction,
  request: IncomingMessage,
  body: Buffer,
  requestId: string,
): Promise<Answer> {
  const payload = payloadOf(body);
  const type = request.headers["x-amz-invocation-type"] ?? "RequestResponse";
  if (type === "DryRun") return { status: 204 };
  if (type === "Event") {
    if (body.length > MAX_ASYNCHRONOUS_BYTES) throw tooLarge(MAX_ASYNCHRONOUS_BYTES);
    invokeAsync(called.configuration.name, payload, requestId);
    return { status: 202 };
  }
  if (type !== "RequestResponse") {
    const message = `X-Amz-Invocation-Type ${String(type)}: must be RequestResponse, Event or DryRun`;
    throw new AwsError("InvalidParameterValueException", message);
  }
  const result = await turns.answer(() => called.runNow(payload, requestId));
  const tail =
    request.headers["x-amz-log-type"] === "Tail" ? Buffer.from(`${result.logLines.join("\n")}\n`) : undefined;
  return {
    status: 200,
    body: result.payload,
    headers: {
      "x-amz-executed-version": "$LATEST",
      ...(result.functionError === undefined ? {} : { "x-amz-function-error": result.functionError }),
      ...(tail === undefined
        ? {}
        : { "x-amz-log-result": tail.subarray(-LOG_TAIL_BYTES).toString("base64") }),
    },
  };
}

/** The payload as JSON text; none is an empty object. */
function payloadOf(body: Buffer): string {
  const text = body.toString();
  if (text === "") return "{}";
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AwsError("InvalidRequestContentException", `Could not parse request body into json: ${why}`);
  }
}

function json(value: unknown): Answer {
  return { status: 200, body: JSON.stringify(value) };
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html */
function configurationOf({
  configuration,
  code,
  lastModified,
}: LocalFunction): Readonly<Record<string, unknown>> {
  return {
    FunctionName: configuration.name,
    FunctionArn: configuration.arn,
    Runtime: configuration.runtime,
    Role: configuration.role,
    Handler: configuration.handler,
    CodeSize: code.size,
    CodeSha256: code.sha256,
    Description: configuration.description,
    Timeout: configuration.timeoutSeconds,
    MemorySize: configuration.memoryMb,
    LastModified: new Date(lastModified).toISOString().replace("Z", "+0000"),
    Version: "$LATEST",
    Environment: { Variables: configuration.variables },
    PackageType: "Zip",
    Architectures: configuration.architectures,
    State: "Active",
    LastUpdateStatus: "Successful",
    LoggingConfig: { LogFormat: "Text", LogGroup: configuration.logGroup },
    ...(configuration.deadLetterTarget === undefined
      ? {}
      : { DeadLetterConfig: { TargetArn: configuration.deadLetterTarget } }),
  };
}
