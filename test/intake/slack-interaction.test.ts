import { describe, expect, test } from "@jest/globals";
import { endpoint, PRESS, payload, request, SECRET } from "./slack-setting.ts";

const status = async (answer: ReturnType<ReturnType<typeof endpoint>["handler"]>) =>
  (await answer).statusCode;

describe("a press that Slack has signed", () => {
  test("is answered at once, and judged elsewhere", async () => {
    const { handler, pressed } = endpoint();
    const sent = request(payload());
    expect(await handler(sent)).toEqual({ statusCode: 200, body: "" });
    expect(pressed).toEqual([
      {
        id: sent.headers["x-slack-signature"],
        press: PRESS,
        user: "U0000ALICE",
        team: "T0000LOCAL",
        channel: "C0123456789",
        responseUrl: "https://hooks.slack.com/actions/T0000LOCAL/1/x",
      },
    ]);
  });

  test("is judged once, however often the same request comes", async () => {
    const { handler, pressed } = endpoint();
    for (let times = 0; times < 3; times += 1) expect(await status(handler(request(payload())))).toBe(200);
    expect(pressed).toHaveLength(1);
    expect(await status(handler(request(payload(), { ageSeconds: 1 })))).toBe(200);
    expect(pressed).toHaveLength(2);
  });

  test("counts for the workspace that the person is of, not for the one of the channel", async () => {
    const { handler, pressed } = endpoint();
    await handler(request(payload({ user: { id: "U0000ALICE", team_id: "T0FOREIGN" } })));
    expect(pressed[0]?.team).toBe("T0FOREIGN");
  });

  test("and that cannot be handed on is not taken for done", async () => {
    const { handler, lines } = endpoint(undefined, async () => {
      throw new Error("throttled");
    });
    expect(await status(handler(request(payload())))).toBe(500);
    expect(lines.at(-1)).toMatchObject({ level: "ERROR", error: "Error: throttled" });
  });

  test("by the other of two secrets, while they are changed", async () => {
    const { handler } = endpoint(async () => ({ signingSecrets: ["new", SECRET] }));
    expect(await status(handler(request(payload())))).toBe(200);
  });

  test("by a secret that has just been put there", async () => {
    let signingSecrets = ["old"];
    const { handler, wait } = endpoint(async () => ({ signingSecrets }));
    expect(await status(handler(request(payload())))).toBe(401);
    signingSecrets = [SECRET];
    wait(31_000);
    expect(await status(handler(request(payload())))).toBe(200);
  });
});

describe("anything else is refused with 401, and counted", () => {
  test.each([
    ["signed by somebody else", request(payload(), { secret: "guessed" }), /fits none/],
    ["of six minutes ago", request(payload(), { ageSeconds: 360 }), /more than five minutes off/],
    ["of six minutes ahead", request(payload(), { ageSeconds: -360 }), /more than five minutes off/],
    [
      "with another time than was signed",
      request(payload(), {
        headers: { "x-slack-request-timestamp": String(Math.floor(Date.UTC(2026, 10, 21, 9) / 1000) - 1) },
      }),
      /fits none/,
    ],
    ["without a time", request(payload(), { headers: { "x-slack-request-timestamp": "" } }), /no time/],
    [
      "with a time in words",
      request(payload(), { headers: { "x-slack-request-timestamp": "NaN" } }),
      /no time/,
    ],
    [
      "without a signature",
      request(payload(), { headers: { "x-slack-signature": "" } }),
      /missing or malformed/,
    ],
    ["with a short one", request(payload(), { headers: { "x-slack-signature": "v0=00" } }), /malformed/],
    [
      "with one of another version",
      request(payload(), { headers: { "x-slack-signature": `v1=${"0".repeat(64)}` } }),
      /malformed/,
    ],
  ])("%s", async (_what, sent, why) => {
    const { handler, lines, pressed } = endpoint();
    const answer = await handler(sent);
    expect(answer.statusCode).toBe(401);
    expect(JSON.parse(answer.body ?? "")).toEqual({
      error: { code: "bad-signature", message: expect.stringMatching(why) },
    });
    expect(lines).toEqual([expect.objectContaining({ SlackRefused: 1 })]);
    expect(pressed).toEqual([]);
  });

  test("a body that was changed on its way", async () => {
    const { handler } = endpoint();
    const sent = request(payload());
    const body = Buffer.from(payload({ user: { id: "U0MALLORY" } })).toString("base64");
    expect(await status(handler({ ...sent, body }))).toBe(401);
  });

  test("everything, as long as there is no secret, or an empty one", async () => {
    for (const signingSecrets of [undefined, [], [""]]) {
      const { handler } = endpoint(async () => (signingSecrets === undefined ? {} : { signingSecrets }));
      expect(await status(handler(request(payload(), { secret: "" })))).toBe(401);
      expect(await status(handler(request(payload())))).toBe(401);
    }
  });
});

describe("what is signed and is no press", () => {
  test.each([
    ["a link", payload({ actions: [{ action_id: "tandem-open" }] })],
    ["a dialog", payload({ type: "view_submission" })],
  ])("%s is taken, and nothing comes of it", async (_what, body) => {
    const { handler, pressed } = endpoint();
    expect(await handler(request(body))).toEqual({ statusCode: 200, body: "" });
    expect(pressed).toEqual([]);
  });

  test.each([
    ["no form", "{}", /no form/],
    ["no JSON", "payload=%7B", /no form/],
    ["no UTF-8", Buffer.from([0xff, 0xfe]).toString("latin1"), /no form/],
    [
      "a button of another app",
      payload({ actions: [{ action_id: "tandem-approve", value: "yes" }] }),
      /value/,
    ],
    [
      "more than the button has",
      payload({ actions: [{ action_id: "tandem-approve", value: JSON.stringify({ ...PRESS, by: "bob" }) }] }),
      /Unrecognized/,
    ],
    ["nobody", payload({ user: {} }), /user/],
    ["a person with a name instead of an id", payload({ user: { id: "alice/../bob" } }), /user.id/],
    ["an address that is none", payload({ response_url: "javascript:alert(1)" }), /response_url/],
  ])("%s is refused with a reason", async (_what, body, why) => {
    const { handler, pressed } = endpoint();
    const answer = await handler(request(body));
    expect(answer.statusCode).toBe(400);
    expect(answer.body).toMatch(why);
    expect(pressed).toEqual([]);
  });

  test("too much", async () => {
    const { handler } = endpoint();
    expect(await status(handler(request(`payload=${"x".repeat(1024 * 1024)}`)))).toBe(400);
  });
});
