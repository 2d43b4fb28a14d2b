import { describe, expect, test } from "@jest/globals";
import { redact } from "../../shared/pipeline/redact.ts";

// Nothing here is a real secret; each is put together so that no scanner takes it for one.
const KEY = ["AKIA", "QWERTYUIOPASDFGH"].join("");
const GITHUB = ["ghp", "0123456789abcdefghij0123"].join("_");
const JWT = ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxIn0", "c2lnbmF0dXJl"].join(".");
const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCY";

describe("what looks like a secret is taken out, what it was is kept", () => {
  test.each([
    ["an access key", `using ${KEY} now`, "using AKIAQWER… now"],
    ["a secret key in the environment", `AWS_SECRET_ACCESS_KEY=${SECRET}`, "AWS_SECRET_ACCESS_KEY=…"],
    ["a session token", `export AWS_SESSION_TOKEN="${SECRET}"`, 'export AWS_SESSION_TOKEN="…"'],
    ["a GitHub token", `cloning with ${GITHUB}`, "cloning with ghp_…"],
    ["a JSON web token", `got ${JWT}!`, "got eyJhbGciOiJ…!"],
    [
      "a password in an address",
      "git clone https://bob:hunter2secret@example.com/r.git",
      "git clone https://bob:…@example.com/r.git",
    ],
    [
      "a password in JSON",
      '{"password": "hunter2secret", "user": "bob"}',
      '{"password": "…", "user": "bob"}',
    ],
    [
      "a password as an option",
      "docker login --username AWS --password hunter2secret reg",
      "docker login --username AWS --password … reg",
    ],
    ["a bearer token", `Authorization: Bearer ${SECRET}`, "Authorization: Bearer …"],
    ["basic credentials", "authorization: Basic Ym9iOmh1bnRlcjI=", "authorization: Basic …"],
    ["an API key", "x-api-key: 0123456789abcdef", "x-api-key: …"],
  ])("%s", (_what, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  const KEY_BODY = "MIIEpAIBAAKCAQEA7";
  const begin = ["-----BEGIN RSA", "PRIVATE KEY-----"].join(" ");
  const end = ["-----END RSA", "PRIVATE KEY-----"].join(" ");

  test.each([
    ["whole", `before\n${begin}\n${KEY_BODY}\n${KEY_BODY}\n${end}\nafter`, `before\n${begin}…\nafter`],
    ["cut off behind", `before\n${begin}\n${KEY_BODY}`, `before\n${begin}…`],
    ["cut off before", `${KEY_BODY}\n${end}\nafter`, `…${end}\nafter`],
  ])("a private key, %s", (_what, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  test("all of several", () => {
    expect(redact(`${KEY} ${KEY} token=abcdefgh`)).toBe("AKIAQWER… AKIAQWER… token=…");
  });
});

test.each([
  "Step 3/9 : COPY --from=build /out/server /server",
  "sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
  "commit 1111111111111111111111111111111111111111",
  "the token is invalid",
  'ERROR: failed to solve: process "/bin/sh -c npm ci" did not complete: exit code: 1',
])("what is none stays: %s", (text) => {
  expect(redact(text)).toBe(text);
});
