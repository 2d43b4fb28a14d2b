import { expect, test } from "@jest/globals";
import { z } from "zod";
import { headOf } from "../../shared/pipeline/view.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import { runAfter, started, T0, UNTIL_GATED } from "../pipeline/given.ts";
import { arn, Setting } from "./setting.ts";

const RUNS = 1_000;
const LIMIT = 50;

const answer = z.object({ runs: z.array(z.object({ id: z.string() })), cursor: z.string().optional() });

/** Writes down whatever is asked of the store, from now on. */
function listen({ streams, heads, intake, deliveries }: Store): string[] {
  const asked: string[] = [];
  for (const [name, part] of Object.entries({ streams, heads, intake, deliveries })) {
    for (const [operation, answer] of Object.entries(part)) {
      const told = (...input: readonly unknown[]): unknown => {
        asked.push(`${name}.${operation}`);
        return Reflect.apply(answer, part, input);
      };
      Object.assign(part, { [operation]: told });
    }
  }
  return asked;
}

test.each([
  ["all runs", "", RUNS],
  ["one pipeline's", "&pipeline=hello", RUNS],
  ["those that failed, of which there are none", "&status=failed", 0],
])("a page of the list is one question to the store, wherever it is: %s", async (_what, query, expected) => {
  const setting = new Setting({});
  const head = headOf(runAfter(started(), ...UNTIL_GATED.slice(1)), 1);
  for (let n = 1; n <= RUNS; n += 1)
    await setting.store.heads.put({ ...head, runId: `hello-${n}`, sequence: n, startedAt: T0 + n });
  const asked = listen(setting.store);
  let seen = 0;
  let pages = 0;
  let cursor: string | undefined;
  do {
    const from: string = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await setting.get(`/api/runs?limit=${LIMIT}${query}${from}`, arn("alice"));
    expect(status).toBe(200);
    const page = answer.parse(body);
    expect(asked.splice(0)).toEqual(["heads.list"]);
    seen += page.runs.length;
    pages += 1;
    cursor = page.cursor;
  } while (cursor !== undefined);
  expect(seen).toBe(expected);
  expect(pages).toBeLessThanOrEqual(RUNS / LIMIT + 1);
});
