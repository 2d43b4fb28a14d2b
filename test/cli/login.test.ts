import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { decodeJwt } from "jose";
import { clientIdOf } from "../../local/oidc/clients.ts";
import { jwtApi } from "../local/jwt-api.ts";
import { stackOutput } from "../local/oidc-client.ts";
import { type PlatformEndpoint, startPlatform } from "../local/platform-endpoint.ts";
import { tandem } from "./support.ts";

/** The local issuer and gateway, with a function that says who asks. */
let platform: PlatformEndpoint;
let home: string;
let clientId = "";
/** What reached the function. */
let asked: { readonly path: string; readonly claims: Readonly<Record<string, string>> | undefined }[];

beforeAll(async () => {
  platform = await startPlatform({ invoke: async (_name, event) => answer(event) });
  await platform.deploy(
    jwtApi("http://localhost:8976/callback", ["openid", "email"], {
      "GET /console/sign-in.json": {},
      "GET /api/{proxy+}": { AuthorizationType: "AWS_IAM" },
      "GET /console/api/{proxy+}": { AuthorizationType: "JWT" },
    }),
  );
  clientId = await stackOutput(platform, "Client");
});
afterAll(() => platform.close());

beforeEach(async () => {
  asked = [];
  home = await mkdtemp(join(tmpdir(), "tandem-home-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

function answer(event: unknown) {
  const { rawPath, requestContext } = event as {
    rawPath: string;
    requestContext: { authorizer?: { jwt?: { claims: Readonly<Record<string, string>> } } };
  };
  if (rawPath === "/console/sign-in.json")
    return { issuer: `${platform.url}/oidc`, clientId, scope: "openid email", token: "id_token" };
  const claims = requestContext.authorizer?.jwt?.claims;
  asked.push({ path: rawPath, claims });
  const groups = (claims?.["cognito:groups"] ?? "").replace(/[[\]]/g, "");
  return {
    person: claims?.["cognito:username"] ?? "local",
    identity: `${claims?.iss}#${claims?.sub}`,
    aliases: [],
    groups: groups === "" ? [] : [groups],
    by: claims === undefined ? "iam" : "jwt",
    may: { read: true, operate: [], decide: [{ pipeline: "hello", stage: "production" }] },
  };
}

const run = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  tandem(args, { url: platform.url, environment: { HOME: home, ...environment } });

const file = () => join(home, ".config", "tandem", "logins.json");

/** The stored login, with a change. */
async function change(what: object): Promise<void> {
  const logins = JSON.parse(await readFile(file(), "utf8"));
  logins[platform.url] = { ...logins[platform.url], ...what };
  await writeFile(file(), JSON.stringify(logins));
}

describe("tandem login --as", () => {
  test("signs in without a browser; from then on the commands are that person's", async () => {
    expect(await run(["login", "--as", "alice"])).toEqual({
      code: 0,
      out: `signed in at ${platform.url} as alice (release-managers)\n`,
      err: "",
    });
    const shown = await run(["whoami"]);
    expect(shown).toMatchObject({ code: 0, err: "" });
    expect(shown.out).toContain("alice (release-managers)\n");
    expect(shown.out).toContain(`by          a token of ${platform.url}/oidc\n`);
    expect(shown.out).toContain("decides on  production of hello\n");
    expect(asked.map(({ path }) => path)).toEqual(["/console/api/me", "/console/api/me"]);
    await run(["login", "--as", "mallory"]);
    expect((await run(["whoami"])).out).toContain("mallory (in no group)");
  });

  test("keeps the tokens where nobody else reads them", async () => {
    await run(["login", "--as", "alice"]);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect((await stat(join(home, ".config", "tandem"))).mode & 0o777).toBe(0o700);
    const elsewhere = { XDG_CONFIG_HOME: join(home, "xdg") };
    await run(["login", "--as", "bob"], elsewhere);
    expect((await run(["whoami"], elsewhere)).out).toContain("bob (");
    expect((await run(["whoami"])).out).toContain("alice (");
  });

  test("AWS keys in the environment go before, and it says so", async () => {
    const keys = { AWS_ACCESS_KEY_ID: "bob", AWS_SECRET_ACCESS_KEY: "bob" };
    const signedIn = await run(["login", "--as", "alice"], keys);
    expect(signedIn.out).toContain("as alice");
    expect(signedIn.err).toBe(
      "AWS_ACCESS_KEY_ID is set, and goes before: unset it to be who has signed in.\n",
    );
    asked = [];
    // The AWS SDK looks into the environment of the process.
    Object.assign(process.env, keys);
    try {
      await run(["whoami"], keys);
    } finally {
      for (const name of Object.keys(keys)) delete process.env[name];
    }
    expect(asked).toEqual([{ path: "/api/me", claims: undefined }]);
  });

  test.each<[string, readonly string[], number, RegExp]>([
    ["somebody whom the issuer does not know", ["login", "--as", "eve"], 5, /knows nobody called "eve"/],
    [
      "somewhere else",
      ["login", "--as", "alice", "--url", "https://tandem.example"],
      2,
      /--as is for the local/,
    ],
    [
      "where nothing answers",
      ["login", "--as", "alice", "--url", "http://127.0.0.1:1"],
      3,
      /nothing answers/,
    ],
  ])("%s is told in a sentence", async (_what, args, code, err) => {
    expect(await run(args)).toMatchObject({ code, out: "", err: expect.stringMatching(err) });
    await expect(stat(file())).rejects.toThrow("ENOENT");
  });
});

describe("a login", () => {
  test("is renewed when it has run out, without asking anybody", async () => {
    await run(["login", "--as", "carol"]);
    const { bearer } = JSON.parse(await readFile(file(), "utf8"))[platform.url];
    await change({ expiresAt: 0, bearer: "old" });
    expect((await run(["whoami"])).out).toContain("carol (developers)");
    const renewed = JSON.parse(await readFile(file(), "utf8"))[platform.url];
    expect(decodeJwt(renewed.bearer).sub).toBe(decodeJwt(bearer).sub);
    expect(renewed.expiresAt).toBeGreaterThan(Date.now());
  });

  test("that can be renewed no more says what to do", async () => {
    await run(["login", "--as", "carol"]);
    await change({ expiresAt: 0, refreshToken: "revoked" });
    expect(await run(["whoami"])).toMatchObject({
      code: 5,
      err: expect.stringContaining("run `tandem login` again"),
    });
  });

  test("ends with logout, at the issuer too", async () => {
    await run(["login", "--as", "bob"]);
    const { refreshToken } = JSON.parse(await readFile(file(), "utf8"))[platform.url];
    expect(await run(["logout"])).toMatchObject({ code: 0, out: `signed out at ${platform.url}\n` });
    const body = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: clientId,
      refresh_token: refreshToken,
    });
    expect((await fetch(`${platform.url}/oidc/token`, { method: "POST", body })).status).toBe(400);
    expect((await run(["whoami"])).out).toContain("by          AWS credentials");
    expect(await run(["logout"])).toMatchObject({
      code: 0,
      out: `nobody was signed in at ${platform.url}\n`,
    });
  });

  test("whose file holds something else counts as none", async () => {
    await run(["login", "--as", "bob"]);
    await change({ bearer: 7 });
    expect((await run(["whoami", "--json"])).out).toContain('"by": "iam"');
  });
});

describe("tandem login", () => {
  /** A browser that goes where it is sent, and has nobody before it but the issuer's form. */
  async function browse(address: string, name: string, tamper: (answer: URL) => void): Promise<void> {
    const page = await (await fetch(address)).text();
    const form = new URLSearchParams(new URL(address).searchParams);
    const action = /action="([^"]+)"/.exec(page)?.[1] ?? "";
    form.set("username", name);
    form.set("password", name);
    const response = await fetch(new URL(action, address), {
      method: "POST",
      body: form,
      redirect: "manual",
    });
    const answer = new URL(response.headers.get("location") ?? "");
    tamper(answer);
    await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest(answer, resolve).on("error", reject).end();
    });
  }

  async function signIn(tamper: (answer: URL) => void = () => {}) {
    let browsing: Promise<void> | undefined;
    let seen = "";
    const result = await tandem(["login", "--no-browser"], {
      url: platform.url,
      environment: { HOME: home },
      onErr: (text) => {
        seen += text;
        const address = /http:\S+authorize\S+/.exec(seen)?.[0];
        if (address !== undefined) browsing ??= browse(address, "bob", tamper);
      },
    });
    await browsing;
    return result;
  }

  test("shows the address, waits for the browser, and is signed in", async () => {
    expect(await signIn()).toMatchObject({
      code: 0,
      out: `signed in at ${platform.url} as bob (release-managers)\n`,
    });
  });

  test.each<[string, (answer: URL) => void]>([
    ["another state", (answer) => answer.searchParams.set("state", "x")],
    ["another issuer", (answer) => answer.searchParams.set("iss", "https://evil.example")],
    ["a code of somebody else's", (answer) => answer.searchParams.set("code", "x")],
    ["a refusal", (answer) => answer.searchParams.set("error", "access_denied")],
  ])("an answer with %s signs nobody in", async (_what, tamper) => {
    expect(await signIn(tamper)).toMatchObject({ code: 5, out: "" });
    await expect(stat(file())).rejects.toThrow("ENOENT");
  });
});

test("a client's id is as Cognito's are", () => {
  expect(clientIdOf("x")).toMatch(/^[a-z0-9]{26}$/);
});
