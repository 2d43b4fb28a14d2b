import { createHash, randomBytes } from "node:crypto";
import { isRecord } from "./answers.ts";
import { EXIT, Failure } from "./failure.ts";
import type { Login } from "./logins.ts";

const TIMEOUT_MS = 15_000;

/** Where people sign in, as the API and the issuer itself say. */
export interface Issuer {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  readonly token: Login["token"];
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint?: string;
}

/**
 * Asks the API who signs people in, and the issuer for its addresses.
 * https://openid.net/specs/openid-connect-discovery-1_0.html
 */
export async function findIssuer(url: string, signal: AbortSignal): Promise<Issuer> {
  const config = await getJson(`${url}/console/sign-in.json`, signal);
  const issuer = need(config, "issuer", url);
  const found = await getJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, signal);
  // Whoever answers there must be who the API means, or tokens of one issuer could be asked of another.
  if (found.issuer !== issuer) throw wrong(issuer, `it calls itself ${String(found.issuer)}`);
  const revocation = found.revocation_endpoint;
  return {
    issuer,
    clientId: need(config, "clientId", url),
    scope: need(config, "scope", url),
    token: config.token === "access_token" ? "access_token" : "id_token",
    authorizationEndpoint: need(found, "authorization_endpoint", issuer),
    tokenEndpoint: need(found, "token_endpoint", issuer),
    ...(typeof revocation === "string" ? { revocationEndpoint: revocation } : {}),
  };
}

/** One asking for a code: where the person is to be sent, and what its answer is checked against. */
export interface Asked {
  readonly address: URL;
  readonly redirectUri: string;
  readonly state: string;
  readonly verifier: string;
}

/** Authorization code flow with PKCE: https://www.rfc-editor.org/rfc/rfc7636 */
export function askForCode(issuer: Issuer, redirectUri: string): Asked {
  const [state, verifier] = [randomBytes(24).toString("base64url"), randomBytes(32).toString("base64url")];
  const address = new URL(issuer.authorizationEndpoint);
  const query = {
    response_type: "code",
    client_id: issuer.clientId,
    redirect_uri: redirectUri,
    scope: issuer.scope,
    state,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    // Whoever is signed in at the browser need not be who is wanted here.
    prompt: "login",
  };
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  return { address, redirectUri, state, verifier };
}

/** The code in the answer that came back to the redirect address. */
export function codeIn(answer: URLSearchParams, { state }: Asked, { issuer }: Issuer): string {
  const error = answer.get("error");
  if (error !== null) throw wrong(issuer, `it says ${answer.get("error_description") ?? error}`);
  const from = answer.get("iss");
  const code = answer.get("code");
  if (code === null || answer.get("state") !== state || (from !== null && from !== issuer))
    throw wrong(issuer, "its answer belongs to another sign-in");
  return code;
}

/** Changes a code for tokens. */
export async function redeem(
  issuer: Issuer,
  asked: Asked,
  code: string,
  signal: AbortSignal,
): Promise<Login> {
  return askTokens(
    issuer,
    {
      grant_type: "authorization_code",
      code,
      redirect_uri: asked.redirectUri,
      code_verifier: asked.verifier,
    },
    signal,
  );
}

/** A login that holds a while longer; undefined when the person has to sign in again. */
export async function renew(login: Login, signal: AbortSignal): Promise<Login | undefined> {
  const { refreshToken } = login;
  if (refreshToken === undefined) return undefined;
  try {
    const grant = { grant_type: "refresh_token", refresh_token: refreshToken };
    return { ...login, ...(await askTokens(login, grant, signal)) };
  } catch (error) {
    if (error instanceof Failure && error.code === "issuer") return undefined;
    throw error;
  }
}

/** Ends what the login can be renewed with, at issuers that know how. */
export async function revoke(login: Login, signal: AbortSignal): Promise<void> {
  if (login.revocationEndpoint === undefined || login.refreshToken === undefined) return;
  const body = new URLSearchParams({ client_id: login.clientId, token: login.refreshToken });
  await send(login.revocationEndpoint, { method: "POST", body }, signal);
}

type TokenIssuer = Pick<Login, "issuer" | "clientId" | "tokenEndpoint" | "revocationEndpoint" | "token">;

async function askTokens(
  from: TokenIssuer,
  grant: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Login> {
  const body = new URLSearchParams({ client_id: from.clientId, ...grant });
  const response = await send(from.tokenEndpoint, { method: "POST", body }, signal);
  const answer: unknown = await response.json().catch(() => undefined);
  const said = isRecord(answer) ? answer : {};
  const bearer = said[from.token];
  if (!response.ok || typeof bearer !== "string")
    throw wrong(from.issuer, `it says ${String(said.error_description ?? said.error ?? response.status)}`);
  const { issuer, clientId, tokenEndpoint, revocationEndpoint, token } = from;
  return {
    ...{ issuer, clientId, tokenEndpoint, token, bearer },
    ...(revocationEndpoint === undefined ? {} : { revocationEndpoint }),
    ...(typeof said.refresh_token === "string" ? { refreshToken: said.refresh_token } : {}),
    expiresAt: Date.now() + Number(said.expires_in ?? 300) * 1000,
  };
}

async function getJson(address: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
  const response = await send(address, {}, signal);
  const value: unknown = await response.json().catch(() => undefined);
  if (response.ok && isRecord(value)) return value;
  const message = `${address} answered ${response.status} and does not say where to sign in: check --url or TANDEM_URL`;
  throw new Failure(EXIT.unreachable, "no-sign-in", message);
}

async function send(address: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(address, {
      ...init,
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (error) {
    signal.throwIfAborted();
    const { origin } = new URL(address);
    const message = `nothing answers at ${origin}: check --url or TANDEM_URL, and the network`;
    throw new Failure(EXIT.unreachable, "unreachable", message, { cause: error });
  }
}

function need(document: Readonly<Record<string, unknown>>, name: string, of: string): string {
  const value = document[name];
  if (typeof value === "string") return value;
  throw new Failure(EXIT.unreachable, "no-sign-in", `${of} names no ${name}: ask whoever runs it`);
}

const wrong = (issuer: string, why: string): Failure =>
  new Failure(EXIT.denied, "issuer", `${issuer} did not sign you in: ${why}`);
