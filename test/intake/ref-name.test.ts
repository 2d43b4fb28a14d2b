import { execFileSync } from "node:child_process";
import { describe, expect, test } from "@jest/globals";
import { refFault } from "../../shared/intake/ref-name.ts";

const NAMES = [
  "main",
  "feature/faster",
  "v1.2.0",
  "it's-mine",
  '"quoted"',
  "$(reboot)",
  "`reboot`",
  "a;b&c|d",
  "été",
  "日本語",
  "rocket-🚀",
  "@",
  "-dash",
  "a@b",
  "a.b",
  "a%20b",
  "c\u0085c",
  "two words",
  "line\nbreak",
  "tab\tbed",
  "del\u007f",
  "a..b",
  "a~1",
  "a^",
  "a:b",
  "a?",
  "a*",
  "a[b",
  "a\\b",
  "a@{b",
  ".hidden",
  "a/.b",
  "a.lock",
  "a.lock/b",
  "a.",
  "a//b",
  "/a",
  "a/",
  "",
];

/** What git itself says of a ref. */
function gitAllows(ref: string): boolean {
  try {
    execFileSync("git", ["check-ref-format", ref], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("the name of a ref", () => {
  test.each(NAMES)("%j is allowed if git allows it", (name) => {
    const ref = `refs/heads/${name}`;
    expect([name, refFault(ref) === undefined]).toEqual([name, gitAllows(ref)]);
  });

  test("may have 255 bytes, and not one more", () => {
    expect(refFault(`refs/heads/${"é".repeat(127)}a`)).toBeUndefined();
    expect(refFault(`refs/tags/${"é".repeat(128)}`)).toMatch(/is longer than 255 bytes$/);
  });

  test("is that of a branch or a tag, and text", () => {
    expect(refFault("refs/notes/commits")).toBe('"refs/notes/commits" is neither a branch nor a tag');
    expect(refFault("main")).toBe('"main" is neither a branch nor a tag');
    expect(refFault("refs/heads/\ud800")).toMatch(/is no text in UTF-8$/);
  });
});
