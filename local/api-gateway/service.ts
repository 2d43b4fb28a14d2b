import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { authenticate, type Signer } from "../aws/authenticate.ts";
import { BodyTooLarge, headersOf, readBody } from "../aws/http.ts";
import { isFromThisMachine } from "../aws/loopback.ts";
import { localPerson } from "../aws/people.ts";
import { reasonOf } from "../errors.ts";
import { AwsError, type LocalContext, type LocalService } from "../service.ts";
import { Apis, type Found } from "./apis.ts";
import { type Authorized, type GatewayRequest, gatewayEvent } from "./event.ts";
import { type JwtAuthorizer, JwtValidator } from "./jwt.ts";
import { type GatewayResponse, gatewayMessage, gatewayResponse } from "./response.ts";

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** Whom requests to an HTTP API are signed for. */
const SERVICE = "execute-api";

/** What the gateway asks of Lambda. */
export interface Functions {
  invoke(nameOrArn: string, payload: unknown): Promise<unknown>;
  /** Whether the function's policy lets a principal invoke it on behalf of a source. */
  allows(nameOrArn: string, principal: string, sourceArn: string): boolean;
}

/** The gateway takes every request that nobody else does. */
export interface ApiGateway extends LocalService {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

type Context = Pick<LocalContext, "url" | "accountId" | "region" | "now" | "say">;

/** API Gateway's HTTP APIs with Lambda integrations, as the template declares them. */
export async function createApiGateway(context: Context, functions: Functions): Promise<ApiGateway> {
  const apis = new Apis(context);
  const tokens = new JwtValidator(context.now);
  return {
    resources: apis.resources,
    handle: async (request, response) => {
      const answer = await answerTo(request, { context, functions, apis, tokens });
      if (response.destroyed) return;
      response.writeHead(answer.status, [
        ...answer.headers.flat(),
        "content-length",
        String(answer.body.length),
      ]);
      response.end(answer.body);
    },
    close: async () => {},
  };
}

interface Parts {
  readonly context: Context;
  readonly functions: Functions;
  readonly apis: Apis;
  readonly tokens: JwtValidator;
}

async function answerTo(incoming: IncomingMessage, parts: Parts): Promise<GatewayResponse> {
  const { apis } = parts;
  let request: GatewayRequest;
  try {
    request = await gatewayRequest(incoming);
  } catch (error) {
    if (error instanceof BodyTooLarge) return gatewayMessage(413, "Request Entity Too Large");
    throw error;
  }
  const found = apis.find(request.method, request.path);
  if (found === undefined) return gatewayMessage(404, "Not Found");
  const authorized = await authorize(incoming, request, found, parts);
  if (authorized !== undefined && "status" in authorized) return authorized;
  return invoke(request, found, authorized, parts);
}

/** Who calls, as the route's authorizer found; undefined where there is none, and the gateway's answer to who is refused. */
async function authorize(
  incoming: IncomingMessage,
  request: GatewayRequest,
  { authorization }: Found,
  { context, tokens }: Parts,
): Promise<Authorized | GatewayResponse | undefined> {
  switch (authorization.type) {
    case "none":
      return undefined;
    case "iam": {
      const signer = signerOf(incoming, request, context);
      return signer === undefined ? gatewayMessage(403, "Forbidden") : { type: "iam", signer };
    }
    case "jwt":
      return bearer(request, authorization.authorizer, authorization.scopes, tokens);
  }
}

async function bearer(
  { headers }: GatewayRequest,
  authorizer: JwtAuthorizer,
  scopes: readonly string[],
  tokens: JwtValidator,
): Promise<Authorized | GatewayResponse> {
  const result = await tokens.validate(authorizer, headers.authorization, scopes);
  switch (result.type) {
    case "claims":
      return { type: "jwt", claims: result.claims, scopes: result.scopes };
    case "unauthorized": {
      const { description } = result;
      const why =
        description === undefined
          ? ""
          : ` scope="${scopes.join(" ")}" error="invalid_token" error_description="${description}"`;
      return gatewayMessage(401, "Unauthorized", [["www-authenticate", `Bearer${why}`]]);
    }
    case "forbidden": {
      const why = `scope="${result.scopes.join(" ")}" error="insufficient_scope" error_description="required scope not present"`;
      return gatewayMessage(403, "Forbidden", [["www-authenticate", `Bearer ${why}`]]);
    }
  }
}

async function gatewayRequest(incoming: IncomingMessage): Promise<GatewayRequest> {
  const url = incoming.url ?? "/";
  const mark = url.indexOf("?");
  return {
    method: incoming.method ?? "GET",
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? "" : url.slice(mark + 1),
    headers: headersOf(incoming),
    body: await readBody(incoming, MAX_BODY_BYTES),
    sourceIp: incoming.socket.remoteAddress ?? "127.0.0.1",
  };
}

/**
 * Who calls a route with AWS_IAM. What was signed for another service or region is for somebody else. Unlike AWS, a request without a signature is taken for the person who sits at this
 * machine, so that a browser and curl need no keys; undefined means that it is refused.
 */
function signerOf(incoming: IncomingMessage, request: GatewayRequest, context: Context): Signer | undefined {
  try {
    const url = incoming.url ?? "/";
    const signer = authenticate({ ...request, url }, context.accountId, context.now());
    const { accountId, region, say } = context;
    if (signer !== undefined) {
      if (signer.service === SERVICE && signer.region === region) return signer;
      say(
        `${request.method} ${request.path} is signed for ${signer.service} in ${signer.region}: sign for ${SERVICE} in ${region}`,
      );
      return undefined;
    }
    if (!isFromThisMachine(incoming)) return undefined;
    return { caller: localPerson(accountId), accessKeyId: "local", service: SERVICE, region };
  } catch (error) {
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

async function invoke(
  request: GatewayRequest,
  found: Found,
  authorized: Authorized | undefined,
  { context, functions }: Parts,
): Promise<GatewayResponse> {
  const { functionArn, timeoutMs } = found.integration;
  const source = `arn:aws:execute-api:${context.region}:${context.accountId}:${found.apiId}/${found.stage.name}/${request.method}${request.path}`;
  const match = { ...found, stage: found.stage.name, stageVariables: found.stage.variables, authorized };
  const cancel = new AbortController();
  try {
    if (!functions.allows(functionArn, "apigateway.amazonaws.com", source)) {
      context.say(`${found.routeKey}: no AWS::Lambda::Permission lets API Gateway invoke ${functionArn}`);
      return gatewayMessage(500, "Internal Server Error");
    }
    const event = gatewayEvent(request, match, context.accountId, context.now());
    const late = delay(timeoutMs, gatewayMessage(503, "Service Unavailable"), {
      signal: cancel.signal,
      ref: false,
    });
    return await Promise.race([functions.invoke(functionArn, event).then(gatewayResponse), late]);
  } catch (error) {
    const reason = reasonOf(error);
    context.say(`${found.routeKey} was answered with an error: ${reason}`);
    const code = error instanceof AwsError ? error.code : undefined;
    if (code === "RequestTooLargeException") return gatewayMessage(413, "Request Entity Too Large");
    return code === "TooManyRequestsException"
      ? gatewayMessage(503, "Service Unavailable")
      : gatewayMessage(500, "Internal Server Error");
  } finally {
    cancel.abort();
  }
}
