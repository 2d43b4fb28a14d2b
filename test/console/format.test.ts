import { describe, expect, test } from "@jest/globals";
import {
  architectureOf,
  inOrder,
  personName,
  plain,
  shortDigest,
  subject,
} from "../../console/format/names.ts";
import { bytes, dollars, growth } from "../../console/format/numbers.ts";
import { duration, relative } from "../../console/format/time.ts";

describe("numbers and times as people read them", () => {
  test.each([
    [0, "0 B"],
    [1023, "1,023 B"],
    [1024, "1.0 KiB"],
    [48_410_000, "46.2 MiB"],
    [150 * 1024 ** 3, "150 GiB"],
  ])("%d bytes are %s", (count, said) => {
    expect(bytes(count, "en")).toBe(said);
  });

  test.each([
    [0, "0 s"],
    [3.24, "3.2 s"],
    [59.4, "59 s"],
    [125, "2 m 05 s"],
    [7800, "2 h 10 m"],
    [280_000, "3 d 5 h"],
  ])("%d seconds are %s", (seconds, said) => {
    expect(duration(seconds)).toBe(said);
  });

  test("growth is said against what was before, and not without it", () => {
    expect(growth(117, 100, "en")).toBe("+17 %");
    expect(growth(99, 103, "en")).toBe("-3.9 %");
    expect(growth(100, 100, "en")).toBe("±0 %");
    expect(growth(100, undefined, "en")).toBeUndefined();
    expect(growth(100, 0, "en")).toBeUndefined();
  });

  test("an amount below a dollar has tenths of a cent", () => {
    expect(dollars(0.0117, "en")).toBe("$0.012");
    expect(dollars(3.5, "en")).toBe("$3.50");
  });

  test("a moment is so long ago, in the language of the page", () => {
    const now = Date.UTC(2026, 10, 21, 12);
    expect(relative(now - 26 * 60_000, now, "en-GB")).toBe("26 min ago");
    expect(relative(now + 6 * 24 * 3_600_000, now, "ja")).toBe("6 日後");
    expect(relative(now - 3000, now, "en")).toBe("now");
  });
});

describe("names", () => {
  test("a person's address and the path of a role are left out", () => {
    expect(personName("Carol Diaz <carol@example.com>")).toBe("Carol Diaz");
    expect(personName("arn:aws:sts::000000000000:assumed-role/release-managers/alice")).toBe("alice");
    expect(personName("<carol@example.com>")).toBe("<carol@example.com>");
  });

  test("a release of several images is its first digest and how many more", () => {
    const digest = `sha256:${"ab".repeat(32)}`;
    expect(shortDigest(digest)).toBe("sha256:abababababab");
    expect(shortDigest(`${digest},${digest},${digest}`)).toBe("sha256:abababababab +2");
  });

  test("x86 comes first, however it is spelled", () => {
    expect(inOrder(["arm64", "x86_64", "arm64"])).toEqual(["x86_64", "arm64"]);
    expect(["linux/amd64", "X86_64", "aarch64", "linux/arm/v7", "riscv64"].map(architectureOf)).toEqual([
      "amd64",
      "amd64",
      "arm64",
      "arm",
      "other",
    ]);
  });
});

describe("text that others have written", () => {
  test.each([
    ["escape codes", "\u001b[31mred\u0007", "␛[31mred␇"],
    ["what turns the line around", "safe\u202egnp.exe", "safe\ufffdgnp.exe"],
    ["what hides", "a\u200bb\u2066c\ufeff", "a\ufffdb\ufffdc\ufffd"],
    ["deleted characters", "a\u007fb\u0085c", "a\ufffdb\ufffdc"],
    ["HTML, which is text", "<script>alert(1)</script>", "<script>alert(1)</script>"],
    ["lines, tabs, emoji with joiners", "a\n\tb 👩‍👩‍👧", "a\n\tb 👩‍👩‍👧"],
    ["Japanese", "配送日を表示する", "配送日を表示する"],
  ])("%s", (_what, written, shown) => {
    expect(plain(written)).toBe(shown);
  });

  test("the first line of a message is its subject", () => {
    expect(subject("  Fix it\r\n\nBecause")).toBe("Fix it");
  });
});
