import { createVerify, generateKeyPairSync } from "node:crypto";
import { afterEach, describe, expect, test } from "@jest/globals";
import {
  type GitHubApi,
  type GitHubApiOptions,
  type GitHubSecret,
  githubApi,
  parseGitHubSecret,
} from "../../shared/effects/github-api.ts";
import { GitHubError } from "../../shared/effects/github-error.ts";
import { T0 } from "../pipeline/given.ts";
import { type Answer, type GitHubServer, githubServer, type Handler } from "./github-server.ts";

const REPOSITORY = "acme/web";
const MINUTE = 60_000;
const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const privateKey = keys.privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const APP: GitHubSecret = { appId: 7, privateKey };

let server: GitHubServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** The API against a server that answers so; `clock.now` is its time. */
async function given(
  handler: Handler,
  secret: GitHubSecret | (() => Promise<GitHubSecret>) = {},
  options: Partial<GitHubApiOptions> = {},
) {
  server = await githubServer(handler);
  const clock = { now: T0 };
  const api = githubApi({
    url: server.url,
    now: () => clock.now,
    secret: typeof secret === "function" ? secret : async () => secret,
    ...options,
  });
  return { api, clock, server };
}

const failure = async (api: GitHubApi, method: "GET" | "POST" = "GET"): Promise<GitHubError> => {
  const error = await api.request(REPOSITORY, method, "/x").then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof GitHubError) return error;
  throw new Error(`expected a GitHubError, not ${String(error)}`);
};

/** An App's endpoints, with tokens that are numbered and valid for an hour. */
function appServer(now: () => number, other: Handler = () => ({})): Handler {
  let tokens = 0;
  return (seen) => {
    if (seen.path.endsWith("/installation")) return { json: { id: seen.path.includes("acme") ? 11 : 22 } };
    if (!seen.path.endsWith("/access_tokens")) return other(seen);
    tokens += 1;
    const expires = new Date(now() + 60 * MINUTE).toISOString();
    return { status: 201, json: { token: `ghs_${tokens}`, expires_at: expires } };
  };
}

const bearers = (of: GitHubServer) =>
  of.seen.filter(({ path }) => path === "/x").map(({ headers }) => headers.authorization);

describe("a request", () => {
  test("carries GitHub's headers, and the token", async () => {
    const { api, server } = await given(() => ({ status: 201, json: { id: 1 } }), { token: "ghp_abc" });
    expect(await api.request(REPOSITORY, "POST", "/x?y=1", { a: "ü" })).toEqual({
      status: 201,
      data: { id: 1 },
    });
    expect(server.seen).toMatchObject([
      {
        method: "POST",
        path: "/x?y=1",
        body: '{"a":"ü"}',
        headers: {
          accept: "application/vnd.github+json",
          "x-github-api-version": "2022-11-28",
          "user-agent": "tandem",
          authorization: "Bearer ghp_abc",
          "content-type": "application/json",
        },
      },
    ]);
    expect(await api.identity()).toBe("token");
  });

  test("of nobody has no authorization", async () => {
    const { api, server } = await given(() => ({}));
    await api.request(REPOSITORY, "GET", "/x");
    expect(server.seen[0]?.headers.authorization).toBeUndefined();
    expect(await api.identity()).toBe("anonymous");
  });

  test("tells the next page's path, below the API's own address, wherever it points", async () => {
    const link =
      '<https://elsewhere.example/api/x?page=1>; rel="prev", <https://elsewhere.example/x?page=3>; rel="next"';
    const { api } = await given(() => ({ headers: { link }, json: [] }));
    expect((await api.request(REPOSITORY, "GET", "/x")).next).toBe("/x?page=3");
  });

  test("the last page has no next", async () => {
    const { api } = await given(() => ({ headers: { link: '<https://a.example/x>; rel="first"' } }));
    expect(await api.request(REPOSITORY, "GET", "/x")).not.toHaveProperty("next");
  });
});

describe("an App", () => {
  test("shows a token signed with its key, ten minutes long at most, and uses its installation's", async () => {
    const { api, server } = await given(
      appServer(() => T0),
      APP,
    );
    await api.request(REPOSITORY, "GET", "/x");
    expect(server.asked()).toEqual([
      "GET /repos/acme/web/installation",
      "POST /app/installations/11/access_tokens",
      "GET /x",
    ]);
    const jwt = (server.seen[0]?.headers.authorization ?? "").replace("Bearer ", "");
    const [header = "", claims = "", signature = ""] = jwt.split(".");
    const signed = createVerify("RSA-SHA256").update(`${header}.${claims}`);
    expect(signed.verify(keys.publicKey, signature, "base64url")).toBe(true);
    const decoded = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
    expect(decoded(header)).toEqual({ alg: "RS256", typ: "JWT" });
    expect(decoded(claims)).toEqual({ iat: T0 / 1000 - 60, exp: T0 / 1000 + 540, iss: "7" });
    expect(bearers(server)).toEqual(["Bearer ghs_1"]);
    expect(await api.identity()).toBe("app");
  });

  test("asks for one token however many want it at once, until five minutes before it expires", async () => {
    const clock = { now: T0 };
    const { api, server } = await given(
      appServer(() => clock.now),
      APP,
      { now: () => clock.now },
    );
    const ask = () => api.request(REPOSITORY, "GET", "/x");
    await Promise.all([ask(), ask(), ask()]);
    clock.now += 55 * MINUTE;
    await ask();
    clock.now += 1;
    await Promise.all([ask(), ask(), ask()]);
    expect(server.asked().filter((one) => one.startsWith("POST"))).toHaveLength(2);
    expect(bearers(server)).toEqual([
      ...Array.from({ length: 4 }, () => "Bearer ghs_1"),
      ...Array.from({ length: 3 }, () => "Bearer ghs_2"),
    ]);
  });

  test("keeps apart the tokens of its installations", async () => {
    const { api, server } = await given(
      appServer(() => T0),
      APP,
    );
    await api.request(REPOSITORY, "GET", "/x");
    await api.request("other/lib", "GET", "/x");
    expect(bearers(server)).toEqual(["Bearer ghs_1", "Bearer ghs_2"]);
  });

  test("that is not installed says so, and is no missing branch", async () => {
    const { api } = await given(() => ({ status: 404, json: { message: "Not Found" } }), APP);
    const error = await failure(api);
    expect(error.status).toBe(403);
    expect(error.message).toContain("install the GitHub App 7 on acme/web");
  });

  test("with a key that is none says which field", async () => {
    const broken = "-----BEGIN RSA PRIVATE KEY-----\nverysecret\n-----END RSA PRIVATE KEY-----";
    const { api } = await given(() => ({}), { appId: 7, privateKey: broken });
    const error = await api.request(REPOSITORY, "GET", "/x").catch(String);
    expect(error).toContain("`privateKey` of the GitHub secret is no RSA private key");
    expect(error).not.toContain("verysecret");
  });
});

describe("the secret", () => {
  test("is read once in five minutes", async () => {
    let reads = 0;
    const { api, clock } = await given(
      () => ({}),
      async () => {
        reads += 1;
        return { token: `t${reads}` };
      },
    );
    await Promise.all([api.identity(), api.request(REPOSITORY, "GET", "/x"), api.identity()]);
    clock.now += 5 * MINUTE - 1;
    await api.identity();
    expect(reads).toBe(1);
    clock.now += 1;
    await api.identity();
    expect(reads).toBe(2);
  });

  test("is read again when GitHub refuses it, and the request made again with the new one", async () => {
    const tokens = ["old", "new"];
    const { api, server } = await given(
      ({ headers }) =>
        headers.authorization === "Bearer new" ? {} : { status: 401, json: { message: "Bad credentials" } },
      async () => ({ token: tokens.shift() ?? "new" }),
    );
    await api.request(REPOSITORY, "POST", "/x");
    expect(bearers(server)).toEqual(["Bearer old", "Bearer new"]);
  });

  test("that stays wrong is an error after the second look, with the remedy and without the token", async () => {
    const { api, server } = await given(() => ({ status: 401, json: { message: "Bad credentials" } }), {
      token: "ghp_verysecret",
    });
    const error = await failure(api);
    expect(error.status).toBe(401);
    expect(error.message).toBe(
      "GitHub answered 401 to GET /x for acme/web: Bad credentials; put a valid token, or the App's id and its private key, into the GitHub secret",
    );
    expect(server.seen).toHaveLength(2);
  });

  test("a revoked installation token is asked for anew", async () => {
    const { api, server } = await given(
      appServer(
        () => T0,
        ({ headers }): Answer =>
          headers.authorization === "Bearer ghs_1"
            ? { status: 401, json: { message: "Bad credentials" } }
            : {},
      ),
      APP,
    );
    await api.request(REPOSITORY, "GET", "/x");
    expect(bearers(server)).toEqual(["Bearer ghs_1", "Bearer ghs_2"]);
  });

  test("that cannot be read is tried again at the next request", async () => {
    const answers = [Promise.reject(new Error("throttled")), Promise.resolve({ token: "t" })];
    answers[0]?.catch(() => undefined);
    const { api } = await given(
      () => ({}),
      () => answers.shift() ?? Promise.resolve({}),
    );
    await expect(api.identity()).rejects.toThrow("throttled");
    expect(await api.identity()).toBe("token");
  });
});

describe("what goes wrong", () => {
  const ONCE: readonly (readonly [string, Answer | "hang-up"])[] = [
    ["an error of GitHub", { status: 502, text: "<html>" }],
    ["a connection that breaks", "hang-up"],
    ["an answer that is not JSON", { text: "<html>" }],
  ];

  test.each(ONCE)("%s is got over once when something is read", async (_what, first) => {
    const answers = [first];
    const { api } = await given(() => answers.shift() ?? { json: { ok: true } });
    expect((await api.request(REPOSITORY, "GET", "/x")).data).toEqual({ ok: true });
  });

  test("what writes is not done twice", async () => {
    const { api, server } = await given(() => ({ status: 502 }));
    expect(await failure(api, "POST")).toMatchObject({ status: 502, isFinal: false });
    expect(server.seen).toHaveLength(1);
  });

  test("silence is given up", async () => {
    const { api } = await given(() => "never", {}, { timeout: 50 });
    const error = await failure(api);
    expect(error).toMatchObject({ status: 0, isFinal: false });
    expect(error.message).toBe("GitHub gave no answer to GET /x for acme/web: nothing within 0.05 s");
  });

  test("a right that is missing is named", async () => {
    const headers = { "x-accepted-github-permissions": "statuses=write" };
    const { api } = await given(() => ({
      status: 403,
      headers,
      json: { message: "Resource not accessible" },
    }));
    const error = await failure(api);
    expect(error.isFinal).toBe(true);
    expect(error.message).toContain(
      "give the GitHub App or the token these rights on acme/web: statuses=write",
    );
  });

  test("what is not found may also be hidden", async () => {
    const { api } = await given(() => ({ status: 404, json: { message: "Not Found" } }));
    expect((await failure(api)).message).toBe(
      "GitHub answered 404 to GET /x for acme/web: Not Found; look whether acme/web has it, and whether the GitHub App or the token may see acme/web",
    );
  });

  test("a field that is refused is named", async () => {
    const json = {
      message: "Validation Failed",
      errors: [{ field: "sha", code: "missing" }, { message: "No commit" }],
    };
    const { api } = await given(() => ({ status: 422, json }));
    expect((await failure(api)).message).toContain("Validation Failed, sha is missing, No commit");
  });

  test("a repository that has moved is not written to elsewhere", async () => {
    const { api, server } = await given(() => ({ status: 301, headers: { location: "/y" } }));
    const error = await failure(api, "POST");
    expect(error.message).toContain("acme/web has been renamed or moved");
    expect(server.asked()).toEqual(["POST /x"]);
  });

  const LIMITS: readonly (readonly [string, Answer, number])[] = [
    ["for so many seconds", { status: 429, headers: { "retry-after": "30" } }, T0 + 30_000],
    [
      "until the window ends",
      {
        status: 403,
        headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(T0 / 1000 + 900) },
      },
      T0 + 900_000,
    ],
    [
      "without a word how long",
      { status: 403, json: { message: "You have exceeded a secondary rate limit" } },
      T0 + MINUTE,
    ],
  ];

  test.each(LIMITS)("a rate limit says until when: %s", async (_what, answer, until) => {
    const { api } = await given(() => answer);
    const error = await failure(api);
    expect(error).toMatchObject({ until, isFinal: false });
    expect(error.message).toContain(`GitHub answers again at ${new Date(until).toISOString()}`);
  });

  test("no secret is repeated, though GitHub repeats it", async () => {
    const token = `ghp_${"a".repeat(36)}`;
    const { api } = await given(() => ({ status: 400, json: { message: `bad ${token}` } }), { token });
    expect((await failure(api)).message).not.toContain(token);
  });
});

describe("the secret's text", () => {
  test("may hold everything, or nothing", () => {
    const all = { webhookSecrets: ["a", "b"], token: "ghp_1", appId: 7, privateKey };
    expect(parseGitHubSecret(JSON.stringify(all))).toEqual(all);
    expect(parseGitHubSecret("{}")).toEqual({});
  });

  test("a key whose lines were escaped twice is put right", () => {
    const text = JSON.stringify({ appId: 7, privateKey: privateKey.replaceAll("\n", "\\n") });
    expect(parseGitHubSecret(text).privateKey).toBe(privateKey);
  });

  test("a key without its App's id is of no use", () => {
    expect(() => parseGitHubSecret(JSON.stringify({ privateKey }))).toThrow("appId is missing");
  });

  const FAULTS: readonly (readonly [string, string])[] = [
    ["hunter2 {", "the GitHub secret is not JSON"],
    ['["hunter2"]', "it must be of type object"],
    ['{"webhookSecret": "hunter2"}', "it has no field webhookSecret"],
    ['{"webhookSecrets": "hunter2"}', "webhookSecrets must be of type array"],
    ['{"webhookSecrets": []}', "webhookSecrets must hold a secret"],
    ['{"webhookSecrets": ["hunter2", ""]}', "webhookSecrets.1 must not be empty"],
    ['{"token": "hunter2 "}', "token must be a token, without spaces"],
    ['{"appId": "hunter2"}', "appId must be of type number"],
    ['{"appId": 7}', "privateKey is missing"],
    ['{"appId": 7, "privateKey": "hunter2"}', "privateKey must be a private key in PEM"],
  ];

  test.each(FAULTS)("%s", (text, fault) => {
    const parse = () => parseGitHubSecret(text);
    expect(parse).toThrow(fault);
    expect(parse).not.toThrow("hunter2");
  });
});
