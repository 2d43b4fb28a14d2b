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
