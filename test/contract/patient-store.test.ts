import { expect, test } from "@jest/globals";
import { memoryStore } from "../../shared/store/memory-store.ts";
import { patient } from "../../shared/store/patient-store.ts";

test("who loses a race waits, the longer the oftener it has lost, and who wins does not", async () => {
  const waits: number[] = [];
  const store = patient(
    memoryStore(),
    () => 0.5,
    async (milliseconds) => void waits.push(milliseconds),
  );
  const { streams } = store;
  expect(await streams.append("a", 0, ["won"])).toBe(true);
  for (let n = 0; n < 7; n += 1) expect(await streams.append("a", 0, ["lost"])).toBe(false);
  expect(waits).toEqual([10, 20, 40, 80, 160, 160, 160]);
  expect(await streams.append("b", 3, ["lost elsewhere"])).toBe(false);
  expect(await streams.append("a", 1, ["won"])).toBe(true);
  expect(await streams.append("a", 1, ["lost"])).toBe(false);
  expect(waits.slice(7)).toEqual([10, 10]);
  expect(await streams.load("a")).toEqual({ version: 2, events: ["won", "won"] });
});
