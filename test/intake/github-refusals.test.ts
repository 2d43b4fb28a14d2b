import { describe, expect, test } from "@jest/globals";
import { memoryStore } from "../../shared/store/memory-store.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import { ping, push } from "./payloads.ts";
import { atGitHub, hmac, outcomes, SECRET, waiting, webhook } from "./webhook-setting.ts";

describe("a signature", () => {
  const body = JSON.stringify(push());

  test("holds for a body that the gateway sends in base64, and for a form", async () => {
    const { send } = webhook();
    expect((await send(push(), { base64: true })).status).toBe(202);
    const form = `payload=${encodeURIComponent(body)}`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect(await send(form, { base64: true, headers })).toEqual({
      status: 202,
      body: { accepted: ["hello-1"] },
    });
  });

  test.each([
    ["is wrong", { secret: "guessed" }],
    ["is missing", { headers: { "x-hub-signature-256": "" } }],
    [
      "is SHA-1 only",
      { headers: { "x-hub-signature-256": "", "x-hub-signature": hmac("sha1", SECRET, body) } },
    ],
    ["is SHA-1 in the place of SHA-256", { headers: { "x-hub-signature-256": hmac("sha1", SECRET, body) } }],
    ["is another body's", { headers: { "x-hub-signature-256": hmac("sha256", SECRET, `${body} `) } }],
  ])("that %s is refused: nothing recorded but a counted refusal", async (_what, sent) => {
    const { send, store, opened, lines } = webhook();
    const { status, body: answer } = await send(push(), sent);
    expect(status).toBe(401);
    expect(answer).toMatchObject({ error: { code: "bad-signature" } });
    expect(opened).toEqual([]);
    expect(await outcomes(store, "b")).toEqual([]);
    expect(await waiting(store)).toEqual([]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      WebhookRefused: 1,
      service: "tandem",
      _aws: {
        CloudWatchMetrics: [
          {
            Namespace: "Tandem",
            Dimensions: [["service"]],
            Metrics: [{ Name: "WebhookRefused", Unit: "Count" }],
          },
        ],
      },
    });
  });

  test("is refused, and not an error, when no secret has been set", async () => {
    const { send } = webhook({ secret: async () => ({}) });
    expect((await send(push())).status).toBe(401);
  });

  test("is not looked at before it is one: the secret is not read for it", async () => {
    const { send } = webhook({ secret: () => Promise.reject(new Error("not to be read")) });
    expect((await send(push(), { headers: { "x-hub-signature-256": "sha1=00" } })).status).toBe(401);
  });

  test("by either secret holds during a rotation; one that was rotated in holds at once", async () => {
    let now = 0;
    let reads = 0;
    let webhookSecrets = ["old"];
    const secret = async () => {
      reads += 1;
      return { webhookSecrets };
    };
    const { send } = webhook({ secret, now: () => now });
    const status = async (by: string) => (await send(ping(), { event: "ping", secret: by })).status;
    expect([await status("old"), reads]).toEqual([202, 1]);

    webhookSecrets = ["old", "new"];
    expect([await status("new"), reads]).toEqual([401, 1]);
    now = 30_000;
    expect([await status("new"), reads]).toEqual([202, 2]);
    expect([await status("old"), reads]).toEqual([202, 2]);

    webhookSecrets = ["new"];
    expect([await status("guess"), await status("guess"), reads]).toEqual([401, 401, 2]);
    now = 30_000 + 5 * 60_000;
    expect([await status("old"), await status("new"), reads]).toEqual([401, 202, 3]);
  });
});

describe("what GitHub would not send is refused with a reason", () => {
  test.each([
    ["no JSON", "{", {}, "the body is no JSON"],
    ["nothing", "", {}, "the body is no JSON"],
    [
      "another event's body",
      ping(),
      {},
      /^the header X-GitHub-Event says push, but the body is that of a ping/,
    ],
    ["no event", push(), { headers: { "x-github-event": "" } }, "the header X-GitHub-Event is missing"],
    ["no delivery", push(), { id: "" }, "the header X-GitHub-Delivery is missing or no id"],
    ["a strange delivery", push(), { id: "a b" }, "the header X-GitHub-Delivery is missing or no id"],
    ["a bad name", push({ ref: "refs/heads/a b" }), {}, /is no name that git allows/],
  ])("%s", async (_what, payload, sent, message) => {
    const { send, store } = webhook();
    const { status, body } = await send(payload, sent);
    expect(status).toBe(400);
    expect(body).toEqual({
      error: {
        code: "bad-delivery",
        message: typeof message === "string" ? message : expect.stringMatching(message),
      },
    });
    expect(await outcomes(store, "b")).toEqual([]);
  });

  test("an enormous body, before anything else is done with it: nothing recorded but a counted refusal", async () => {
    const { send, opened, store, lines } = webhook({
      secret: () => Promise.reject(new Error("not to be read")),
    });
    const enormous = pushOf(5 * MIB + 1);
    for (const base64 of [false, true]) {
      const { status, body } = await send(enormous, { base64 });
      expect(status).toBe(400);
      expect(body).toEqual({
        error: {
          code: "too-large",
          message: expect.stringMatching(
            /^the body is larger than 5 MiB: the sweep finds the branch's head .* `tandem start/,
          ),
        },
      });
    }
    expect(lines).toEqual([
      expect.objectContaining({ WebhookRefused: 1 }),
      expect.objectContaining({ WebhookRefused: 1 }),
    ]);
    expect(opened).toEqual([]);
    expect(await outcomes(store, "b")).toEqual([]);
    expect(await waiting(store)).toEqual([]);
  });

  test("a body of just 5 MiB is none such, as text and in base64", async () => {
    const { send } = webhook();
    const large = pushOf(5 * MIB);
    const answer = { status: 202, body: { accepted: ["hello-1"] } };
    expect(await send(large)).toEqual(answer);
    expect(await send(large, { base64: true })).toEqual(answer);
  });
});

const MIB = 1024 * 1024;

/** A push whose body has so many bytes. */
function pushOf(bytes: number): string {
  const message = (text: string) =>
    JSON.stringify(push({ head_commit: { ...push().head_commit, message: text } }));
  return message("x".repeat(bytes - Buffer.byteLength(message(""))));
}

describe("an error of ours", () => {
  test("is 500 without its details, which are in the log", async () => {
    const { send, lines } = webhook({
      secret: () => Promise.reject(new Error("AccessDenied on arn:secret")),
    });
    const { status, body } = await send(push());
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain("arn:secret");
    expect(lines).toContainEqual(expect.objectContaining({ level: "ERROR", delivery: "delivery-1" }));
  });

  test("in one pipeline does not keep another's run from being opened", async () => {
    const store = memoryStore();
    const broken: Store = {
      ...store,
      intake: {
        ...store.intake,
        draw: (pipeline) =>
          pipeline === "broken" ? Promise.reject(new Error("the power went")) : store.intake.draw(pipeline),
      },
    };
    const both = webhook({ store: broken, pipelines: [atGitHub({}, "broken"), atGitHub()] });
    expect((await both.send(push())).status).toBe(500);
    expect(both.opened).toEqual(["hello hello-1"]);
    // Redelivered when the cause is mended, it is the same run, and the other one's first.
    const mended = webhook({ store, pipelines: [atGitHub({}, "broken"), atGitHub()] });
    expect(await mended.send(push())).toEqual({
      status: 202,
      body: { accepted: ["broken-1", "hello-1"] },
    });
  });
});
