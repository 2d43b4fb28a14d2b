import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { slackApi } from "../../shared/effects/slack-api.ts";

const secret = async () => ({ botToken: "xoxb-test" });

describe("whoever has pressed a button is answered", () => {
  const asked = jest.spyOn(globalThis, "fetch");
  afterEach(() => void asked.mockReset());

  test.each([
    ["https://slack.com/api", "https://hooks.slack.com/actions/T0000LOCAL/1/x"],
    ["https://slack-gov.com/api/", "https://hooks.slack-gov.com/actions/T0000LOCAL/1/x"],
    ["http://127.0.0.1:4566/slack/api", "http://127.0.0.1:4566/slack/actions/x"],
  ])("by %s at %s", async (url, address) => {
    asked.mockResolvedValue(new Response("ok"));
    await slackApi({ url, secret }).respond(address, { text: "thanks" });
    expect(asked.mock.calls.map(([to]) => to)).toEqual([address]);
  });

  test.each([
    ["https://evil.example/", "https://evil.example"],
    ["http://hooks.slack.com/", "http://hooks.slack.com"],
    ["https://evilslack.com/", "https://evilslack.com"],
    ["https://slack.com.evil.example/", "https://slack.com.evil.example"],
    ["https://hooks.slack.com@evil.example/", "https://evil.example"],
    ["https://hooks.slack.com:8443/", "https://hooks.slack.com:8443"],
    ["https://hooks.slack-gov.com/", "https://hooks.slack-gov.com"],
  ])("and never at %s", async (address, origin) => {
    const answer = slackApi({ url: "https://slack.com/api", secret }).respond(address, { text: "thanks" });
    await expect(answer).rejects.toMatchObject({
      name: "SendError",
      kind: "final",
      code: "not-slack",
      message: `an answer is to go to ${origin}, which is not Slack's: https://slack.com`,
    });
    expect(asked).not.toHaveBeenCalled();
  });
});

describe("what Slack answers", () => {
  const asked = jest.spyOn(globalThis, "fetch");
  afterEach(() => void asked.mockReset());

  const webhooks = { releases: "https://hooks.slack.com/services/T/B/x" };
  const slack = slackApi({
    url: "https://slack.com/api",
    secret: async () => ({ botToken: "xoxb-test", webhooks }),
  });
  const acts = {
    post: () => slack.post({ channel: "C1" }, "id"),
    update: () => slack.update({ channel: "C1", ts: "1.0" }),
    webhook: () => slack.webhook("releases", {}),
  };
  const refused = (error: string) => () => Response.json({ ok: false, error });
  const status =
    (code: number, text = "") =>
    () =>
      new Response(text, { status: code });
  const broken = (error: Error) => () => {
    throw error;
  };
  const silence = Object.assign(new Error("aborted"), { name: "TimeoutError" });
  const reset = Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNRESET" } });
  const unreachable = Object.assign(new TypeError("fetch failed"), { cause: { code: "ENOTFOUND" } });

  test.each([
    ["503", status(503), "later", "later"],
    ["429", status(429), "later", "later"],
    // A message has an id by which Slack takes it once, and an update says the same again; a webhook has neither.
    ["500", status(500), "later", "lost"],
    ["504 of something before it", status(504, "<html>"), "later", "lost"],
    ["no answer in time", broken(silence), "later", "lost"],
    ["a broken connection", broken(reset), "later", "lost"],
    ["nobody there", broken(unreachable), "later", "later"],
    ["404", status(404, "channel_not_found"), "final", "final"],
    ["410", status(410, "channel_is_archived"), "final", "final"],
  ] as const)("%s: a bot's message is for %3$s", async (_what, answer, bot, hook) => {
    asked.mockImplementation(async () => answer());
    await expect(acts.post()).rejects.toMatchObject({ name: "SendError", kind: bot });
    await expect(acts.update()).rejects.toMatchObject({ name: "SendError", kind: bot });
    await expect(acts.webhook()).rejects.toMatchObject({ name: "SendError", kind: hook });
  });

  test.each([
    ["ratelimited", "later"],
    ["service_unavailable", "later"],
    ["internal_error", "later"],
    ["team_added_to_org", "later"],
    ["invalid_auth", "final"],
    ["token_revoked", "final"],
    ["channel_not_found", "final"],
    ["not_in_channel", "final"],
    ["msg_too_long", "final"],
  ])("200 and %s: %s", async (error, kind) => {
    asked.mockImplementation(async () => refused(error)());
    await expect(acts.post()).rejects.toMatchObject({ kind, code: error });
    await expect(acts.update()).rejects.toMatchObject({ kind, code: error });
  });

  test("a message that Slack knows by its id, and that is gone, is said anew", async () => {
    const bodies: unknown[] = [];
    asked.mockImplementation(async (_url, sent) => {
      const body: unknown = JSON.parse(String(sent?.body));
      bodies.push(body);
      return bodies.length === 1
        ? refused("duplicate_message_not_found")()
        : Response.json({ ok: true, ts: "2.0" });
    });
    expect(await acts.post()).toBe("2.0");
    expect(bodies).toEqual([{ channel: "C1", client_msg_id: "id" }, { channel: "C1" }]);
  });
});
