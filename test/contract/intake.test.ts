import { describe, expect, test } from "@jest/globals";
import { openStores } from "./stores.ts";

const { each } = openStores();

describe.each(each)("intake %s", (_where, open) => {
  const run = (text: string) => ({ type: "run", run: { text } }) as const;
  const NONE = { type: "none" } as const;

  test("numbers begin at 1 for each pipeline, and many at once are all different", async () => {
    const { intake } = await open();
    expect([await intake.draw("a"), await intake.draw("a"), await intake.draw("b")]).toEqual([1, 2, 1]);
    const drawn = await Promise.all(Array.from({ length: 30 }, () => intake.draw("a")));
    expect([...drawn].sort((x, y) => x - y)).toEqual(Array.from({ length: 30 }, (_, n) => n + 3));
  });

  test("a number is written to once: of ten writers exactly one wins", async () => {
    const { intake } = await open();
    const won = await Promise.all(
      Array.from({ length: 10 }, (_, n) => intake.put("a", 1, n % 2 === 0 ? run(`${n}`) : NONE, 1_000)),
    );
    expect(won.filter(Boolean)).toHaveLength(1);
    const winner = won.indexOf(true);
    expect(await intake.find("a", 1)).toEqual(winner % 2 === 0 ? run(`${winner}`) : NONE);
  });

  test("where nothing stands there is nothing, not even a number that has been drawn", async () => {
    const { intake } = await open();
    await intake.draw("a");
    expect(await intake.find("a", 1)).toBeUndefined();
    expect(await intake.after("a", 0, 10)).toEqual([]);
  });

  test("what comes after a number is in order, without gaps filled in, and no more than asked for", async () => {
    const { intake } = await open();
    for (let n = 0; n < 12; n += 1) await intake.draw("a");
    for (const sequence of [10, 3, 12, 2, 9]) await intake.put("a", sequence, run(`${sequence}`), 1_000);
    await intake.put("a", 4, NONE, 1_000);
    await intake.put("a-b", 5, run("another pipeline's"), 1_000);
    const numbers = async (after: number, limit: number) =>
      (await intake.after("a", after, limit)).map(({ sequence, slot }) => `${sequence} ${slot.type}`);
    expect(await numbers(0, 100)).toEqual(["2 run", "3 run", "4 none", "9 run", "10 run", "12 run"]);
    expect(await numbers(3, 2)).toEqual(["4 none", "9 run"]);
    expect(await numbers(12, 100)).toEqual([]);
    expect((await intake.after("a", 9, 1))[0]?.slot).toEqual(run("10"));
  });
});
