import { describe, expect, test } from "@jest/globals";
import { APPROVAL, definition, INDEX, PRODUCTION, STAGING } from "../pipeline/given.ts";
import { APPROVAL_PATH, type As, arn, ISSUER, person, Setting } from "./setting.ts";

const APPROVE = { decision: "approve", release: INDEX };
const bob = person("bob", "[release-managers]");
const HOLD = "/console/api/pipelines/hello/stages/production/release-hold";
const START = "/console/api/pipelines/hello/runs";

const refused = (status: number, code: string) => ({ status, body: { error: { code } } });

describe("who asks", () => {
  test("a token's person, with its names, groups and what they open", async () => {
    const setting = await Setting.atTheGate();
    expect(await setting.get("/console/api/me", bob)).toMatchObject({
      status: 200,
      body: {
        person: "bob",
        identity: `${ISSUER}#sub-of-bob`,
        aliases: ["bob@example.com"],
        groups: ["release-managers"],
        by: "jwt",
        may: {
          read: true,
          operate: ["hello"],
          decide: [
            { pipeline: "hello", stage: "staging" },
            { pipeline: "hello", stage: "production" },
          ],
        },
      },
    });
  });

  test("a signature's person, at the other address of the same API", async () => {
    const setting = await Setting.atTheGate();
    expect(await setting.get("/api/me", arn("carol", "developers"))).toMatchObject({
      status: 200,
      body: {
        person: "carol",
        by: "iam",
        groups: ["developers"],
        may: { operate: ["hello"], decide: [{ stage: "staging" }] },
      },
    });
  });

  test.each<[string, As]>([
    ["nobody", undefined],
    ["a token without a subject", person("bob", "", { sub: "" })],
    ["the other token", person("bob", "", { token_use: "access" })],
    ["a name with marks that cannot be seen", person("bob\u202e", "[release-managers]")],
  ])("%s is nobody", async (_who, as) => {
    const setting = await Setting.atTheGate();
    const before = await setting.stored();
    for (const answer of [
      await setting.get("/console/api/me", as),
      await setting.get("/console/api/runs", as),
      await setting.post(APPROVAL_PATH, as, APPROVE),
      await setting.post(START, as, {}),
      await setting.post(HOLD, as, { reason: "x" }),
    ])
      expect(answer).toMatchObject(refused(403, "not-a-person"));
    expect(await setting.stored()).toEqual(before);
  });

  test("where to sign in is told to everybody", async () => {
    const setting = await Setting.atTheGate();
    expect(await setting.get("/console/sign-in.json", undefined)).toMatchObject({
      status: 200,
      body: { issuer: ISSUER, clientId: "client", token: "id_token" },
    });
  });
});

describe("who may", () => {
  const readers = ["auditors", "release-managers"];

  test.each<[string, As, number]>([
    ["everybody who signs", arn("mallory", "nobody"), 200],
    ["a reader with a token", person("eve", "[auditors]"), 200],
    ["nobody else with a token", person("mallory"), 403],
  ])("read, where there are readers: %s", async (_who, as, status) => {
    const setting = await Setting.atTheGate({ readers });
    for (const path of ["/me", "/runs", "/runs/hello-1", "/pipelines", "/inbox", "/audit"]) {
      const prefix = typeof as === "string" ? "/api" : "/console/api";
      expect([path, (await setting.get(prefix + path, as)).status]).toEqual([path, status]);
    }
  });

  test("reading is no permission to decide, nor is deciding one to do without reading", async () => {
    const setting = await Setting.atTheGate({ readers: ["auditors"] });
    const before = await setting.stored();
    expect(await setting.post(APPROVAL_PATH, person("eve", "[auditors]"), APPROVE)).toMatchObject(
      refused(403, "not-a-member"),
    );
    expect(await setting.post(APPROVAL_PATH, bob, APPROVE)).toMatchObject(refused(403, "not-a-reader"));
    expect(await setting.stored()).toEqual(before);
  });

  test.each<[string, As, string]>([
    ["somebody in no group", person("mallory"), "not-an-operator"],
    ["somebody of another group", person("carol", "[developers]"), "not-an-operator"],
  ])("not start a run by token: %s", async (_who, as, code) => {
    const setting = await Setting.atTheGate();
    expect(await setting.post(START, as, {})).toMatchObject(refused(403, code));
  });

  test("start one where operators are named", async () => {
    const setting = await Setting.atTheGate({ operators: ["developers"] });
    expect(await setting.post(START, bob, {})).toMatchObject(refused(403, "not-an-operator"));
    const answer = await setting.get("/console/api/me", person("carol", "[developers]"));
    expect(answer.body).toMatchObject({ may: { operate: ["hello"] } });
  });

  /** Somebody in no group and somebody of another one, each with a token and with a signature. */
  const refusedToStrangers = async (setting: Setting, address: string) => {
    for (const [path, as] of [
      [address, person("mallory")],
      [address, person("carol", "[developers]")],
      [address.replace("/console", ""), arn("carol", "developers")],
      [address.replace("/console", ""), "arn:aws:iam::000000000000:user/mallory"],
    ] as const)
      expect(await setting.post(path, as, { reason: "it is fine" })).toMatchObject(
        refused(403, "not-a-member"),
      );
  };

  test("not hold a stage without being in its groups, whoever signs; and not twice", async () => {
    const setting = await Setting.atTheGate();
    const before = await setting.stored();
    const address = HOLD.replace("release-hold", "hold");
    await refusedToStrangers(setting, address);
    expect(await setting.stored()).toEqual(before);
    expect(await setting.post(address, bob, { reason: "audit" })).toMatchObject({
      status: 200,
      body: { message: "bob holds production of hello" },
    });
    const held = await setting.stored();
    for (const [path, as] of [
      [address, bob],
      [address.replace("/console", ""), arn("alice")],
    ] as const)
      expect(await setting.post(path, as, { reason: "again" })).toMatchObject({
        status: 409,
        body: { error: { code: "held", message: "stage production of hello is held already" } },
      });
    expect(await setting.stored()).toEqual(held);
    await refusedToStrangers(setting, address);
    expect(await setting.get("/console/api/audit", bob)).toMatchObject({
      body: { entries: [{ act: "hold", person: "bob", stage: "production", comment: "audit" }] },
    });
  });

  test("not release a hold without being in the stage's groups, whoever signs", async () => {
    const setting = await Setting.atTheGate();
    await setting.lock({ type: "stage.held", runId: "hello-1", reason: "ECS rolled its deployment back" });
    const before = await setting.stored();
    await refusedToStrangers(setting, HOLD);
    expect(await setting.stored()).toEqual(before);
    expect(await setting.post(HOLD, bob, { reason: "mended" })).toMatchObject({ status: 200 });
    expect(await setting.post(HOLD, bob, { reason: "mended" })).toMatchObject(refused(409, "not-held"));
    expect(await setting.get("/console/api/audit", bob)).toMatchObject({
      body: {
        entries: [
          {
            act: "release-hold",
            person: "bob",
            identity: `${ISSUER}#sub-of-bob`,
            stage: "production",
            run: "hello-1",
            comment: "mended",
            from: "jwt 192.0.2.7",
          },
        ],
      },
    });
  });
});

describe("a decision", () => {
  test("is on record with who it was, by which identity, from where, and about what", async () => {
    const setting = await Setting.atTheGate();
    expect(await setting.post(APPROVAL_PATH, bob, { ...APPROVE, comment: "seen" })).toMatchObject({
      status: 200,
      body: { message: "bob approved production of hello-1" },
    });
    expect(await setting.get("/console/api/audit?from=2026-11-21&to=2026-11-22", bob)).toEqual(
      expect.objectContaining({
        body: {
          entries: [
            {
              at: "2026-11-21T09:00:01.000Z",
              act: "approve",
              pipeline: "hello",
              run: "hello-1",
              commit: "1".repeat(40),
              stage: "production",
              person: "bob",
              identity: `${ISSUER}#sub-of-bob`,
              release: INDEX,
              comment: "seen",
              from: "jwt 192.0.2.7",
            },
          ],
        },
      }),
    );
    for (const span of ["?from=2026-11-22", "?to=2026-11-21", "?from=2026-11-21T09:00:02"]) {
      expect((await setting.get(`/console/api/audit${span}`, bob)).body).toEqual({ entries: [] });
    }
    expect(await setting.get("/console/api/audit?from=yesterday", bob)).toMatchObject(
      refused(400, "bad-time"),
    );
  });

  test("sent again, as often as somebody likes, is one", async () => {
    const pipeline = definition({
      stages: [STAGING, { ...PRODUCTION, approval: { ...APPROVAL, required: 2 } }],
    });
    const setting = await Setting.atTheGate({ pipeline });
    await setting.post(APPROVAL_PATH, bob, APPROVE);
    const once = await setting.stored();
    const again = await Promise.all(
      Array.from({ length: 20 }, () => setting.post(APPROVAL_PATH, bob, APPROVE)),
    );
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await setting.stored()).toEqual(once);
  });

  test("twenty clicks at once are one", async () => {
    const pipeline = definition({
      stages: [STAGING, { ...PRODUCTION, approval: { ...APPROVAL, required: 2 } }],
    });
    const setting = await Setting.atTheGate({ pipeline });
    await Promise.all(Array.from({ length: 20 }, () => setting.post(APPROVAL_PATH, bob, APPROVE)));
    const { events } = await setting.store.streams.load("run#hello-1");
    expect(JSON.stringify(events).match(/"approval.given"/g)).toHaveLength(1);
  });

  test("is not made by GET, HEAD or OPTIONS, a hundred times", async () => {
    const setting = await Setting.atTheGate();
    const before = await setting.stored();
    const path = `${APPROVAL_PATH}?${new URLSearchParams(APPROVE)}`;
    for (const method of ["GET", "HEAD", "OPTIONS"])
      for (let n = 0; n < 100; n += 1) expect((await setting.ask(method, path, bob)).status).toBe(404);
    expect(await setting.stored()).toEqual(before);
  });

  test("about another release is told what has changed", async () => {
    const setting = await Setting.atTheGate();
    expect(await setting.post(APPROVAL_PATH, bob, { ...APPROVE, release: "sha256:other" })).toMatchObject({
      status: 409,
      body: { error: { code: "other-release" }, changed: [expect.stringContaining(INDEX)] },
    });
  });
});

test("an answer that is known already is not sent again", async () => {
  const setting = await Setting.atTheGate();
  const first = await setting.get("/console/api/runs/hello-1", bob);
  const etag = first.headers.get("etag") ?? "";
  expect(await setting.get("/console/api/runs/hello-1", bob, { "if-none-match": etag })).toMatchObject({
    status: 304,
    body: undefined,
  });
});

test.each(["/console/api/moon", "/api/moon", "/console/api/"])(
  "%s is no address, and no page",
  async (path) => {
    const setting = await Setting.atTheGate();
    expect(await setting.get(path, bob)).toMatchObject(refused(404, "not-found"));
  },
);
