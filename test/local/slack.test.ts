import { createHmac } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { createSlack, type SlackService } from "../../local/slack/service.ts";

/** What the app is asked by Slack. */
interface Asked {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

let slack: SlackService;
let server: Server;
let url: string;
let asked: Asked[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? "";
    const route = Object.entries(slack.routes ?? {}).find(([prefix]) => path.startsWith(prefix))?.[1];
    if (route !== undefined) return void route(request, response);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      asked.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(200).end("");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  url = `http://127.0.0.1:${port}`;
  slack = await createSlack({ url, now: () => 1_795_000_000_000 });
});
afterEach(() => {
  asked = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const secret = () => JSON.parse(slack.secret());

async function ask(method: string, path: string, content?: unknown, token?: string) {
  const response = await fetch(url + path, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(content === undefined ? {} : { body: JSON.stringify(content) }),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
}

const call = (method: string, content: unknown, token = secret().botToken) =>
  ask("POST", `/slack/api/${method}`, content, token);

const button = (value: string, action_id = "go") => ({
  type: "actions",
  elements: [{ type: "button", action_id, text: { type: "plain_text", text: "Go" }, value }],
});

const messages = async () => (await ask("GET", "/_local/slack/messages")).body.messages;

describe("the Web API", () => {
  test("posts, replies and updates", async () => {
    const { body: head } = await call("chat.postMessage", { channel: "C1", text: "one" });
    expect(head).toEqual({ ok: true, channel: "C1", ts: expect.stringMatching(/^1795000000\.\d{6}$/) });
    const { body: reply } = await call("chat.postMessage", {
      channel: "C1",
      text: "two",
      thread_ts: head.ts,
    });
    await call("chat.update", { channel: "C1", ts: reply.ts, text: "three" });
    expect((await messages()).slice(-2)).toMatchObject([
      { ts: head.ts, lines: ["one"], edits: 0 },
      { ts: reply.ts, threadTs: head.ts, lines: ["three"], edits: 1 },
    ]);
  });

  test.each([
    ["chat.postMessage", { channel: "#releases", text: "x" }, "channel_not_found"],
    ["chat.postMessage", { channel: "C1" }, "no_text"],
    ["chat.postMessage", { channel: "C1", text: "x", thread_ts: "1.0" }, "thread_not_found"],
    ["chat.postMessage", { channel: "C1", text: "x", blocks: [button("x".repeat(2_001))] }, "invalid_blocks"],
    ["chat.postMessage", { channel: "C1", text: "x", blocks: [button("a"), button("b")] }, "invalid_blocks"],
    ["chat.update", { channel: "C1", ts: "1.0", text: "x" }, "message_not_found"],
    ["chat.delete", { channel: "C1", text: "x" }, "unknown_method"],
  ])("%s of %j is refused: %s", async (method, content, error) => {
    expect(await call(method, content)).toEqual({ status: 200, body: { ok: false, error } });
  });

  test("takes a message that comes with the same id once, and not any more when somebody has deleted it", async () => {
    const say = (text: string, client_msg_id: string, channel = "C1") =>
      call("chat.postMessage", { channel, text, client_msg_id });
    const id = "00000000-0000-8000-8000-00000000000a";
    const { ts } = (await say("once", id)).body;
    const before = (await messages()).length;
    expect((await say("again", id)).body).toMatchObject({ ok: true, ts });
    expect(await messages()).toHaveLength(before);
    expect((await say("elsewhere", id, "C2")).body.ts).not.toBe(ts);
    expect((await say("other", id.replace("a", "b"))).body.ts).not.toBe(ts);
    expect(await ask("POST", "/_local/slack/delete", { ts })).toEqual({ status: 200, body: { deleted: ts } });
    expect((await messages()).map((one: { ts: string }) => one.ts)).not.toContain(ts);
    expect((await say("once", id)).body).toEqual({ ok: false, error: "duplicate_message_not_found" });
    expect((await call("chat.postMessage", { channel: "C1", text: "x", thread_ts: ts })).body.error).toBe(
      "thread_not_found",
    );
    expect((await ask("POST", "/_local/slack/delete", { ts })).body.message).toMatch(/^there is no message/);
    expect((await ask("POST", "/_local/slack/delete", {})).status).toBe(400);
  });

  test("fails by one method only when it is told to", async () => {
    await ask("POST", "/_local/slack/faults", { mode: "fail", method: "chat.update" });
    const { status, body } = await call("chat.postMessage", { channel: "C1", text: "one" });
    expect(status).toBe(200);
    const update = () => call("chat.update", { channel: "C1", ts: body.ts, text: "two" });
    expect((await update()).status).toBe(500);
    expect((await update()).status).toBe(200);
  });

  test("wants the bot's token", async () => {
    expect(await call("chat.postMessage", { channel: "C1", text: "x" }, "xoxb-other")).toEqual({
      status: 200,
      body: { ok: false, error: "invalid_auth" },
    });
  });

  test("fails when it is told to", async () => {
    const before = (await messages()).length;
    for (const mode of ["fail", "throttle", "lose"]) await ask("POST", "/_local/slack/faults", { mode });
    const say = () => call("chat.postMessage", { channel: "C1", text: "lost" });
    expect((await say()).status).toBe(500);
    expect((await say()).status).toBe(429);
    await expect(say()).rejects.toThrow();
    expect(await messages()).toHaveLength(before + 1);
    expect((await say()).status).toBe(200);
  });
});

describe("incoming webhooks", () => {
  test("answer with a word", async () => {
    const { releases } = secret().webhooks;
    const path = new URL(releases).pathname;
    expect(await ask("POST", path, { text: "hello" })).toEqual({ status: 200, body: "ok" });
    expect((await messages()).at(-1)).toMatchObject({ channel: "webhook releases", lines: ["hello"] });
    expect(await ask("POST", path, {})).toEqual({ status: 400, body: "invalid_blocks" });
    expect(await ask("POST", `${path}/x`, { text: "x" })).toEqual({ status: 404, body: "no_service" });
  });
});

describe("a press of a button", () => {
  const posted = async () =>
    (await call("chat.postMessage", { channel: "C1", text: "x", blocks: [button("v")] })).body.ts;

  test("is a signed form for the app, which can answer the person", async () => {
    const ts = await posted();
    expect(await ask("POST", "/_local/slack/press", { ts, user: "alice" })).toEqual({
      status: 200,
      body: { status: 200, body: "" },
    });
    const [one] = asked;
    if (one === undefined) throw new Error("the app was not asked");
    const timestamp = one.headers["x-slack-request-timestamp"];
    expect(timestamp).toBe("1795000000");
    const [key] = secret().signingSecrets;
    const hmac = createHmac("sha256", key)
      .update(`v0:${String(timestamp)}:${one.body}`)
      .digest("hex");
    expect(one.headers["x-slack-signature"]).toBe(`v0=${hmac}`);
    const payload = JSON.parse(new URLSearchParams(one.body).get("payload") ?? "");
    expect(payload).toMatchObject({
      type: "block_actions",
      user: { id: "U0000ALICE", team_id: "T0000LOCAL" },
      channel: { id: "C1" },
      actions: [{ action_id: "go", value: "v" }],
    });
    const answer = { response_type: "ephemeral", text: "thanks" };
    const path = new URL(payload.response_url).pathname;
    for (let uses = 0; uses < 5; uses += 1) expect((await ask("POST", path, answer)).status).toBe(200);
    expect(await ask("POST", path, answer)).toEqual({ status: 404, body: "used_url" });
    expect((await messages()).at(-1)).toMatchObject({ onlyFor: "U0000ALICE", lines: ["thanks"] });
  });

  test("can be a forged one, an old one, and the last one again", async () => {
    const ts = await posted();
    await ask("POST", "/_local/slack/press", { ts, user: "bob", secret: "other", ageSeconds: 400 });
    await ask("POST", "/_local/slack/replay");
    expect(asked).toHaveLength(2);
    expect(asked[0]).toEqual({ ...asked[1], headers: expect.anything() });
    expect(asked[0]?.headers["x-slack-request-timestamp"]).toBe("1794999600");
    expect(asked[0]?.headers["x-slack-signature"]).toBe(asked[1]?.headers["x-slack-signature"]);
  });

  test("needs a message with that button, and somebody of the workspace", async () => {
    const ts = await posted();
    const press = async (order: unknown) => (await ask("POST", "/_local/slack/press", order)).body.message;
    expect(await press({ ts: "1.0", user: "alice" })).toMatch(/^there is no message 1.0/);
    expect(await press({ ts, user: "alice", action: "stop" })).toBe(`message ${ts} has no such button`);
    expect(await press({ ts, user: "zoe" })).toMatch(/^user: /);
  });
});
