import { describe, expect, test } from "@jest/globals";
import { en } from "../../console/text/en.ts";
import { ja } from "../../console/text/ja.ts";
import { languageOf } from "../../console/text/language.ts";

describe("what the page says", () => {
  test("the languages say the same things", () => {
    expect(Object.keys(ja).sort()).toEqual(Object.keys(en).sort());
    const kinds = (text: object) => Object.entries(text).map(([key, value]) => `${key} ${typeof value}`);
    expect(kinds(ja).sort()).toEqual(kinds(en).sort());
  });

  test("nothing is left empty or in the other language", () => {
    const sentences = Object.entries(ja).filter(([, said]) => typeof said === "string");
    expect(sentences.filter(([, said]) => !/[\p{sc=Hira}\p{sc=Kana}\p{sc=Han}]/u.test(String(said)))).toEqual(
      [],
    );
    expect(Object.entries(en).filter(([, said]) => said === "")).toEqual([]);
  });

  test("every status of a run, a build and a stage has its word in both", () => {
    const statuses = [
      ...["building", "publishing", "staging", "succeeded", "failed", "stopped", "superseded"],
      ...[
        "pending",
        "requested",
        "running",
        "waiting",
        "gated",
        "deploying",
        "rolled-back",
        "refused",
        "expired",
      ],
      ...["unpublished", "published", "in-progress"],
    ];
    expect(statuses.filter((status) => ja.status(status) === status)).toEqual([]);
    // Some English words are the status itself.
    expect(en.status("gated")).toBe("waits for approval");
  });

  test("what the page does not know, it says as it was told", () => {
    expect([en.status("asleep"), ja.status("asleep"), en.act("juggle"), en.trigger("moon")]).toEqual([
      "asleep",
      "asleep",
      "juggle",
      "moon",
    ]);
  });

  test.each([
    [null, ["ja-JP", "en"], "ja"],
    [null, ["fr-FR", "de"], "en"],
    [null, ["en-GB", "ja"], "en"],
    ["ja", ["en-US"], "ja"],
    ["tlh", ["ja"], "ja"],
  ] as const)("chosen %s, wanted %s: %s", (chosen, wanted, language) => {
    expect(languageOf(chosen, wanted)).toBe(language);
  });
});
