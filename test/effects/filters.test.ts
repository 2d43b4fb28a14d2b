import { describe, expect, test } from "@jest/globals";
import { asksToSkip, commitFilter, pathFilter, touches } from "../../shared/intake/filters.ts";
import type { ChangedFiles } from "../../shared/intake/source.ts";
import { definition } from "../pipeline/given.ts";

function filtered(change: {
  readonly paths?: readonly string[];
  readonly ignoreAuthors?: readonly string[];
}) {
  const plain = definition();
  return definition({ source: { ...plain.source, ...change } });
}

describe("whether changed files touch the globs of a pipeline or an image", () => {
  test.each<readonly [string, readonly string[], ChangedFiles, boolean]>([
    ["no globs: any change", [], ["docs/a.md"], true],
    ["no globs, and no file", [], [], true],
    ["a file by its name", ["Dockerfile"], ["Dockerfile"], true],
    ["that name further down is another file", ["Dockerfile"], ["api/Dockerfile"], false],
    ["* is within one folder", ["src/*"], ["src/a/b.ts"], false],
    ["** is any depth", ["src/**"], ["src/a/b.ts"], true],
    ["** begins at nothing", ["**/package.json"], ["package.json"], true],
    ["a folder is no glob for what is in it", ["src"], ["src/a.ts"], false],
    ["alternatives", ["{api,web}/**"], ["web/a"], true],
    ["one of many files is enough", ["src/**"], ["docs/a.md", "src/a.ts"], true],
    ["none of many", ["src/**"], ["docs/a.md", "README.md"], false],
    ["dotfiles are files", ["**"], [".github/workflows/ci.yml"], true],
    ["… also below *", ["*"], [".dockerignore"], true],
    ["capitals matter", ["src/**"], ["SRC/a.ts"], false],
    ["excluded", ["**", "!docs/**"], ["docs/a.md"], false],
    ["excluded, whatever the order: ! wins", ["!docs/**", "**"], ["docs/a.md"], false],
    ["… also over a glob that names the very file", ["docs/a.md", "!docs/**"], ["docs/a.md"], false],
    ["excluded dotfiles", ["**", "!**/.*"], ["src/.env"], false],
    ["beside what is excluded", ["**", "!docs/**"], ["docs/a.md", "src/a.ts"], true],
    ["only exclusions: everything else", ["!docs/**"], ["src/a.ts"], true],
    ["only exclusions, and only such files", ["!docs/**", "!*.md"], ["docs/a", "README.md"], false],
    ["no file has changed", ["**"], [], false],
    ["nobody knows what has changed", ["src/**"], "unknown", true],
    ["… what is excluded neither", ["!**"], "unknown", true],
    ["brackets in a file's name", ["app/**"], ["app/[id]/page.tsx"], true],
    ["spaces, quotes and emoji in a file's name", ["docs/**"], ['docs/it\'s a 🚀 "plan".md'], true],
  ])("%s", (_what, globs, files, expected) => {
    expect(touches(globs, files)).toBe(expected);
  });

  test("the reason names the globs", () => {
    const pipeline = filtered({ paths: ["**", "!docs/**"] });
    expect(pathFilter(pipeline, ["docs/a.md"])).toBe("no changed file matches the paths **, !docs/**");
    expect(pathFilter(pipeline, ["app.js"])).toBeUndefined();
  });
});

describe("whether a commit message asks to skip it", () => {
  test.each([
    ["fix [skip ci]", true],
    ["[ci skip] fix", true],
    ["fix\n\nlong text\n\n[skip ci]\n", true],
    ["[Skip CI]", true],
    ["[CI SKIP]", true],
    ["fix[skip ci]it", true],
    ["", false],
    ["skip ci", false],
    ["(skip ci)", false],
    ["[skipci]", false],
    ["[skip  ci]", false],
    ["[skip cia]", false],
    ["[no ci]", false],
    ["[skip\nci]", false],
    ["explain [skip `ci`]", false],
  ])("%j: %p", (message, expected) => {
    expect(asksToSkip(message)).toBe(expected);
    const reason = commitFilter(definition(), message, {});
    expect(reason).toBe(expected ? "the commit message asks to skip it" : undefined);
  });
});

describe("whose commits are ignored", () => {
  test.each<readonly [string, string, string | undefined, boolean]>([
    ["an e-mail address", "bot@example.com", "Bot <bot@example.com>", true],
    ["in other capitals", "Bot@Example.com", "bot <bot@example.COM>", true],
    ["without a name", "bot@example.com", "bot@example.com", true],
    ["the whole identity", "Bot <bot@example.com>", "Bot <bot@example.com>", true],
    ["a login", "renovate[bot]", "renovate[bot]", true],
    ["an address that ends the same", "bot@example.com", "Eve <robot@example.com>", false],
    ["an address that begins the same", "bot@example.com", "Eve <bot@example.com.evil.org>", false],
    ["an address with an addition", "bot@example.com", "Eve <bot+x@example.com>", false],
    ["another person of that domain", "example.com", "Eve <eve@example.com>", false],
    ["a login that only resembles it", "renovate[bot]", "renovate-bot", false],
    ["a login as if it were a pattern", "renovate[bot]", "renovateb", false],
    ["a glob is no glob here", "*@example.com", "Eve <eve@example.com>", false],
    ["who calls himself by the address", "bot@example.com", "bot@example.com <eve@evil.org>", false],
    ["nobody knows the author", "bot@example.com", undefined, false],
  ])("%s", (_what, ignored, author, expected) => {
    const people = { committer: ignored, pusher: ignored, ...(author === undefined ? {} : { author }) };
    const reason = commitFilter(filtered({ ignoreAuthors: ["x@y.z", ignored] }), "fix", people);
    expect(reason).toBe(expected ? `commits of ${ignored} are ignored` : undefined);
  });

  test.each(["renovate[bot]", "bot@example.com", "BOT@example.com"])(
    "%s, of an author who is known by login and address",
    (ignored) => {
      const people = { author: "renovate[bot]" };
      const authors = ["renovate[bot]", "bot@example.com"];
      const reason = commitFilter(filtered({ ignoreAuthors: [ignored] }), "fix", people, authors);
      expect(reason).toBe(`commits of ${ignored} are ignored`);
    },
  );
});
