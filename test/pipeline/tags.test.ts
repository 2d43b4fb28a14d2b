import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { PLACEHOLDERS, tagsFor } from "../../shared/pipeline/tags.ts";
import { COMMIT } from "./given.ts";

const revision = (ref: string, commit = COMMIT) => ({ repository: "hello", ref, commit });
const main = "refs/heads/main";

describe("the tags of an index", () => {
  test.each([
    [["{branch}"], main, ["main"]],
    [["{branch}", "{shortSha}", "{sha}"], main, ["main", "1111111", COMMIT]],
    [["{branch}"], "refs/heads/feature/login", ["feature-login"]],
    [["{branch}-{shortSha}"], main, ["main-1111111"]],
    [["release"], main, ["release"]],
    [["{branch}", "main"], main, ["main"]],
    [["{semver}"], "refs/tags/v1.2.3", ["1.2.3"]],
    [["{semver}"], "refs/tags/1.2.3-rc.1", ["1.2.3-rc.1"]],
    [["{semver}", "{tag}"], "refs/tags/2026-11", ["2026-11"]],
    [["v{semver}", "{tag}"], "refs/tags/v1.2.3+build.5", [COMMIT]],
    // A placeholder without a value gives no tag; without any tag there is the commit's own.
    [["{semver}", "{branch}"], main, ["main"]],
    [["{branch}"], "refs/tags/v1.2.3", [COMMIT]],
    [[], main, [COMMIT]],
  ] satisfies readonly (readonly [readonly string[], string, readonly string[]])[])(
    "%j of %s are %j",
    (templates, ref, expected) => {
      expect(tagsFor(templates, revision(ref)).tags).toEqual(expected);
    },
  );

  test("a name that is no valid tag is left out, and that is said", () => {
    expect(tagsFor(["{branch}", "{shortSha}"], revision("refs/heads/größe"))).toMatchObject({
      tags: ["1111111"],
      skipped: [{ tag: "größe", why: '"{branch}" does not make a valid tag of refs/heads/größe' }],
    });
  });

  test.each(["cache-linux-amd64", "tandem.live.hello"])("%s is Tandem's own, and not given", (branch) => {
    expect(tagsFor(["{branch}"], revision(`refs/heads/${branch}`))).toMatchObject({
      tags: [COMMIT],
      skipped: [{ tag: branch, why: "tags of that beginning are Tandem's own" }],
    });
  });

  test("know what they were made of, unless any commit gets them by intention, or none else can", () => {
    const ref = "refs/heads/feature/login";
    const commit = COMMIT;
    const templates = ["{branch}", "{shortSha}", "{branch}-{shortSha}", "{branch}-{sha}", "{sha}", "latest"];
    expect([...tagsFor(templates, revision(ref)).origins]).toEqual([
      ["feature-login", { ref }],
      ["1111111", { commit }],
      ["feature-login-1111111", { ref, commit }],
    ]);
    expect([...tagsFor(["{semver}", "{tag}"], revision("refs/tags/v1.0.0")).origins]).toEqual([
      ["1.0.0", { ref: "refs/tags/v1.0.0" }],
      ["v1.0.0", { ref: "refs/tags/v1.0.0" }],
    ]);
    // The same tag by two templates is one; written out, it is meant for any commit.
    expect([...tagsFor(["{branch}", "main", "{branch}"], revision(main)).origins]).toEqual([]);
  });

  test("whatever refs and templates are, every tag is valid for OCI and ECR, and there is one", () => {
    const templates = fc.array(
      fc.oneof(
        fc.string(),
        fc.constantFrom(...PLACEHOLDERS.map((name) => `{${name}}`)),
        fc.constantFrom("{constructor}", "{__proto__}", "{branch}{tag}", "-{sha}", ".", "{semver}_{sha}"),
      ),
      { maxLength: 6 },
    );
    const refs = fc
      .tuple(fc.constantFrom("refs/heads/", "refs/tags/", "refs/notes/"), fc.string())
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(templates, refs, (some, ref) => {
        const { tags } = tagsFor(some, revision(ref));
        expect(tags.length).toBeGreaterThan(0);
        expect(new Set(tags).size).toBe(tags.length);
        // https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
        for (const tag of tags) expect(tag).toMatch(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/);
      }),
    );
  });
});
