import { describe, expect, test } from "@jest/globals";
import { runStream } from "../../shared/advance.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { APPROVAL, definition, INDEX, PRODUCTION, prepared, STAGING, T0 } from "../pipeline/given.ts";
import { APPROVAL_PATH, type As, arn, type Claims, ISSUER, person, Setting } from "./setting.ts";

const APPROVE = { decision: "approve", release: INDEX };
const GROUP = "[release-managers]";
const bob = person("bob", GROUP);
const twice = (change = {}) =>
  definition({ stages: [STAGING, { ...PRODUCTION, approval: { ...APPROVAL, required: 2 } }], ...change });

/** One person, by all the names that she has anywhere. */
const identities = {
  Alice: [
    "alice-gh",
    "a.smith@example.com",
    "arn:aws:iam::000000000000:user/asm",
    `${ISSUER}#sub-of-asmith`,
    "smith",
  ],
};

/** How one person can come, whatever she calls herself there. */
const WAYS: readonly (readonly [string, As, string])[] = [
  ["a session of a role", arn("smith"), APPROVAL_PATH.replace("/console", "")],
  ["a session under an address", arn("a.smith@example.com"), APPROVAL_PATH.replace("/console", "")],
  ["an IAM user", "arn:aws:iam::000000000000:user/asm", APPROVAL_PATH.replace("/console", "")],
  ["a token of her subject", person("asmith", GROUP), APPROVAL_PATH],
  ["a token of a verified address", token({ email: "A.Smith@Example.com" }), APPROVAL_PATH],
  [
    "a token of an address nobody verified",
    token({ email: "a.smith@example.com", email_verified: "false" }),
    APPROVAL_PATH,
  ],
  ["a token under her login at GitHub", token({ "cognito:username": "alice-gh" }), APPROVAL_PATH],
];

/** Somebody of another subject, with a change. */
function token(change: Claims): Claims {
  return person("somebody", GROUP, { sub: "another", ...change });
}

describe("the author does not approve under another name", () => {
  const authors: readonly (readonly [string, object])[] = [
    ["the commit's address", { author: "A. Smith <a.smith@example.com>" }],
    ["the login at GitHub", { committer: "alice-gh" }],
    ["the principal that pushed", { pusher: "arn:aws:iam::000000000000:user/asm" }],
    ["a session that pushed", { pusher: "arn:aws:sts::000000000000:assumed-role/developers/smith" }],
    ["the token that started the run", { starter: `${ISSUER}#sub-of-asmith` }],
  ];
  test.each(
    authors.flatMap(([name, people]) => WAYS.map(([way, as, path]) => ({ name, people, way, as, path }))),
  )("$name, then $way", async ({ people, as, path }) => {
    // Whoever signs as a user is in no role: the definition says who may.
    const groups = { "release-managers": ["Alice"] };
    const setting = await Setting.atTheGate({ pipeline: twice({ identities, groups }), people });
    const before = await setting.stored();
    expect(await setting.post(path, as, APPROVE)).toMatchObject({
      status: 403,
      body: { error: { code: "self-approval" } },
    });
    expect(await setting.stored()).toEqual(before);
  });

  test("and counts once, however she comes", async () => {
    const groups = { "release-managers": ["Alice"] };
    const setting = await Setting.atTheGate({ pipeline: twice({ identities, groups }) });
    for (const [, as, path] of WAYS)
      expect(await setting.post(path, as, APPROVE)).toMatchObject({ status: 200 });
    expect(await setting.get("/console/api/runs/hello-1", bob)).toMatchObject({
      body: { stages: [{}, { status: "gated", gate: { approvals: [{ person: "Alice" }] } }] },
    });
  });
});

test("nobody approves what has changed since the card was drawn: 409, with what changed", async () => {
  const setting = await Setting.atTheGate({ pipeline: twice() });
  await setting.post(APPROVAL_PATH, person("alice", GROUP), { ...APPROVE, round: 0 });
  const why = "service web has been changed";
  const { version } = await setting.store.streams.load(runStream("hello-1"));
  await setting.store.streams.append(runStream("hello-1"), version, [
    { type: "gate.voided", at: T0, stage: "production", why, deployments: [prepared("production", 2)] },
  ]);
  const before = await setting.stored();
  // Who does not say which round they have seen has seen the first.
  for (const decision of ["approve", "refuse"])
    for (const seen of [{ round: 0 }, {}])
      expect(await setting.post(APPROVAL_PATH, bob, { ...APPROVE, ...seen, decision })).toMatchObject({
        status: 409,
        body: { error: { code: "changed" }, changed: [why] },
      });
  expect(await setting.stored()).toEqual(before);
  // What was given before does not count any more.
  expect(await setting.get(`${APPROVAL_PATH.replace(/approval$/, "card")}`, bob)).toMatchObject({
    body: { approval: { given: [], voided: [why], you: { mayApprove: true } } },
  });
  expect(await setting.post(APPROVAL_PATH, bob, { ...APPROVE, round: 1 })).toMatchObject({ status: 200 });
});

test("nor what turns out to be another as its stage is to begin: 409, and it is asked anew", async () => {
  const why = "service web has been changed";
  const setting = await Setting.atTheGate({
    perform: async (_run, command) => {
      const at = T0;
      const events: RunEvent[] =
        command.type === "begin-stage"
          ? [{ type: "stage.deploying", at, stage: "production" }]
          : command.type === "deploy"
            ? [
                {
                  type: "gate.voided",
                  at,
                  stage: "production",
                  why,
                  deployments: [prepared("production", 2)],
                },
              ]
            : [];
      return { events, wake: [] };
    },
  });
  expect(await setting.post(APPROVAL_PATH, bob, { ...APPROVE, round: 0 })).toMatchObject({
    status: 409,
    body: { error: { code: "changed", message: expect.stringContaining(why) }, changed: [why] },
  });
  expect(await setting.get(`${APPROVAL_PATH.replace(/approval$/, "card")}`, bob)).toMatchObject({
    body: { approval: { given: [], voided: [why], you: { mayApprove: true } } },
  });
});

describe("two managers at once", () => {
  const decisions = async (setting: Setting) => {
    const { events } = await setting.store.streams.load(runStream("hello-1"));
    return (JSON.stringify(events).match(/"type":"approval\.\w+"/g) ?? []).map((one) => one.slice(17, -1));
  };

  test("both count, each once", async () => {
    const setting = await Setting.atTheGate({ pipeline: twice() });
    const people = ["alice", "bob"].map((name) => person(name, GROUP));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => setting.post(APPROVAL_PATH, people[n % 2], APPROVE)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await decisions(setting)).toEqual(["given", "given"]);
    const { body } = await setting.get("/console/api/runs/hello-1", bob);
    expect(JSON.stringify(body)).toMatch(/"person":"alice".*"person":"bob"|"person":"bob".*"person":"alice"/);
  });

  test("who refuses ends it, and whoever comes after that is told so", async () => {
    const setting = await Setting.atTheGate({ pipeline: twice() });
    const refuse = { decision: "refuse", release: INDEX, comment: "no" };
    const [refused, approved] = await Promise.all([
      setting.post(APPROVAL_PATH, bob, refuse),
      setting.post(APPROVAL_PATH, person("alice", GROUP), APPROVE),
    ]);
    expect(refused).toMatchObject({ status: 200 });
    expect([200, 409]).toContain(approved?.status);
    expect(await setting.post(APPROVAL_PATH, person("alice", GROUP), APPROVE)).toMatchObject({
      status: 409,
      body: { error: { code: "not-waiting" } },
    });
    expect((await decisions(setting)).at(-1)).toBe("refused");
    expect(await setting.get("/console/api/runs/hello-1", bob)).toMatchObject({
      body: { stages: [{}, { status: "refused" }] },
    });
  });
});

describe("withdrawing", () => {
  const WITHDRAW = { decision: "withdraw", release: INDEX };
  const alice = person("alice", GROUP);
  const given = async (setting: Setting) => {
    const { body } = await setting.get(APPROVAL_PATH.replace(/approval$/, "card"), bob);
    return JSON.stringify(body).match(/"given":(\[.*?\])/)?.[1];
  };

  test.each<[string, As]>([
    ["another manager, who has not approved", bob],
    ["somebody in no group", person("mallory")],
  ])("somebody else's approval: %s has none to take back, and it still counts", async (_who, as) => {
    const setting = await Setting.atTheGate({ pipeline: twice() });
    expect(await setting.post(APPROVAL_PATH, alice, APPROVE)).toMatchObject({ status: 200 });
    const before = await setting.stored();
    expect(await setting.post(APPROVAL_PATH, as, WITHDRAW)).toMatchObject({
      status: 409,
      body: {
        error: {
          code: "not-given",
          message: "you have not approved stage production of hello-1: there is nothing to withdraw",
        },
      },
    });
    expect(await setting.stored()).toEqual(before);
    expect(await given(setting)).toMatch(/^\[\{"person":"alice"/);
  });

  test("what nobody has given", async () => {
    const setting = await Setting.atTheGate({ pipeline: twice() });
    const before = await setting.stored();
    expect(await setting.post(APPROVAL_PATH, bob, WITHDRAW)).toMatchObject({
      status: 409,
      body: { error: { code: "not-given" } },
    });
    expect(await setting.stored()).toEqual(before);
  });

  test("one's own: once, and what is taken back does not count", async () => {
    const setting = await Setting.atTheGate({ pipeline: twice() });
    await setting.post(APPROVAL_PATH, bob, APPROVE);
    expect(await setting.post(APPROVAL_PATH, bob, WITHDRAW)).toMatchObject({
      status: 200,
      body: { message: "bob withdrew the approval of production of hello-1" },
    });
    expect(await given(setting)).toBe("[]");
    expect(await setting.post(APPROVAL_PATH, bob, WITHDRAW)).toMatchObject({ status: 409 });
  });

  test("after the quorum, when the stage is on its way: told so, and nothing is stored", async () => {
    const setting = await Setting.atTheGate({ pipeline: twice() });
    for (const as of [alice, bob])
      expect(await setting.post(APPROVAL_PATH, as, APPROVE)).toMatchObject({ status: 200 });
    const { version } = await setting.store.streams.load(runStream("hello-1"));
    await setting.store.streams.append(runStream("hello-1"), version, [
      { type: "stage.deploying", at: T0, stage: "production" },
    ]);
    const before = await setting.stored();
    expect(await setting.post(APPROVAL_PATH, bob, WITHDRAW)).toMatchObject({
      status: 409,
      body: {
        error: {
          code: "not-waiting",
          message: "stage production of hello-1 does not wait for an approval: it is deploying",
        },
      },
    });
    expect(await setting.stored()).toEqual(before);
  });
});

describe("a body that is no decision", () => {
  test.each<[string, string]>([
    ["nothing", ""],
    ["no JSON", "{"],
    ["a list", "[]"],
    ["null", "null"],
    ["another decision", JSON.stringify({ ...APPROVE, decision: "aprove" })],
    ["no release", JSON.stringify({ decision: "approve" })],
    ["a release that is no text", JSON.stringify({ ...APPROVE, release: [INDEX] })],
    ["a round below nothing", JSON.stringify({ ...APPROVE, round: -1 })],
    ["more than a decision", JSON.stringify({ ...APPROVE, person: "alice" })],
    ["a book", JSON.stringify({ ...APPROVE, comment: "x".repeat(2001) })],
    ["a prototype", `{"__proto__": {"decision": "approve"}, "release": "${INDEX}"}`],
  ])("%s: 400 with the reason, and nothing is stored", async (_what, body) => {
    const setting = await Setting.atTheGate();
    const before = await setting.stored();
    const answer = await setting.ask("POST", APPROVAL_PATH, bob, { body });
    expect(answer).toMatchObject({ status: 400, body: { error: { message: expect.any(String) } } });
    expect(await setting.stored()).toEqual(before);
  });

  test.each(["PUT", "PATCH", "DELETE"])("%s decides nothing either", async (method) => {
    const setting = await Setting.atTheGate();
    const before = await setting.stored();
    const answer = await setting.ask(method, APPROVAL_PATH, bob, { body: JSON.stringify(APPROVE) });
    expect(answer.status).toBe(404);
    expect(await setting.stored()).toEqual(before);
  });
});

test("what people write is kept as it is, and answered as JSON that no browser takes for a page", async () => {
  const setting = await Setting.atTheGate();
  const comment = '<script>alert(1)</script> \u001b[31m\u202e "';
  const decided = await setting.post(APPROVAL_PATH, bob, { ...APPROVE, comment });
  expect(decided.status).toBe(200);
  expect(decided.headers.get("content-type")).toMatch(/^application\/json/);
  const { body } = await setting.get("/console/api/audit", bob);
  expect(body).toMatchObject({ entries: [{ comment }] });
  const { body: error, headers } = await setting.get("/console/api/runs/%3Cscript%3E", bob);
  expect(error).toMatchObject({ error: { code: "unknown-run" } });
  expect(headers.get("content-type")).toMatch(/^application\/json/);
});
