import { describe, expect, test } from "@jest/globals";
import { advance, advanceAll, type Deps, loadRun, runStream } from "../../shared/advance.ts";
import { type Command, keyOf, type Outcome } from "../../shared/pipeline/commands.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { LEASE_MILLISECONDS } from "../../shared/pipeline/silence.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import {
  approvalBy,
  buildIdOf,
  buildStarted,
  buildSucceeded,
  published,
  refusalBy,
  started,
  T0,
  UNTIL_GATED,
} from "../pipeline/given.ts";

type Perform = (command: Command) => Promise<Outcome>;
const nothing: Outcome = { events: [], wake: [] };
const say = (...events: readonly RunEvent[]): Outcome => ({ events, wake: [] });

/** Builds start, indexes are published, and no stage answers. */
const willing: Perform = async (command) => {
  switch (command.type) {
    case "start-build":
      return say({ ...buildStarted(command.platform, command.attempt) });
    case "publish-index":
      return say(published());
    default:
      return nothing;
  }
};

/** An invocation's dependencies, over one store; `performed` lists what it has done. */
function invocation(store: Store, perform: Perform = willing, now = T0) {
  const performed: string[] = [];
  const deps: Deps = {
    store,
    now: () => now,
    perform: (_run, command) => {
      performed.push(keyOf(command));
      return perform(command);
    },
  };
  return { deps, performed };
}

/** What each append to a run's stream held, by type of event. */
async function appends(
  store: Store,
): Promise<{ readonly store: Store; readonly items: readonly (readonly string[])[] }> {
  const items: string[][] = [];
  const { append } = store.streams;
  const spying: Store = {
    ...store,
    streams: {
      ...store.streams,
      async append(stream, version, events, state) {
        const won = await append(stream, version, events, state);
        if (won) items.push((events as readonly RunEvent[]).map(({ type }) => type));
        return won;
      },
    },
  };
  return { store: spying, items };
}

async function given(events: readonly RunEvent[]): Promise<Store> {
  const store = memoryStore();
  await store.streams.append(runStream("hello-1"), 0, events);
  return store;
}

describe("facts and the claims that follow from them share one write", () => {
  test("from the push to the running builds: two", async () => {
    const { store, items } = await appends(memoryStore());
    await advance(invocation(store).deps, "hello-1", started());
    expect(items).toEqual([
      ["run.started", "build.requested", "build.requested"],
      ["build.started", "build.started"],
    ]);
  });

  test("from the last build to the published index: two", async () => {
    const { store, items } = await appends(
      await given([started(), buildStarted("linux/amd64"), buildSucceeded("linux/arm64")]),
    );
    await advance(invocation(store).deps, "hello-1", buildSucceeded("linux/amd64"));
    expect(items).toEqual([["build.succeeded", "index.publish-requested"], ["index.published"]]);
  });

  test("what needs no act is decided in the same write", async () => {
    const { store, items } = await appends(
      await given([
        ...UNTIL_GATED.slice(0, -1),
        { type: "stage.failed", at: T0, stage: "production", failure: { reason: "x" } },
      ]),
    );
    await advance(
      invocation(store, async () => say({ type: "stage.left", at: T0, stage: "production" })).deps,
      "hello-1",
    );
    expect(items).toEqual([["stage.left", "run.finished"]]);
  });
});

describe("of two invocations at once", () => {
  test("one wins the claim, and what is to be done is done once", async () => {
    const store = await given([
      started(),
      buildStarted("linux/amd64"),
      buildStarted("linux/arm64"),
      buildSucceeded("linux/amd64"),
    ]);
    const some = Array.from({ length: 5 }, () => invocation(store));
    await Promise.all(some.map(({ deps }) => advance(deps, "hello-1", buildSucceeded("linux/arm64"))));
    const published = some
      .flatMap(({ performed }) => performed)
      .filter((key) => key.startsWith("publish-index"));
    expect(published).toEqual(["publish-index hello 0"]);
  });

  test("who loses says that its event was no news", async () => {
    const store = await given([started(), buildStarted("linux/amd64"), buildStarted("linux/arm64")]);
    const both = await Promise.all(
      [1, 2].map(() => advance(invocation(store).deps, "hello-1", buildSucceeded("linux/arm64"))),
    );
    expect(both.map(({ ignored }) => ignored).sort()).toEqual([
      "hello linux/arm64 attempt 1 has succeeded already",
      undefined,
    ]);
    const { events } = await store.streams.load(runStream("hello-1"));
    expect((events as readonly RunEvent[]).filter(({ type }) => type === "build.succeeded")).toHaveLength(1);
  });

  test("an approval and a refusal: one counts, and the other hears that it came too late", async () => {
    const store = await given(UNTIL_GATED);
    const decided = await Promise.all([
      advance(invocation(store).deps, "hello-1", refusalBy("bob")),
      advance(invocation(store).deps, "hello-1", approvalBy("carol")),
    ]);
    expect(decided.filter(({ ignored }) => ignored === undefined)).toHaveLength(1);
  });

  test("different facts at once are both kept", async () => {
    const store = await given([started(), buildStarted("linux/amd64"), buildStarted("linux/arm64")]);
    await Promise.all([
      advance(invocation(store).deps, "hello-1", buildSucceeded("linux/amd64")),
      advance(invocation(store).deps, "hello-1", buildSucceeded("linux/arm64")),
    ]);
    expect((await loadRun(store, "hello-1")).run?.builds.map(({ state }) => state.status)).toEqual([
      "succeeded",
      "succeeded",
    ]);
  });
});

describe("a command that cannot be carried out", () => {
  const half: Perform = async (command) => {
    if (command.type === "start-build" && command.platform === "linux/arm64") throw new Error("throttled");
    return willing(command);
  };

  test("leaves its claim, after the others have been recorded, and is told as one error", async () => {
    const store = memoryStore();
    const failing = advanceAll(invocation(store, half).deps, "hello-1", started());
    await expect(failing).rejects.toThrow(new AggregateError([], "run hello-1: Error: throttled"));
    const { run } = await loadRun(store, "hello-1");
    expect(run?.builds.map(({ state }) => state)).toEqual([
      { status: "running", buildId: buildIdOf("linux/amd64"), since: T0 },
      { status: "requested", since: T0, lease: 0 },
    ]);
  });

  test("is left alone while the claim is fresh, and taken over after that", async () => {
    const store = memoryStore();
    await advanceAll(invocation(store, half).deps, "hello-1", started()).catch(() => undefined);
    const early = invocation(store, willing, T0 + LEASE_MILLISECONDS - 1);
    await advanceAll(early.deps, "hello-1");
    expect(early.performed).toEqual([]);
    const late = invocation(store, willing, T0 + LEASE_MILLISECONDS);
    await advanceAll(late.deps, "hello-1");
    expect(late.performed).toContain("start-build hello linux/arm64 1 1");
  });

  test("a head that cannot be written is told, but holds nothing up", async () => {
    const store = memoryStore();
    const broken: Store = {
      ...store,
      heads: { ...store.heads, put: () => Promise.reject(new Error("no head")) },
    };
    const { errors, run } = await advance(invocation(broken).deps, "hello-1", started());
    expect(errors.map(String)).toEqual(["Error: no head", "Error: no head"]);
    expect(run?.builds.every(({ state }) => state.status === "running")).toBe(true);
  });
});

describe("an invocation", () => {
  test("does each thing once, also when it changes nothing", async () => {
    const store = await given(UNTIL_GATED.slice(0, -1));
    const { deps, performed } = invocation(store);
    await advance(deps, "hello-1");
    expect(performed).toEqual(["enter-stage production"]);
  });

  test("goes on with every run that its own wakes", async () => {
    const store = memoryStore();
    const waking: Perform = async (command) =>
      command.type === "start-build"
        ? { events: [], wake: [{ runId: "hello-2", event: started({ sequence: 2 }) }] }
        : nothing;
    await advanceAll(invocation(store, waking).deps, "hello-1", started());
    expect((await loadRun(store, "hello-2")).run?.id).toBe("hello-2");
  });

  test("for a run that does not exist says so, and writes nothing", async () => {
    const store = memoryStore();
    const { deps, performed } = invocation(store);
    expect(await advance(deps, "hello-9", buildSucceeded("linux/amd64"))).toMatchObject({
      run: undefined,
      ignored: "there is no such run",
    });
    expect(performed).toEqual([]);
    expect(await store.streams.load(runStream("hello-9"))).toEqual({ version: 0, events: [] });
  });

  test("a run that is started twice is the first one", async () => {
    const store = memoryStore();
    await advance(invocation(store).deps, "hello-1", started());
    const second = await advance(invocation(store).deps, "hello-1", started({ deliveryId: "another" }));
    expect(second).toMatchObject({
      ignored: "run.started changes nothing of hello-1",
      run: { deliveryId: "delivery-1" },
    });
  });

  test("a stale head of a run that has ended is put right by the next event", async () => {
    const store = await given([started(), { type: "run.superseded", at: T0, by: "hello-2" }]);
    await advance(invocation(store).deps, "hello-1", buildSucceeded("linux/amd64"));
    expect((await store.heads.list({ limit: 1 })).items).toMatchObject([
      { status: "superseded", active: false },
    ]);
  });
});
