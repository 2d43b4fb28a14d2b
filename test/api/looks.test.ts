import { describe, expect, test } from "@jest/globals";
import { INDEX } from "../pipeline/given.ts";
import { arn, person, Setting } from "./setting.ts";

const CARD = "/console/api/runs/hello-1/stages/production/card";
const APPROVAL = "/console/api/runs/hello-1/stages/production/approval";
const managers = (name: string) => person(name, "release-managers");

/** Nothing outside answers in this setting: what a card says then is what the record knows. */
describe("the card of an approval", () => {
  test("shows what there is, and says what could not be had", async () => {
    const setting = await Setting.atTheGate();
    const { status, body } = await setting.get(CARD, managers("alice"));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      run: "hello-1",
      stage: "production",
      release: INDEX,
      commits: [],
      images: [],
      // Whom the issuer's group has, besides whom the definition lists.
      approval: { open: true, from: ["release-managers"], may: ["alice", "bob"], given: [] },
    });
    expect(body).toMatchObject({
      missing: [
        expect.stringMatching(/^the commits could not be had: /),
        expect.stringMatching(/^sizes and scans could not be had: /),
      ],
    });
  });

  test("names the groups that cannot be asked for now", async () => {
    const members = async (group: string) => {
      throw new Error(`who is in ${group} cannot be asked: the user pool answered 503`);
    };
    const { status, body } = await (await Setting.atTheGate({ members })).get(CARD, managers("alice"));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      approval: { may: [], you: { mayApprove: true } },
      missing: expect.arrayContaining([
        "who is in release-managers cannot be asked: the user pool answered 503",
      ]),
    });
  });

  test.each([
    [
      "a member may approve and refuse",
      managers("alice"),
      { mayApprove: true, mayRefuse: true, mayWithdraw: false },
    ],
    [
      "a stranger may not, and is told why",
      person("carol", "developers"),
      { mayApprove: false, mayRefuse: false },
    ],
    ["nobody overrides where there is no condition", managers("alice"), { mayOverride: false }],
  ])("%s", async (_what, who, you) => {
    const setting = await Setting.atTheGate();
    const { body } = await setting.get(CARD, who);
    expect(body).toMatchObject({ approval: { you } });
  });

  test("the author is told that somebody else must approve", async () => {
    const setting = await Setting.atTheGate({ people: { author: "Alice <alice@example.com>" } });
    const { body } = await setting.get(CARD, managers("alice"));
    expect(body).toMatchObject({
      approval: { you: { mayApprove: false, mayRefuse: true, why: expect.stringContaining("author") } },
    });
  });

  test("who has approved is in it", async () => {
    const setting = await Setting.atTheGate();
    await setting.post(APPROVAL, managers("alice"), { decision: "approve", release: INDEX });
    const { body } = await setting.get(CARD, managers("alice"));
    expect(body).toMatchObject({ approval: { given: [{ person: "alice" }] } });
  });

  test("a stage that asks nobody has none, and one that is not there is named", async () => {
    const setting = await Setting.atTheGate();
    const staging = await setting.get("/console/api/runs/hello-1/stages/elsewhere/card", arn("alice"));
    expect(staging).toMatchObject({ status: 404, body: { error: { code: "unknown-stage" } } });
    const nowhere = await setting.get("/console/api/runs/nothing-1/stages/production/card", arn("alice"));
    expect(nowhere).toMatchObject({ status: 404, body: { error: { code: "unknown-run" } } });
  });

  test("looking changes nothing, however often and however", async () => {
    const setting = await Setting.atTheGate();
    const before = await setting.stored();
    for (const method of ["GET", "HEAD", "OPTIONS"])
      for (let time = 0; time < 10; time += 1) await setting.ask(method, CARD, managers("alice"));
    await expect(setting.stored()).resolves.toEqual(before);
  });
});
