import { describe, expect, test } from "@jest/globals";
import { PoolClosed } from "../../local/lambda/pool.ts";
import { createTurns } from "../../local/lambda/turns.ts";

/** Something that is under way until it is told to end. */
function task() {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let begun = false;
  const work = async () => {
    begun = true;
    await ended;
    return "done";
  };
  return { work, end, hasBegun: () => begun };
}

const ALWAYS = () => true;
const FOREVER = 600_000;
/** Lets what is due happen. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("who may have an environment next", () => {
  test("an event goes at once when nobody waits for an answer", async () => {
    const turns = createTurns(FOREVER);
    expect(await turns.event(ALWAYS, async () => "done")).toBe("done");
  });

  test("whoever waits for an answer is not held up by events", async () => {
    const turns = createTurns(FOREVER);
    const event = task();
    const under = turns.event(ALWAYS, event.work);
    expect(await turns.answer(async () => "answered")).toBe("answered");
    event.end();
    expect(await under).toBe("done");
  });

  test("events give way until all who wait have their answer, and then go in their order", async () => {
    const turns = createTurns(FOREVER);
    const [first, second] = [task(), task()];
    const answers = [turns.answer(first.work), turns.answer(second.work)];
    const order: number[] = [];
    const events = [1, 2, 3].map((n) => turns.event(ALWAYS, async () => void order.push(n)));
    first.end();
    await answers[0];
    await settle();
    expect(order).toEqual([]);
    second.end();
    await Promise.all([...answers, ...events]);
    expect(order).toEqual([1, 2, 3]);
  });

  test("an event that has waited for long goes although somebody waits for an answer", async () => {
    const turns = createTurns(10);
    const answer = task();
    const waits = turns.answer(answer.work);
    expect(await turns.event(ALWAYS, async () => "went")).toBe("went");
    answer.end();
    await waits;
  });

  test("such events go one at a time", async () => {
    const turns = createTurns(10);
    const [answer, first, second] = [task(), task(), task()];
    const waits = turns.answer(answer.work);
    const events = [turns.event(ALWAYS, first.work), turns.event(ALWAYS, second.work)];
    while (!first.hasBegun()) await settle();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(second.hasBegun()).toBe(false);
    first.end();
    await events[0];
    await settle();
    expect(second.hasBegun()).toBe(true);
    second.end();
    answer.end();
    await Promise.all([...events, waits]);
  });

  test("an event whose function has no room lets those of other functions pass", async () => {
    const turns = createTurns(FOREVER);
    let running = 0;
    const busy = task();
    const run = (one: ReturnType<typeof task>) => async () => {
      running += 1;
      const result = await one.work();
      running -= 1;
      return result;
    };
    const hasRoom = () => running < 1;
    const [waiting, other] = [task(), task()];
    const events = [
      turns.event(hasRoom, run(busy)),
      turns.event(hasRoom, run(waiting)),
      turns.event(ALWAYS, other.work),
    ];
    await settle();
    expect([busy.hasBegun(), waiting.hasBegun(), other.hasBegun()]).toEqual([true, false, true]);
    busy.end();
    await events[0];
    await settle();
    expect(waiting.hasBegun()).toBe(true);
    waiting.end();
    other.end();
    await Promise.all(events);
  });

  test("a failure is handed on, and holds nothing up", async () => {
    const turns = createTurns(FOREVER);
    await expect(turns.answer(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(turns.event(ALWAYS, () => Promise.reject(new Error("nor this")))).rejects.toThrow(
      "nor this",
    );
    expect(await turns.event(ALWAYS, async () => "done")).toBe("done");
  });

  test("events that still wait in the end are refused", async () => {
    const turns = createTurns(FOREVER);
    const answer = task();
    const waits = turns.answer(answer.work);
    const event = turns.event(ALWAYS, async () => "never");
    turns.close();
    await expect(event).rejects.toThrow(PoolClosed);
    answer.end();
    await waits;
  });
});
