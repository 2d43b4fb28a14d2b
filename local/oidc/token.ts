import { createHash, timingSafeEqual } from "node:crypto";
import type { OidcClient } from "./clients.ts";
import type { Issuer } from "./core.ts";
import type { Grant } from "./grants.ts";
import { type Answer, json, tokenError } from "./http.ts";
import { personNamed } from "./people.ts";
import { mint } from "./tokens.ts";

/** The token endpoint: https://www.rfc-editor.org/rfc/rfc6749#section-3.2 */
export async function token(issuer: Issuer, form: URLSearchParams | undefined): Promise<Answer> {
  if (form === undefined)
    return tokenError(400, "invalid_request", "the body must be application/x-www-form-urlencoded");
  const client = issuer.clients.find(form.get("client_id") ?? undefined);
  if (client === undefined)
    return tokenError(400, "invalid_client", "client_id names no registered application");
  switch (form.get("grant_type")) {
    case "authorization_code":
      return byCode(issuer, client, form);
    case "refresh_token":
      return byRefreshToken(issuer, client, form);
    default:
      return tokenError(
        400,
        "unsupported_grant_type",
        "grant_type must be authorization_code or refresh_token",
      );
  }
}

async function byCode(issuer: Issuer, client: OidcClient, form: URLSearchParams): Promise<Answer> {
  const code = form.get("code") ?? "";
  const grant = await issuer.grants.takeCode(code);
  const fault =
    grant === undefined || grant.clientId !== client.id
      ? "the code is unknown, expired or used"
      : grant.redirectUri !== form.get("redirect_uri")
        ? "redirect_uri is not the one of the authorization request"
        : !proves(form.get("code_verifier") ?? "", grant.codeChallenge)
          ? "code_verifier does not fit the code_challenge"
          : undefined;
  if (grant === undefined || fault !== undefined)
    return tokenError(400, "invalid_grant", fault ?? "the code is unknown, expired or used");
  const refresh = await issuer.grants.newRefresh(grant, client.refreshSeconds, code);
  return tokens(issuer, client, grant, grant.nonce, { refresh_token: refresh });
}

/** As Cognito does by default, the refresh token stays the same. */
async function byRefreshToken(issuer: Issuer, client: OidcClient, form: URLSearchParams): Promise<Answer> {
  const grant = issuer.grants.findRefresh(form.get("refresh_token") ?? "");
  if (grant === undefined || grant.clientId !== client.id)
    return tokenError(400, "invalid_grant", "the refresh token is unknown, expired or revoked");
  return tokens(issuer, client, grant, undefined, {});
}

async function tokens(
  issuer: Issuer,
  client: OidcClient,
  grant: Grant,
  nonce: string | undefined,
  more: Readonly<Record<string, string>>,
): Promise<Answer> {
  const person = personNamed(grant.username);
  if (person === undefined) return tokenError(400, "invalid_grant", "there is nobody of that name any more");
  const subject = { issuer: issuer.url, client, person, grant, nonce };
  const { idToken, accessToken } = await mint(issuer.keys, subject, issuer.now());
  return json(200, {
    id_token: idToken,
    access_token: accessToken,
    ...more,
    token_type: "Bearer",
    expires_in: client.tokenSeconds,
    scope: grant.scope,
  });
}

/** https://www.rfc-editor.org/rfc/rfc7636#section-4.6 */
function proves(verifier: string, challenge: string): boolean {
  if (!/^[\w.~-]{43,128}$/.test(verifier)) return false;
  const hash = Buffer.from(createHash("sha256").update(verifier).digest("base64url"));
  const expected = Buffer.from(challenge);
  return hash.length === expected.length && timingSafeEqual(hash, expected);
}

/** Ends a refresh token; of one that is none, nothing is said: RFC 7009, section 2.2. */
export async function revoke(issuer: Issuer, form: URLSearchParams | undefined): Promise<Answer> {
  const given = form?.get("token");
  if (given === undefined || given === null)
    return tokenError(400, "invalid_request", "token is missing from the form");
  await issuer.grants.revoke(given);
  return json(200, {});
}
