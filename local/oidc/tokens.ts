import { createHash, randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { OidcClient } from "./clients.ts";
import type { Grant } from "./grants.ts";
import type { SigningKeys } from "./keys.ts";
import type { OidcPerson } from "./people.ts";

export interface Minted {
  readonly idToken: string;
  readonly accessToken: string;
}

/** For whom, and by what right. */
export interface Subject {
  readonly issuer: string;
  readonly client: OidcClient;
  readonly person: OidcPerson;
  readonly grant: Grant;
  readonly nonce: string | undefined;
}

/**
 * An ID token and an access token with the claims that Cognito gives them: an ID token has an audience, an access token the
 * client's id and the scope.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html
 */
export async function mint(keys: SigningKeys, subject: Subject, nowMs: number): Promise<Minted> {
  const { client, person, grant, nonce } = subject;
  const access = await sign(keys, subject, nowMs, {
    token_use: "access",
    client_id: client.id,
    username: person.username,
    scope: grant.scope,
  });
  const email = grant.scope.split(" ").includes("email") ? { email: person.email, email_verified: true } : {};
  const id = await sign(keys, subject, nowMs, {
    token_use: "id",
    aud: client.id,
    "cognito:username": person.username,
    preferred_username: person.username,
    ...email,
    ...(nonce === undefined ? {} : { nonce }),
    at_hash: halfHash(access),
  });
  return { idToken: id, accessToken: access };
}

async function sign(
  keys: SigningKeys,
  { issuer, client, person, grant }: Subject,
  nowMs: number,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const { kid, key } = await keys.current();
  const now = Math.floor(nowMs / 1000);
  const groups = person.groups.length === 0 ? {} : { "cognito:groups": person.groups };
  return new SignJWT({ ...claims, ...groups, auth_time: Math.floor(grant.authenticatedAt / 1000) })
    .setProtectedHeader({ alg: "RS256", kid, typ: "JWT" })
    .setIssuer(issuer)
    .setSubject(person.subject)
    .setIssuedAt(now)
    .setExpirationTime(now + client.tokenSeconds)
    .setJti(randomUUID())
    .sign(key);
}

/** https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken, `at_hash`. */
function halfHash(token: string): string {
  return createHash("sha256").update(token).digest().subarray(0, 16).toString("base64url");
}
