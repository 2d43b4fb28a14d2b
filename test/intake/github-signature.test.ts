import { createHmac } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { isSignedBy, signatureOf } from "../../shared/intake/github-signature.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const sign = (secret: string, body: string) =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

async function accepts(secrets: readonly string[], body: string, header: string | undefined) {
  const signature = signatureOf(header);
  return signature !== undefined && (await isSignedBy(secrets, bytes(body), signature));
}

describe("GitHub's signature", () => {
  test("is that of GitHub's own example", async () => {
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
    const header = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    expect(await accepts(["It's a Secret to Everybody"], "Hello, World!", header)).toBe(true);
    expect(await accepts(["It's a Secret to Everybody"], "Hello, World?", header)).toBe(false);
  });

  test("may be by either of two secrets, and by no third", async () => {
    const secrets = ["old", "new", "third"];
    expect(await accepts(secrets, "{}", sign("old", "{}"))).toBe(true);
    expect(await accepts(secrets, "{}", sign("new", "{}"))).toBe(true);
    expect(await accepts(secrets, "{}", sign("third", "{}"))).toBe(false);
  });

  test("covers every byte, whatever they are", async () => {
    const body = '{"emoji":"🚀","nul":"\u0000","crlf":"\r\n"}';
    expect(await accepts(["s"], body, sign("s", body))).toBe(true);
    expect(await accepts(["s"], body.replace("\r\n", "\n"), sign("s", body))).toBe(false);
  });

  test("by an empty secret, or with no secret at all, is none", async () => {
    expect(await accepts([""], "{}", sign("", "{}"))).toBe(false);
    expect(await accepts([], "{}", sign("s", "{}"))).toBe(false);
  });

  test.each([
    ["none", undefined],
    ["an empty one", ""],
    ["SHA-1", `sha1=${createHmac("sha1", "s").update("{}").digest("hex")}`],
    ["without its prefix", sign("s", "{}").slice("sha256=".length)],
    ["too short", sign("s", "{}").slice(0, -1)],
    ["too long", `${sign("s", "{}")}0`],
    ["no hexadecimal", `sha256=${"g".repeat(64)}`],
    ["with spaces", `sha256= ${"0".repeat(64)}`],
    ["of something else", `sha256=${"0".repeat(64)}`],
  ])("%s is refused", async (_what, header) => {
    expect(await accepts(["s"], "{}", header)).toBe(false);
  });
});
