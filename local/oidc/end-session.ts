import { decodeJwt } from "jose";
import { isRegistered } from "./clients.ts";
import type { Issuer } from "./core.ts";
import { type Answer, goTo } from "./http.ts";
import { saying } from "./page.ts";

/**
 * Signs the browser out, and sends it to where the client asks if that is registered. Understands OpenID Connect's
 * parameters, and `logout_uri` as Cognito calls the address.
 * https://openid.net/specs/openid-connect-rpinitiated-1_0.html
 */
export function endSession(issuer: Issuer, query: URLSearchParams, cookie: string | undefined): Answer {
  const gone = { "set-cookie": issuer.sessions.end(cookie) };
  const client = issuer.clients.find(query.get("client_id") ?? clientOf(query.get("id_token_hint")));
  const target = query.get("post_logout_redirect_uri") ?? query.get("logout_uri");
  if (client !== undefined && target !== null && isRegistered(target, client.logoutUris)) {
    const address = new URL(target);
    const state = query.get("state");
    if (state !== null) address.searchParams.set("state", state);
    return goTo(address.href, gone);
  }
  const answer = saying(200, "Signed out", "You are signed out here. This page may be closed.");
  return { ...answer, headers: { ...answer.headers, ...gone } };
}

/** A hint only: whatever it says leads to registered addresses alone. */
function clientOf(hint: string | null): string | undefined {
  if (hint === null) return undefined;
  try {
    const { aud } = decodeJwt(hint);
    return typeof aud === "string" ? aud : undefined;
  } catch {
    return undefined;
  }
}
