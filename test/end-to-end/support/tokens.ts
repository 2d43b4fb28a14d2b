import { generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { importJWK, type JWK, SignJWT } from "jose";
import { z } from "zod";
import { OidcClient } from "../../local/oidc-client.ts";
import type { Answer } from "./api.ts";
import type { Person } from "./clients.ts";

const signInSchema = z.object({ issuer: z.string(), clientId: z.string(), token: z.literal("id_token") });

const keysSchema = z.object({
  data: z.array(z.object({ kid: z.string(), jwk: z.looseObject({ kty: z.literal("RSA") }) })),
});

/** Tokens of the local issuer, good ones and others. */
export class TokenMaker {
  readonly #url: string;
  readonly #state: string;
  readonly #client: OidcClient;

  private constructor(url: string, state: string, client: OidcClient) {
    this.#url = url;
    this.#state = state;
    this.#client = client;
  }

  /** @param state the endpoint's state folder */
  static async open(url: string, state: string): Promise<TokenMaker> {
    const response = await fetch(`${url}/console/sign-in.json`);
    const { issuer, clientId } = signInSchema.parse(await response.json());
    const client = await OidcClient.discover(issuer, clientId, `${url}/console/callback`);
    return new TokenMaker(url, state, client);
  }

  /** As the console gets it. */
  async of(person: Person): Promise<string> {
    return (await this.#client.signIn(person)).id_token;
  }

  /** What a good token says of alice; signed by the issuer's key, unless told otherwise. */
  async forged(
    change: Readonly<Record<string, unknown>>,
    header: Readonly<Record<string, string>> = {},
    strange = false,
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    // It is made when somebody first asks for it.
    await fetch(this.#client.metadata.jwks_uri);
    const text = await readFile(join(this.#state, "oidc", "keys.json"), "utf8");
    const [own] = keysSchema.parse(JSON.parse(text)).data;
    if (own === undefined) throw new Error("the issuer has no key");
    const claims = {
      iss: this.#client.metadata.issuer,
      aud: this.#client.clientId,
      sub: "alice",
      token_use: "id",
      "cognito:username": "alice",
      "cognito:groups": ["release-managers"],
      iat: now,
      exp: now + 300,
      ...change,
    };
    const key: JWK = strange
      ? generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" })
      : own.jwk;
    return new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: own.kid, ...header })
      .sign(await importJWK(key, "RS256"));
  }

  async send(method: string, path: string, bearer: string | undefined, content?: unknown): Promise<Answer> {
    const response = await fetch(`${this.#url}/console/api${path}`, {
      method,
      headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
      ...(content === undefined ? {} : { body: JSON.stringify(content) }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
  }
}
