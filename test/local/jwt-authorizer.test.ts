import { createHmac, createPublicKey, generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { exportJWK, importJWK, type JWK, type JWTPayload, SignJWT } from "jose";
import { z } from "zod";
import { jwtApi } from "./jwt-api.ts";
import { OidcClient, stackOutput } from "./oidc-client.ts";
import { type PlatformEndpoint, startPlatform } from "./platform-endpoint.ts";

const CALLBACK = "http://localhost:8976/callback";

let platform: PlatformEndpoint;
let client: OidcClient;
let folder: string;
/** What reached the function. */
let events: unknown[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tandem-jwt-"));
  platform = await startPlatform(
    {
      invoke: async (_name, event) => {
        events.push(event);
        return { statusCode: 200, body: "through" };
      },
    },
    folder,
  );
  await platform.deploy(
    jwtApi(CALLBACK, ["openid", "email", "profile"], {
      "GET /me": { AuthorizationType: "JWT" },
      "POST /decide": { AuthorizationType: "JWT" },
      "GET /scoped": { AuthorizationType: "JWT", AuthorizationScopes: ["email", "tandem/decide"] },
      "GET /closed": { AuthorizationType: "JWT", AuthorizationScopes: ["tandem/decide"] },
    }),
  );
  client = await OidcClient.discover(`${platform.url}/oidc`, await stackOutput(platform, "Client"), CALLBACK);
});
afterAll(async () => {
  await platform.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  events = [];
});

const keysSchema = z.object({
  data: z.array(z.looseObject({ kid: z.string(), jwk: z.looseObject({ kty: z.literal("RSA") }) })),
});

/** The issuer's own key, as somebody would have it who had broken into it. */
async function ownKey(): Promise<{ readonly kid: string; readonly jwk: JWK }> {
  await fetch(`${platform.url}/oidc/.well-known/jwks.json`);
  const stored = keysSchema.parse(JSON.parse(await readFile(join(folder, "oidc", "keys.json"), "utf8")));
  const [key] = stored.data;
  if (key === undefined) throw new Error("the issuer has no key");
  return key;
}

const now = () => Math.floor(Date.now() / 1000);

/** A token that differs from a good one in what is handed in; undefined takes a claim away. */
async function token(
  change: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
  key?: JWK,
): Promise<string> {
  const own = await ownKey();
  const claims = {
    iss: `${platform.url}/oidc`,
    aud: client.clientId,
    sub: randomUUID(),
    iat: now(),
    exp: now() + 300,
    ...change,
  };
  const given: JWTPayload = Object.fromEntries(
    Object.entries(claims).filter(([, value]) => value !== undefined),
  );
  return new SignJWT(given)
    .setProtectedHeader({ alg: "RS256", kid: own.kid, ...header })
    .sign(await importJWK(key ?? own.jwk, "RS256"));
}

const ask = (path: string, bearer: string | undefined, method = "GET") =>
  fetch(platform.url + path, {
    method,
    ...(bearer === undefined ? {} : { headers: { authorization: bearer } }),
  });

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a token that API Gateway lets through", () => {
  test("tells the function who it is, every claim as text", async () => {
    const { id_token } = await client.signIn("alice");
    const response = await ask("/me", `Bearer ${id_token}`);
    expect([response.status, await response.text()]).toEqual([200, "through"]);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      requestContext: {
        authorizer: {
          jwt: {
            claims: {
              iss: `${platform.url}/oidc`,
              "cognito:username": "alice",
              "cognito:groups": "[release-managers]",
              email_verified: "true",
              exp: expect.stringMatching(/^\d{10}$/),
              token_use: "id",
            },
            scopes: null,
          },
        },
      },
    });
  });

  test("an access token, by its client's id", async () => {
    const { access_token } = await client.signIn("carol");
    expect((await ask("/me", access_token)).status).toBe(200);
    expect(events[0]).toMatchObject({
      requestContext: { authorizer: { jwt: { scopes: ["openid", "email", "profile"] } } },
    });
  });

  test("lists, numbers and objects have Go's text", async () => {
    const claims = { groups: ["a b", "c"], level: 3, nested: { x: 1, a: ["y"] } };
    expect((await ask("/me", await token(claims))).status).toBe(200);
    expect(events[0]).toMatchObject({
      requestContext: {
        authorizer: { jwt: { claims: { groups: "[a b c]", level: "3", nested: "map[a:[y] x:1]" } } },
      },
    });
  });

  test("one of the route's scopes is enough, and none is too little", async () => {
    const { access_token } = await client.signIn("carol");
    expect((await ask("/scoped", access_token)).status).toBe(200);
    const closed = await ask("/closed", access_token);
    expect([closed.status, await closed.json()]).toEqual([403, { message: "Forbidden" }]);
    expect(closed.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
    expect(events).toHaveLength(1);
  });

  test("a key that is new since the last request", async () => {
    await ask("/me", await token());
    await fetch(`${platform.url}/_local/oidc/rotate`, { method: "POST" });
    // The keys are fetched again at most once a second.
    const { id_token } = await client.signIn("bob");
    const until = Date.now() + 5_000;
    let { status } = await ask("/me", id_token);
    while (status !== 200 && Date.now() < until) ({ status } = await ask("/me", id_token));
    expect(status).toBe(200);
  });
});

/** Made when the platform runs. */
const FORGED: readonly (readonly [string, () => Promise<string | undefined>])[] = [
  ["no token", async () => undefined],
  ["an empty one", async () => "Bearer "],
  ["what is no token", async () => "Bearer abc"],
  ["a signature of AWS", async () => "AWS4-HMAC-SHA256 Credential=alice/20261121/us-east-1/x/aws4_request"],
  ["one that has run out", () => token({ iat: now() - 600, exp: now() - 300 })],
  ["one that runs out now", () => token({ exp: now() })],
  ["one that never runs out", () => token({ exp: undefined })],
  ["one that is not valid yet", () => token({ nbf: now() + 300 })],
  ["one from the future", () => token({ iat: now() + 300 })],
  ["one for somebody else", () => token({ aud: "another-client" })],
  ["one for others in a list", () => token({ aud: ["a", "b"] })],
  ["one for nobody", () => token({ aud: undefined })],
  [
    "one whose client is right and audience wrong",
    async () => token({ aud: "x", client_id: client.clientId }),
  ],
  ["one of another issuer", () => token({ iss: "https://evil.example/oidc" })],
  ["one of an issuer that only begins alike", () => token({ iss: `${platform.url}/oidc/` })],
  ["one of no issuer", () => token({ iss: undefined })],
  ["one of a stranger's key", async () => token({}, {}, await stranger())],
  [
    "one of a stranger's key under a name of its own",
    async () => token({}, { kid: "mine" }, await stranger()),
  ],
  ["one that names no key", () => token({}, { kid: undefined })],
  [
    "one that brings its own key",
    async () => token({}, { jwk: await publicOf(await stranger()) }, await stranger()),
  ],
  ["one with another payload", async () => withPayload(await token(), { admin: true })],
  ["one without its signature", async () => (await token()).replace(/[^.]*$/, "")],
  ["one that is not signed at all", async () => unsigned("none")],
  ["the same, in other letters", async () => unsigned("nOnE")],
  ["one signed with the public key as a secret", () => confused()],
];

async function stranger(): Promise<JWK> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return exportJWK(privateKey);
}

async function publicOf({ kty, n, e }: JWK): Promise<JWK> {
  return {
    ...(kty === undefined ? {} : { kty }),
    ...(n === undefined ? {} : { n }),
    ...(e === undefined ? {} : { e }),
  };
}

async function withPayload(good: string, change: object): Promise<string> {
  const [header, payload = "", signature] = good.split(".");
  const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
  return [header, base64({ ...Object(claims), ...change }), signature].join(".");
}

async function unsigned(alg: string): Promise<string> {
  const [, payload] = (await token()).split(".");
  return `${base64({ alg, typ: "JWT" })}.${payload}.`;
}

/** HS256 over the token, keyed with what everybody can read. */
async function confused(): Promise<string> {
  const { kid, jwk } = await ownKey();
  const pem = createPublicKey({ key: { ...jwk }, format: "jwk" }).export({ type: "spki", format: "pem" });
  const [, payload] = (await token()).split(".");
  const text = `${base64({ alg: "HS256", typ: "JWT", kid })}.${payload}`;
  return `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}`;
}

describe("a token that it does not", () => {
  test.each(FORGED)("%s", async (_what, forge) => {
    for (const [method, path] of [
      ["GET", "/me"],
      ["POST", "/decide"],
    ] as const) {
      const response = await ask(path, await forge(), method);
      expect([response.status, await response.json()]).toEqual([401, { message: "Unauthorized" }]);
      expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    }
    expect(events).toEqual([]);
  });

  test("the same token but good is let through", async () => {
    expect((await ask("/decide", await token(), "POST")).status).toBe(200);
    expect(events).toHaveLength(1);
  });
});
