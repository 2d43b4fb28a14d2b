import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { z } from "zod";
import { createOidc } from "../../local/oidc/service.ts";
import { OidcClient, stackOutput, tokensSchema } from "./oidc-client.ts";
import { type PlatformEndpoint, startPlatform } from "./platform-endpoint.ts";

const HERE = "https://tandem.example/console/callback";
const LOOPBACK = "http://localhost:8976/callback";

/** A user pool with a client, as a stack has it. */
const TEMPLATE = {
  Resources: {
    Pool: { Type: "AWS::Cognito::UserPool", Properties: { UserPoolName: "people" } },
    Group: {
      Type: "AWS::Cognito::UserPoolGroup",
      Properties: { UserPoolId: { Ref: "Pool" }, GroupName: "release-managers" },
    },
    Domain: {
      Type: "AWS::Cognito::UserPoolDomain",
      Properties: { UserPoolId: { Ref: "Pool" }, Domain: "people" },
    },
    Client: {
      Type: "AWS::Cognito::UserPoolClient",
      Properties: {
        ClientName: "app",
        UserPoolId: { Ref: "Pool" },
        AllowedOAuthFlows: ["code"],
        AllowedOAuthScopes: ["openid", "email", "profile"],
        CallbackURLs: [HERE, LOOPBACK],
        LogoutURLs: ["https://tandem.example/console/"],
        IdTokenValidity: 5,
      },
    },
  },
  Outputs: { Client: { Value: { Ref: "Client" } } },
};

let platform: PlatformEndpoint;
let folder: string;
let client: OidcClient;

async function start(): Promise<void> {
  platform = await startPlatform(undefined, folder);
  await platform.deploy(TEMPLATE);
  client = await OidcClient.discover(`${platform.url}/oidc`, await stackOutput(platform, "Client"), HERE);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tandem-oidc-"));
  await start();
});
afterAll(async () => {
  await platform.close();
  await rm(folder, { recursive: true, force: true });
});

const verified = async (token: string) => {
  const keys = createRemoteJWKSet(new URL(client.metadata.jwks_uri));
  return jwtVerify(token, keys, { issuer: `${platform.url}/oidc`, algorithms: ["RS256"] });
};

describe("signing in", () => {
  test.each([
    ["alice", ["release-managers"]],
    ["bob", ["release-managers"]],
    ["carol", ["developers"]],
    ["mallory", undefined],
  ])("%s gets an ID token and an access token in Cognito's shapes", async (name, groups) => {
    const tokens = await client.signIn(name);
    expect(tokens.expires_in).toBe(300);
    const id = (await verified(tokens.id_token)).payload;
    expect(id).toMatchObject({
      token_use: "id",
      aud: client.clientId,
      "cognito:username": name,
      email: `${name}@example.com`,
      email_verified: true,
      nonce: "the nonce",
      sub: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      exp: (id.iat ?? 0) + 300,
      jti: expect.any(String),
    });
    expect(id["cognito:groups"]).toEqual(groups);
    const access = (await verified(tokens.access_token)).payload;
    expect(access).toMatchObject({
      token_use: "access",
      client_id: client.clientId,
      username: name,
      scope: "openid email profile",
      sub: id.sub,
    });
    expect(access).not.toHaveProperty("aud");
    expect(access).not.toHaveProperty("email");
  });

  test("the answer carries the state, and the issuer's name", async () => {
    const response = await client.submit("alice", "alice");
    expect(response.status).toBe(303);
    const location = client.location(response);
    expect(`${location.origin}${location.pathname}`).toBe(HERE);
    expect(location.searchParams.get("state")).toBe("the state");
    expect(location.searchParams.get("iss")).toBe(`${platform.url}/oidc`);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test.each([
    ["a wrong password", "alice", "bob"],
    ["a name that nobody has", "eve", "eve"],
    ["a name that every object has", "constructor", "constructor"],
    ["nothing", "", ""],
  ])("%s shows the form again, and lets nobody in", async (_what, username, password) => {
    const response = await client.submit(username, password);
    expect(response.status).toBe(401);
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(await response.text()).toContain('role="alert"');
  });

  test("the page has no script, may not be framed, and shows text as text", async () => {
    const evil = '"><script>alert(1)</script>';
    const response = await client.authorize({ login_hint: evil, state: evil });
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self' https://tandem.example;");
    const html = await response.text();
    expect(html).not.toContain("<script");
    expect(html).toContain("&quot;&gt;&lt;script&gt;");
    const back = client.location(await client.submit("alice", "alice", { state: evil }));
    expect(back.searchParams.get("state")).toBe(evil);
  });

  test("a browser that is signed in is not asked again, unless the client wants that", async () => {
    const cookie = (await client.submit("bob", "bob")).headers.get("set-cookie")?.split(";")[0] ?? "";
    const again = await client.authorize({}, cookie);
    expect(client.location(again).searchParams.get("code")).toMatch(/^[\w-]{43}$/);
    expect((await client.authorize({ prompt: "login" }, cookie)).status).toBe(200);
    const silent = client.location(await client.authorize({ prompt: "none" }));
    expect(silent.searchParams.get("error")).toBe("login_required");
    const out = `${client.metadata.end_session_endpoint}?${new URLSearchParams({
      client_id: client.clientId,
      logout_uri: "https://tandem.example/console/",
    })}`;
    const left = await fetch(out, { redirect: "manual", headers: { cookie } });
    expect(left.headers.get("location")).toBe("https://tandem.example/console/");
    expect((await client.authorize({}, cookie)).status).toBe(200);
  });

  test("signing out leads to no address that is not registered", async () => {
    const query = new URLSearchParams({
      client_id: client.clientId,
      post_logout_redirect_uri: "https://evil.example/",
    });
    const response = await fetch(`${client.metadata.end_session_endpoint}?${query}`, { redirect: "manual" });
    expect(response.status).toBe(200);
    expect(response.headers.get("location")).toBeNull();
  });
});

describe("a request that is refused", () => {
  test.each([
    ["an unknown client", { client_id: "x" }],
    ["no client", { client_id: undefined }],
    ["an address that is not registered", { redirect_uri: "https://evil.example/console/callback" }],
    ["one with a path behind it", { redirect_uri: `${HERE}/..` }],
    ["one that only looks like loopback", { redirect_uri: "http://localhost.evil.example:8976/callback" }],
    ["loopback with a user", { redirect_uri: "http://localhost@evil.example/callback" }],
    ["loopback with another path", { redirect_uri: "http://localhost:8976/other" }],
  ])("%s is told on a page, and leads nowhere", async (_what, change) => {
    const response = await client.authorize(change);
    expect(response.status).toBe(400);
    expect(response.headers.get("location")).toBeNull();
  });

  test.each([
    ["another flow", { response_type: "token" }, "unsupported_response_type"],
    ["no openid", { scope: "email" }, "invalid_scope"],
    ["a scope that the client has not", { scope: "openid aws.cognito.signin.user.admin" }, "invalid_scope"],
    ["no PKCE", { code_challenge: undefined }, "invalid_request"],
    ["PKCE in plain", { code_challenge_method: "plain" }, "invalid_request"],
  ])("%s is told to the client", async (_what, change, error) => {
    expect(client.location(await client.authorize(change)).searchParams.get("error")).toBe(error);
  });

  test("loopback may have any port", async () => {
    const redirect_uri = "http://127.0.0.1:51234/callback";
    const location = client.location(await client.submit("alice", "alice", { redirect_uri }));
    expect(location.origin).toBe("http://127.0.0.1:51234");
  });

  test.each([
    ["another verifier", { code_verifier: "x".repeat(43) }],
    ["no verifier", { code_verifier: "" }],
    ["another address", { redirect_uri: LOOPBACK }],
    ["a made up code", { code: "x" }],
  ])("a code with %s is worth nothing", async (_what, change) => {
    const response = await client.exchange(await client.code("alice"), change);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: "invalid_grant" });
  });

  test("a code is good once; who brings it again ends what the first has got", async () => {
    const code = await client.code("alice");
    const first = tokensSchema.parse(await (await client.exchange(code)).json());
    const refresh = { grant_type: "refresh_token", refresh_token: first.refresh_token ?? "" };
    expect((await client.ask(refresh)).status).toBe(200);
    expect((await client.exchange(code)).status).toBe(400);
    expect((await client.ask(refresh)).status).toBe(400);
  });

  test.each([
    ["a grant that is not there", { grant_type: "password", username: "alice", password: "alice" }],
    ["a refresh token that is none", { grant_type: "refresh_token", refresh_token: "x" }],
    ["another client", { grant_type: "refresh_token", client_id: "x" }],
  ])("%s is no way to a token", async (_what, form) => {
    expect((await client.ask(form)).status).toBe(400);
  });
});

describe("what lasts", () => {
  test("a refresh token gives new tokens until it is revoked", async () => {
    const { refresh_token = "" } = await client.signIn("carol");
    const refresh = { grant_type: "refresh_token", refresh_token };
    const tokens = tokensSchema.parse(await (await client.ask(refresh)).json());
    const { payload } = await verified(tokens.id_token);
    expect(payload["cognito:username"]).toBe("carol");
    expect(payload).not.toHaveProperty("nonce");
    const body = new URLSearchParams({ token: refresh_token, client_id: client.clientId });
    expect((await fetch(client.metadata.revocation_endpoint, { method: "POST", body })).status).toBe(200);
    expect((await client.ask(refresh)).status).toBe(400);
  });

  test("after a rotation new tokens have another key, and the old ones still hold", async () => {
    const before = await client.signIn("alice");
    const response = await fetch(`${platform.url}/_local/oidc/rotate`, { method: "POST" });
    const { kid } = z.object({ kid: z.string() }).parse(await response.json());
    const after = await client.signIn("alice");
    expect(decodeProtectedHeader(after.id_token).kid).toBe(kid);
    expect(decodeProtectedHeader(before.id_token).kid).not.toBe(kid);
    expect((await verified(before.id_token)).payload.sub).toBe((await verified(after.id_token)).payload.sub);
  });

  test("keys and refresh tokens outlive a restart, and nobody else reads them", async () => {
    const { id_token, refresh_token = "" } = await client.signIn("bob");
    await platform.close();
    for (const name of await readdir(join(folder, "oidc"))) {
      expect((await stat(join(folder, "oidc", name))).mode & 0o077).toBe(0);
      expect(await readFile(join(folder, "oidc", name), "utf8")).not.toContain(refresh_token);
    }
    await start();
    expect((await client.ask({ grant_type: "refresh_token", refresh_token })).status).toBe(200);
    // The issuer's address has the port in it: the signature is what is looked at here.
    const keys = createRemoteJWKSet(new URL(client.metadata.jwks_uri));
    await expect(jwtVerify(id_token, keys)).resolves.toMatchObject({ payload: { token_use: "id" } });
  });

  test.each(["keys.json", "grants.json"])("a state that is not its own is not used: %s", async (name) => {
    const stateDir = await mkdtemp(join(tmpdir(), "tandem-oidc-"));
    try {
      await mkdir(join(stateDir, "oidc"));
      await writeFile(join(stateDir, "oidc", name), '{"version":1,"data":["x"]}');
      const place = { url: "http://127.0.0.1:1", accountId: "000000000000", region: "us-east-1" };
      await expect(createOidc({ ...place, stateDir, now: Date.now })).rejects.toThrow(
        new RegExp(`oidc/${name} does not hold .*: move it away, or use another --state`),
      );
    } finally {
      await rm(stateDir, { recursive: true, force: true });
    }
  });
});
