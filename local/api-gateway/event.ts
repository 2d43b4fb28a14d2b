import { randomUUID } from "node:crypto";
import type { JWTPayload } from "jose";
import type { Signer } from "../aws/authenticate.ts";
import { claimsAsText } from "./claims.ts";

/** A request to an HTTP API, as the gateway sees it. */
export interface GatewayRequest {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  readonly query: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly sourceIp: string;
}

/** Who calls: whoever signed the request, or the claims of a token. */
export type Authorized =
  | { readonly type: "iam"; readonly signer: Signer }
  | { readonly type: "jwt"; readonly claims: JWTPayload; readonly scopes: readonly string[] | null };

/** The route that takes it. */
export interface RouteMatch {
  readonly apiId: string;
  readonly stage: string;
  readonly stageVariables: Readonly<Record<string, string>> | undefined;
  readonly routeKey: string;
  readonly pathParameters: Readonly<Record<string, string>>;
  /** What the route's authorizer found; undefined on a route without one. */
  readonly authorized: Authorized | undefined;
}

/**
 * The event that a Lambda integration of payload format 2.0 receives.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function gatewayEvent(
  request: GatewayRequest,
  match: RouteMatch,
  accountId: string,
  nowMs: number,
): unknown {
  const { cookie, ...headers } = request.headers;
  const text = isText(request.headers["content-type"]);
  const parameters = queryParameters(request.query);
  return {
    version: "2.0",
    routeKey: match.routeKey,
    rawPath: request.path,
    rawQueryString: request.query,
    ...(cookie !== undefined && { cookies: cookie.split(/; */) }),
    headers: { ...headers, "x-forwarded-for": request.sourceIp, "x-forwarded-proto": "http" },
    ...(Object.keys(parameters).length > 0 && { queryStringParameters: parameters }),
    ...(Object.keys(match.pathParameters).length > 0 && { pathParameters: match.pathParameters }),
    ...(match.stageVariables !== undefined && { stageVariables: match.stageVariables }),
    requestContext: {
      accountId,
      apiId: match.apiId,
      ...(match.authorized !== undefined && { authorizer: authorizerOf(match.authorized) }),
      domainName: request.headers.host ?? "",
      domainPrefix: match.apiId,
      http: {
        method: request.method,
        path: request.path,
        protocol: "HTTP/1.1",
        sourceIp: request.sourceIp,
        userAgent: request.headers["user-agent"] ?? "",
      },
      requestId: randomUUID(),
      routeKey: match.routeKey,
      stage: match.stage,
      time: commonLogTime(nowMs),
      timeEpoch: nowMs,
    },
    ...(request.body.length > 0 && { body: request.body.toString(text ? "utf8" : "base64") }),
    isBase64Encoded: request.body.length > 0 && !text,
  };
}

function authorizerOf(authorized: Authorized): unknown {
  switch (authorized.type) {
    case "iam":
      return { iam: iamAuthorizer(authorized.signer) };
    case "jwt":
      return { jwt: { claims: claimsAsText(authorized.claims), scopes: authorized.scopes } };
  }
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html */
function iamAuthorizer({ accessKeyId, caller }: Signer): unknown {
  return {
    accessKey: accessKeyId,
    accountId: caller.accountId,
    callerId: caller.userId,
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: caller.arn,
    userId: caller.userId,
  };
}

/** Bodies of these types come as they are; all others in base64, forms among them. */
function isText(contentType: string | undefined): boolean {
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  return /^(text\/.+|application\/(.+\+)?(json|xml)|application\/javascript)$/.test(type);
}

/** Values of one name are joined with commas. */
function queryParameters(query: string): Readonly<Record<string, string>> {
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const known = values.get(name);
    values.set(name, known === undefined ? value : `${known},${value}`);
  }
  return Object.fromEntries(values);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `12/Mar/2026:19:03:58 +0000` */
function commonLogTime(milliseconds: number): string {
  const iso = new Date(milliseconds).toISOString();
  return `${iso.slice(8, 10)}/${MONTHS[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}
