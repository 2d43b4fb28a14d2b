import { expect, test } from "@jest/globals";
import { INDEX } from "../pipeline/given.ts";
import { APPROVAL_PATH, person, Setting } from "./setting.ts";

const CARD_PATH = APPROVAL_PATH.replace(/approval$/, "card");
const MINUTE = 60_000;
const bob = person("bob", "[release-managers]");
const carol = person("carol", "[developers]");

/** A gate, and a user pool that says how often it is asked. */
async function given() {
  const pool = { people: ["alice"], asked: 0, fails: false };
  const setting = await Setting.atTheGate({
    members: async () => {
      pool.asked += 1;
      if (pool.fails) throw new Error("who is in release-managers cannot be asked: Rate exceeded");
      return pool.people;
    },
  });
  const may = async (as = bob) => {
    const { body } = await setting.get(CARD_PATH, as);
    return body;
  };
  return { pool, setting, may };
}

const shows = (...people: readonly string[]) => ({ approval: { may: people } });

test("a card that twenty people look at asks Cognito once, and once more after a minute", async () => {
  const { pool, setting, may } = await given();
  for (const card of await Promise.all(Array.from({ length: 20 }, () => may())))
    expect(card).toMatchObject(shows("alice"));
  pool.people = ["alice", "bob"];
  setting.now += MINUTE - 1;
  expect(await may(carol)).toMatchObject(shows("alice"));
  expect(pool.asked).toBe(1);
  setting.now += 1;
  expect(await may()).toMatchObject(shows("alice", "bob"));
  expect(pool.asked).toBe(2);
});

test("what could not be had is said, and asked for again", async () => {
  const { pool, may } = await given();
  pool.fails = true;
  expect(await may()).toMatchObject({
    ...shows(),
    missing: expect.arrayContaining(["who is in release-managers cannot be asked: Rate exceeded"]),
  });
  pool.fails = false;
  expect(await may()).toMatchObject(shows("alice"));
  expect(pool.asked).toBe(2);
});

test("nothing that is shown decides: a token's groups do, and the doctor is told what is so now", async () => {
  const { pool, setting, may } = await given();
  pool.people = ["carol"];
  expect(await may(carol)).toMatchObject(shows("carol"));
  const approve = { decision: "approve", release: INDEX };
  expect(await setting.post(APPROVAL_PATH, carol, approve)).toMatchObject({ status: 403 });
  expect(await setting.post(APPROVAL_PATH, bob, approve)).toMatchObject({ status: 200 });
  expect(pool.asked).toBe(1);
  pool.people = [];
  expect(await setting.get("/console/api/groups", bob)).toMatchObject({
    body: { groups: [{ name: "release-managers", members: [] }] },
  });
});
