import { isRecord, textAt } from "./json.ts";

/** Who signs people in, as `/console/sign-in.json` and the issuer's own discovery document say. */
export interface Issuer {
  readonly clientId: string;
  readonly scope: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** Where signing out goes, if the issuer has such a place. */
  readonly signOut?: string;
  /** Which token the API takes. */
  readonly token: "access_token" | "id_token";
}

/**
 * https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 * @throws Error when either document cannot be had or lacks an address
 */
export async function findIssuer(): Promise<Issuer> {
  const config = await readJson("/console/sign-in.json");
  const issuer = need(config, "issuer", "/console/sign-in.json");
  const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const found = await readJson(address);
  const signOut = textAt(found, "end_session_endpoint") ?? textAt(config, "signOut");
  return {
    clientId: need(config, "clientId", "/console/sign-in.json"),
    scope: textAt(config, "scope") ?? "openid",
    authorizationEndpoint: need(found, "authorization_endpoint", address),
    tokenEndpoint: need(found, "token_endpoint", address),
    ...(signOut === undefined ? {} : { signOut }),
    token: textAt(config, "token") === "id_token" ? "id_token" : "access_token",
  };
}

function need(document: unknown, key: string, address: string): string {
  const found = textAt(document, key);
  if (found === undefined) throw new Error(`${address} names no ${key}`);
  return found;
}

async function readJson(address: string): Promise<unknown> {
  const response = await fetch(address, { headers: { accept: "application/json" } });
  const value: unknown = response.ok ? await response.json() : undefined;
  if (!isRecord(value)) throw new Error(`${address} answered ${response.status}, and no JSON object`);
  return value;
}
