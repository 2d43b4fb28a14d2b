import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { reasonOf } from "../errors.ts";

/** A JWT authorizer of an API: whose tokens, and for whom. */
export interface JwtAuthorizer {
  readonly issuer: string;
  readonly audience: readonly string[];
}

export type JwtResult =
  | { readonly type: "claims"; readonly claims: JWTPayload; readonly scopes: readonly string[] | null }
  /** 401: it is no token that the authorizer takes. */
  | { readonly type: "unauthorized"; readonly description: string | undefined }
  /** 403: a good token, but with none of the route's scopes. */
  | { readonly type: "forbidden"; readonly scopes: readonly string[] };

/** API Gateway waits no longer for an issuer. */
const ISSUER_TIMEOUT_MS = 1_500;
const KEYS_KEPT_MS = 2 * 3_600_000;

/** Only RSA. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

/**
 * Validates tokens as the JWT authorizers of HTTP APIs do.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
 */
export class JwtValidator {
  readonly #now: () => number;
  readonly #keys = new Map<string, Promise<JWTVerifyGetKey>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * @param header the `Authorization` header: the token, alone or after `Bearer`
   * @param routeScopes the route's `AuthorizationScopes`; the token needs one of them
   */
  async validate(
    authorizer: JwtAuthorizer,
    header: string | undefined,
    routeScopes: readonly string[],
  ): Promise<JwtResult> {
    const token = header?.replace(/^Bearer +/i, "").trim() ?? "";
    if (token === "") return { type: "unauthorized", description: undefined };
    let claims: JWTPayload;
    try {
      claims = await this.#verify(authorizer, token);
    } catch (error) {
      return { type: "unauthorized", description: descriptionOf(error) };
    }
    const scopes = scopesOf(claims);
    if (routeScopes.length > 0 && !routeScopes.some((scope) => scopes?.includes(scope)))
      return { type: "forbidden", scopes: routeScopes };
    return { type: "claims", claims, scopes };
  }

  async #verify({ issuer, audience }: JwtAuthorizer, token: string): Promise<JWTPayload> {
    const { payload, protectedHeader } = await jwtVerify(token, await this.#keysOf(issuer), {
      issuer,
      algorithms: ALGORITHMS,
      requiredClaims: ["exp"],
      currentDate: new Date(this.#now()),
    });
    if (protectedHeader.kid === undefined) throw new errors.JWTInvalid("the token names no key");
    // `client_id` counts only where there is no `aud`.
    const meant = payload.aud === undefined ? [payload.client_id] : [payload.aud].flat();
    if (!meant.some((one) => typeof one === "string" && audience.includes(one)))
      throw new errors.JWTClaimValidationFailed("unexpected audience", payload, "aud", "check_failed");
    if (payload.iat !== undefined && payload.iat > Math.ceil(this.#now() / 1000))
      throw new errors.JWTClaimValidationFailed("issued in the future", payload, "iat", "check_failed");
    return payload;
  }

  /** The issuer's keys; asked again for a key that is not among them, as after a rotation. */
  #keysOf(issuer: string): Promise<JWTVerifyGetKey> {
    const known = this.#keys.get(issuer);
    if (known !== undefined) return known;
    const asked = discoverKeys(issuer);
    this.#keys.set(issuer, asked);
    // An issuer that did not answer is asked again.
    asked.catch(() => this.#keys.delete(issuer));
    return asked;
  }
}

/** The issuer did not tell its keys. */
class IssuerError extends Error {}

async function discoverKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(ISSUER_TIMEOUT_MS) });
    const metadata: unknown = await response.json();
    if (typeof metadata !== "object" || metadata === null || !("jwks_uri" in metadata))
      throw new Error("it names no jwks_uri");
    return createRemoteJWKSet(new URL(String(metadata.jwks_uri)), {
      timeoutDuration: ISSUER_TIMEOUT_MS,
      cacheMaxAge: KEYS_KEPT_MS,
      cooldownDuration: 1_000,
    });
  } catch (error) {
    throw new IssuerError(`${address}: ${reasonOf(error)}`);
  }
}

/** `scope`, separated by spaces, or `scp`, a list. */
function scopesOf({ scope, scp }: JWTPayload): readonly string[] | null {
  const given = scope ?? scp;
  if (typeof given === "string") return given.split(" ").filter((one) => one !== "");
  return Array.isArray(given) ? given.map(String) : null;
}

/** What stands in `www-authenticate`. */
function descriptionOf(error: unknown): string {
  if (error instanceof IssuerError) return "unable to fetch the issuer's keys";
  if (error instanceof errors.JWTExpired) return "the token has expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "aud") return "the token does not have a valid audience";
    if (error.claim === "iss") return "the token does not have a valid issuer";
    return "the token is not valid yet";
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return "signing method is not valid";
  if (error instanceof errors.JWKSNoMatchingKey) return "unable to find a signature verification key";
  return "the token is invalid";
}
