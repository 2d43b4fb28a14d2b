import { describe, expect, test } from "@jest/globals";
import { acceptAndOpen } from "../../shared/accept.ts";
import { type Deps, loadRun } from "../../shared/advance.ts";
import { readPipeline } from "../../shared/effects/pipeline-stream.ts";
import type { Source } from "../../shared/intake/source.ts";
import type { Delivery, Head } from "../../shared/pipeline/pipelines.ts";
import { LEASE_MILLISECONDS } from "../../shared/pipeline/silence.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import { sweep } from "../../shared/sweep.ts";
import { definition, T0 } from "../pipeline/given.ts";

const commit = (letter: string) => letter.repeat(40);

function delivery(id: string, letter: string): Delivery {
  return {
    id,
    revision: { repository: "hello", ref: "refs/heads/main", commit: commit(letter) },
    people: { pusher: "arn:aws:iam::000000000000:user/ada" },
    trigger: { type: "push" },
  };
}

const depsOf = (store: Store, now = T0): Deps => ({
  store,
  now: () => now,
  perform: async () => ({ events: [], wake: [] }),
});

/** A repository of which no more is known than where its branch is. */
const sourceAt = (head: Head): Source => ({
  head: async () => head,
  commit: async () => undefined,
  changedFiles: async () => "unknown",
  relation: async () => "unknown",
  branches: async () => [],
});
const tip = (letter: string) => sourceAt({ commit: commit(letter) });

const swept = (deps: Deps) =>
  sweep(deps, [definition()], { codecommit: sourceAt("unknown"), github: sourceAt("unknown") });

/** A store that breaks when it is asked to write this stream. */
function breaking(store: Store, prefix: string): Store {
  return {
    ...store,
    streams: {
      ...store.streams,
      append: (stream, ...rest) =>
        stream.startsWith(prefix)
          ? Promise.reject(new Error("the power went"))
          : store.streams.append(stream, ...rest),
    },
  };
}

describe("a delivery is accepted", () => {
  test("as a run that has begun, is listed, and is known by its delivery", async () => {
    const store = memoryStore();
    const accepted = await acceptAndOpen(depsOf(store), definition(), delivery("event-1", "a"), tip("a"));
    expect(accepted).toMatchObject({ pipeline: "hello", runId: "hello-1", started: { sequence: 1 } });
    expect((await loadRun(store, "hello-1")).run?.status).toEqual({ status: "building" });
    expect((await store.heads.active({})).items).toEqual(["hello-1"]);
    const key = { repository: "hello", commit: commit("a"), pipeline: "hello", id: "event-1" };
    expect((await store.deliveries.find(key))?.outcome).toEqual({ runId: "hello-1" });
    const { state } = await readPipeline(store, "hello");
    expect(state).toMatchObject({ admitted: 1, active: [] });
  });

  test("once: the same delivery again is the same run, later and at once", async () => {
    const store = memoryStore();
    const again = () => acceptAndOpen(depsOf(store), definition(), delivery("event-1", "a"), tip("a"));
    const answers = await Promise.all([again(), again(), again(), again()]);
    answers.push(await again());
    expect(answers.filter((answer) => "started" in answer)).toHaveLength(1);
    for (const answer of answers) expect(answer).toMatchObject({ runId: "hello-1" });
  });

  test("or refused, with a reason that is kept", async () => {
    const store = memoryStore();
    const reason = "commit aaaaaaa is no longer the tip of main: bbbbbbb is";
    const refused = await acceptAndOpen(depsOf(store), definition(), delivery("event-1", "a"), tip("b"));
    expect(refused).toEqual({ pipeline: "hello", ignored: reason });
    // The branch may be set back since: what was refused once stays so.
    expect(await acceptAndOpen(depsOf(store), definition(), delivery("event-1", "a"), tip("a"))).toEqual(
      refused,
    );
  });

  test("of two commits at once each has a number of its own", async () => {
    const store = memoryStore();
    const parallel = definition({ mode: "parallel" });
    const answers = await Promise.all(
      ["a", "b", "c"].map((letter) =>
        acceptAndOpen(depsOf(store), parallel, delivery(`event-${letter}`, letter), sourceAt("unknown")),
      ),
    );
    expect(answers.map((answer) => ("runId" in answer ? answer.runId : "")).sort()).toEqual([
      "hello-1",
      "hello-2",
      "hello-3",
    ]);
  });
});

describe("a crash on the way", () => {
  test.each([
    ["before the run's stream is written", "run#"],
    ["before its head is", "never"],
  ])("%s is healed by the sweep, once its lease is over", async (_what, prefix) => {
    const store = memoryStore();
    const broken =
      prefix === "never"
        ? { ...store, heads: { ...store.heads, put: () => Promise.reject(new Error("the power went")) } }
        : breaking(store, prefix);
    await expect(
      acceptAndOpen(depsOf(broken), definition(), delivery("event-1", "a"), tip("a")),
    ).rejects.toThrow("the power went");
    expect((await loadRun(store, "hello-1")).run).toBeUndefined();

    expect(await swept(depsOf(store, T0 + LEASE_MILLISECONDS - 1))).toMatchObject({ opened: [] });
    expect(await swept(depsOf(store, T0 + LEASE_MILLISECONDS))).toMatchObject({
      opened: ["hello-1"],
      errors: [],
    });
    expect((await loadRun(store, "hello-1")).run?.deliveryId).toBe("event-1");
    expect(await swept(depsOf(store, T0 + 2 * LEASE_MILLISECONDS))).toMatchObject({ opened: [] });
  });

  test("the delivery that comes again finds the run that was accepted", async () => {
    const store = memoryStore();
    const first = acceptAndOpen(
      depsOf(breaking(store, "run#")),
      definition(),
      delivery("event-1", "a"),
      tip("a"),
    );
    await expect(first).rejects.toThrow("the power went");
    const second = await acceptAndOpen(depsOf(store), definition(), delivery("event-1", "a"), tip("z"));
    expect(second).toEqual({ pipeline: "hello", runId: "hello-1" });
  });
});

describe("the sweep", () => {
  test("visits every run that can still change, and one that breaks holds no other up", async () => {
    const store = memoryStore();
    const parallel = definition({ mode: "parallel" });
    for (const letter of ["a", "b", "c"]) {
      await acceptAndOpen(depsOf(store), parallel, delivery(`event-${letter}`, letter), sourceAt("unknown"));
    }
    const later = T0 + LEASE_MILLISECONDS;
    const performed: string[] = [];
    const result = await swept({
      ...depsOf(store, later),
      perform: async (run) => {
        performed.push(run.id);
        if (run.id === "hello-2") throw new Error("throttled");
        return { events: [], wake: [] };
      },
    });
    expect(result.visited).toBe(3);
    expect(result.errors.map(({ runId }) => runId)).toEqual(["hello-2"]);
    expect([...new Set(performed)].sort()).toEqual(["hello-1", "hello-2", "hello-3"]);
  });
});
