import { expect, test } from "@jest/globals";
import { runStream } from "../../shared/advance.ts";
import { APPROVAL, definition, INDEX, PRODUCTION, STAGING, T0 } from "../pipeline/given.ts";
import { APPROVAL_PATH, arn, person, Setting } from "./setting.ts";

const two = definition({ stages: [STAGING, { ...PRODUCTION, approval: { ...APPROVAL, required: 2 } }] });
const alice = person("alice", "[release-managers]");
const bob = person("bob", "[release-managers]");
const APPROVE = { decision: "approve", release: INDEX, round: 0 };
const CARD_PATH = APPROVAL_PATH.replace(/approval$/, "card");
const VOIDED = "bob had approved, and hello-2 is newer and took its place";

test("the approval that a run had when a newer one took its place is void, visibly, and takes no second", async () => {
  const setting = await Setting.atTheGate({ pipeline: two });
  expect(await setting.post(APPROVAL_PATH, bob, APPROVE)).toMatchObject({ status: 200 });
  const { version } = await setting.store.streams.load(runStream("hello-1"));
  await setting.store.streams.append(runStream("hello-1"), version, [
    { type: "run.superseded", at: T0, by: "hello-2", stage: "production" },
  ]);

  const { body: run } = await setting.get("/console/api/runs/hello-1", alice);
  expect(run).toMatchObject({
    status: "superseded",
    stages: [{}, { status: "not reached", gate: { open: false, approvals: [], voided: [VOIDED], round: 0 } }],
  });
  expect(await setting.get(CARD_PATH, bob)).toMatchObject({
    body: {
      approval: {
        ...{ open: false, given: [], voided: [VOIDED] },
        you: { mayApprove: false, mayRefuse: false, mayWithdraw: false },
      },
    },
  });

  const before = await setting.stored();
  const refused = {
    status: 409,
    body: {
      error: {
        code: "not-waiting",
        message: `stage production of hello-1 does not wait for an approval: it is superseded by hello-2; ${VOIDED}`,
      },
    },
  };
  for (const decision of ["approve", "refuse", "withdraw"])
    for (const as of [alice, bob, arn("bob")])
      expect(await setting.post(APPROVAL_PATH, as, { ...APPROVE, decision })).toMatchObject(refused);
  expect(await setting.stored()).toEqual(before);
  // Who gave it is on record all the same.
  expect(await setting.get("/console/api/audit", alice)).toMatchObject({
    body: { entries: [{ act: "approve", person: "bob", run: "hello-1" }] },
  });
});
