import { describe, expect, test } from "@jest/globals";
import { parseGitHubSecret } from "../../shared/effects/github-api.ts";
import { T0 } from "../pipeline/given.ts";
import type { Answer } from "./github-server.ts";
import { APP, appServer, bearers, failure, given, MINUTE, privateKey, REPOSITORY } from "./github-setting.ts";

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
