import { describe, expect, test } from "@jest/globals";
import { BadCursorError, type Page } from "../../shared/store/stream-store.ts";
import { head, openStores } from "./stores.ts";

const { each } = openStores();

/** Every page, and how many there were. */
async function all<T>(
  next: (cursor: { cursor?: string }) => Promise<Page<T>>,
): Promise<{ items: T[]; pages: number }> {
  const items: T[] = [];
  let page = await next({});
  let pages = 1;
  items.push(...page.items);
  while (page.cursor !== undefined) {
    page = await next({ cursor: page.cursor });
    items.push(...page.items);
    pages += 1;
  }
  return { items, pages };
}

describe.each(each)("heads %s", (_where, open) => {
  test("a newer head replaces an older one, and never the other way round", async () => {
    const { heads } = await open();
    await heads.put(head("a", { version: 3, status: "publishing" }));
    await heads.put(head("a", { version: 2, status: "building" }));
    await heads.put(head("a", { version: 3, status: "building" }));
    expect((await heads.list({ limit: 10 })).items).toEqual([
      head("a", { version: 3, status: "publishing" }),
    ]);
    await heads.put(head("a", { version: 4, status: "staging", stage: "production" }));
    expect((await heads.list({ limit: 10 })).items).toEqual([
      head("a", { version: 4, status: "staging", stage: "production" }),
    ]);
  });

  test("the newest runs come first", async () => {
    const { heads } = await open();
    for (const startedAt of [5_000, 999, 1_000_000, 7_000])
      await heads.put(head(`at-${startedAt}`, { startedAt }));
    const { items } = await heads.list({ limit: 10 });
    expect(items.map(({ startedAt }) => startedAt)).toEqual([1_000_000, 7_000, 5_000, 999]);
  });

  test("pages have no gaps and no doubles, not even among runs of one instant or while runs are added", async () => {
    const { heads } = await open();
    for (let n = 0; n < 23; n += 1)
      await heads.put(head(`run-${n}`, { startedAt: 1_000 + Math.floor(n / 5) }));
    const { items: before } = await heads.list({ limit: 100 });
    let added = 0;
    const { items, pages } = await all(async (cursor) => {
      const page = await heads.list({ limit: 7, ...cursor });
      added += 1;
      await heads.put(head(`later-${added}`, { startedAt: 9_000 + added }));
      return page;
    });
    expect(items).toEqual(before);
    expect(new Set(items.map(({ runId }) => runId)).size).toBe(23);
    expect(pages).toBe(4);
  });

  test("the runs of one pipeline are a list of their own, with its own pages", async () => {
    const { heads } = await open();
    for (let n = 0; n < 9; n += 1) {
      const pipeline = n % 3 === 0 ? "web" : "hello";
      await heads.put(head(`${pipeline}-${n}`, { pipeline, startedAt: 1_000 + n }));
    }
    const { items, pages } = await all((cursor) => heads.list({ limit: 2, pipeline: "web", ...cursor }));
    expect(items.map(({ runId }) => runId)).toEqual(["web-6", "web-3", "web-0"]);
    expect(pages).toBe(2);
    expect(await heads.list({ limit: 2, pipeline: "moon" })).toEqual({ items: [] });
  });

  test("only runs that can still change are active", async () => {
    const { heads } = await open();
    await heads.put(head("a"));
    await heads.put(head("b"));
    await heads.put(head("c", { active: false, status: "succeeded" }));
    await heads.put(head("b", { version: 2, active: false, status: "failed" }));
    expect(await heads.active({})).toEqual({ items: ["a"] });
    expect((await heads.list({ limit: 10 })).items).toHaveLength(3);
  });

  test("active runs come in pages of sixteen", async () => {
    const { heads } = await open();
    const ids = Array.from({ length: 130 }, (_, n) => `run-${String(n).padStart(3, "0")}`);
    await Promise.all(ids.map((id) => heads.put(head(id))));
    const { items, pages } = await all((cursor) => heads.active(cursor));
    expect([...items].sort()).toEqual(ids);
    expect(pages).toBe(9);
  });

  test.each([
    ["no cursor at all", "x"],
    ["an empty one", ""],
    ["JSON of something else", Buffer.from('{"pk":"run#a"}').toString("base64url")],
    [
      "a key that is no run's",
      Buffer.from('{"pk":"a","sk":1,"listPk":"x","listSk":"y"}').toString("base64url"),
    ],
  ])("a bad cursor is an error of its own: %s", async (_what, cursor) => {
    const { heads } = await open();
    await heads.put(head("a"));
    await expect(heads.list({ limit: 5, cursor })).rejects.toThrow(BadCursorError);
    await expect(heads.active({ cursor })).rejects.toThrow("the cursor is not one that a page of runs gave");
  });
});
