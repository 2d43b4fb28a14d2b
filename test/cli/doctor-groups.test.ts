import { tmpdir } from "node:os";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type FakeApi, startFakeApi, tandem } from "./support.ts";

let api: FakeApi | undefined;
afterEach(() => api?.close());

/** The check of one group, as the doctor tells it. */
async function group(change: object) {
  const known = {
    name: "release-managers",
    pipeline: "hello",
    required: 2,
    listed: [],
    members: [],
    role: false,
  };
  api = await startFakeApi(({ url }) => ({
    body: url === "/api/groups" ? { groups: [{ ...known, ...change }] } : { runs: [] },
  }));
  // Where there are no definitions, none of their hosts is looked at.
  const { out } = await tandem(["doctor", "--json"], { url: api.url, cwd: tmpdir() });
  const { checks } = JSON.parse(out);
  return checks.find(({ name }: { name: string }) => name === "group");
}

describe("a group that decides", () => {
  test.each<[string, object, string, RegExp]>([
    ["nobody is in", {}, "missing", /^nobody is known to be in release-managers, and a stage asks for 2$/],
    [
      "too few are in",
      { members: ["alice"], listed: ["alice"] },
      "missing",
      /^only alice in release-managers, and/,
    ],
    ["enough are in", { members: ["alice"], listed: ["bob"] }, "ok", /^bob, alice in release-managers$/],
    ["a role stands for", { role: true }, "ok", /^release-managers is a role of IAM/],
    ["another issuer knows", { members: undefined }, "unknown", /^nobody is known/],
    ["IAM may not be asked about", { role: undefined }, "unknown", /^nobody is known/],
  ])("%s", async (_what, change, status, says) => {
    const check = await group(change);
    expect(check).toMatchObject({ status, pipeline: "hello", says: expect.stringMatching(says) });
    if (status !== "ok") expect(check.remedy).toContain("release-managers");
  });
});
