import { createVerify } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { T0 } from "../pipeline/given.ts";
import type { Answer } from "./github-server.ts";
import { APP, appServer, bearers, failure, given, keys, MINUTE, REPOSITORY } from "./github-setting.ts";

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
