import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { replyJson } from "../aws/http.ts";
import type { LocalContext, LocalService } from "../service.ts";
import { authorize, submit } from "./authorize.ts";
import { Clients } from "./clients.ts";
import type { Issuer } from "./core.ts";
import { discovery } from "./discovery.ts";
import { endSession } from "./end-session.ts";
import { Grants } from "./grants.ts";
import { type Answer, empty, formOf, json, send } from "./http.ts";
import { SigningKeys } from "./keys.ts";
import { listUsersInGroup } from "./operations.ts";
import { saying } from "./page.ts";
import { cognitoResources } from "./resources.ts";
import { Sessions } from "./sessions.ts";
import { revoke, token } from "./token.ts";

/** Longer than any token here holds, and than API Gateway keeps a key. */
const GRACE_MS = 24 * 3_600_000;

type Context = Pick<LocalContext, "url" | "accountId" | "region" | "stateDir" | "now">;

/**
 * An OpenID Connect issuer at `/oidc`, with the demo's people. It stands in for the user pools of templates.
 * @throws StateError naming the file when its state cannot be read
 */
export async function createOidc(context: Context): Promise<LocalService> {
  const folder = join(context.stateDir, "oidc");
  const { now } = context;
  const issuer: Issuer = {
    url: `${context.url}/oidc`,
    clients: new Clients(),
    keys: await SigningKeys.open(folder, now, GRACE_MS),
    grants: await Grants.open(folder, now),
    sessions: new Sessions(now),
    now,
  };
  return {
    targetPrefix: "AWSCognitoIdentityProviderService",
    jsonVersion: "1.1",
    operations: { ListUsersInGroup: listUsersInGroup },
    resources: cognitoResources(context, issuer.url, issuer.clients),
    routes: {
      "/oidc/": async (request, response) => send(response, await answer(issuer, request)),
      "/_local/oidc/": async (request, response) => control(issuer, request, response),
    },
    close: async () => {},
  };
}

async function answer(issuer: Issuer, request: IncomingMessage): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? "/", issuer.url);
  const { cookie } = request.headers;
  switch (`${request.method} ${pathname.slice("/oidc".length)}`) {
    case "GET /.well-known/openid-configuration":
      return discovery(issuer);
    case "GET /.well-known/jwks.json":
      return json(200, { keys: await issuer.keys.published() });
    case "GET /authorize":
      return authorize(issuer, searchParams, cookie);
    case "POST /sign-in": {
      const form = await formOf(request);
      if (form !== undefined) return submit(issuer, form);
      return saying(400, "No form", "Begin at the application that wants you to sign in.");
    }
    case "POST /token":
      return token(issuer, await formOf(request));
    case "POST /revoke":
      return revoke(issuer, await formOf(request));
    case "GET /logout":
      return endSession(issuer, searchParams, cookie);
    default:
      if (request.method === "OPTIONS") return empty(204);
      return saying(
        404,
        "No such page",
        "The issuer's addresses are in /oidc/.well-known/openid-configuration.",
      );
  }
}

/** The switch that Cognito has no need of: a new key, at once. */
async function control(issuer: Issuer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", issuer.url);
  if (`${request.method} ${pathname}` === "POST /_local/oidc/rotate")
    return replyJson(response, 200, { kid: await issuer.keys.rotate() });
  replyJson(response, 404, {
    message: `there is no ${request.method} ${pathname}: POST /_local/oidc/rotate`,
  });
}
