import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Mode } from "../../shared/pipeline/definition.ts";
import {
  accept,
  type Delivery,
  evolvePipeline,
  type Findings,
  type Head,
  isOvertaken,
  NEW_PIPELINE,
  type PipelineState,
} from "../../shared/pipeline/pipelines.ts";
import { definition, T0 } from "./given.ts";

const commit = (letter: string) => letter.repeat(40);

function delivery(id: string, letter: string, before?: string, ref = "refs/heads/main"): Delivery {
  return {
    id,
    revision: {
      repository: "hello",
      ref,
      commit: commit(letter),
      ...(before === undefined ? {} : { before: commit(before) }),
    },
    people: { pusher: "arn:aws:iam::000000000000:user/ada" },
    trigger: { type: "push" },
  };
}

/** Only the head was looked up, and nothing found against the commit. */
const at = (head: Head): Findings => ({ head, unchanged: [] });
const atCommit = (letter: string) => at({ commit: commit(letter) });

/** A pipeline that has accepted these deliveries, each as the tip of its branch; all are opened. */
function having(...deliveries: readonly Delivery[]): PipelineState {
  return deliveries.reduce((state, one) => {
    const accepted = accept(state, definition(), one, at({ commit: one.revision.commit }), T0);
    if (accepted.type !== "accepted") throw new Error(`${one.id} is not accepted`);
    const { started } = accepted;
    const next = evolvePipeline(state, { type: "run.accepted", started });
    return evolvePipeline(next, { type: "run.opened", runId: started.runId });
  }, NEW_PIPELINE);
}

describe("a delivery becomes a run", () => {
  test("numbered by the pipeline, with everything that the run will need", () => {
    const one = delivery("event-1", "b", "a");
    expect(accept(having(delivery("event-0", "a")), definition(), one, atCommit("b"), T0)).toEqual({
      type: "accepted",
      started: {
        type: "run.started",
        at: T0,
        runId: "hello-2",
        sequence: 2,
        revision: one.revision,
        people: one.people,
        deliveryId: "event-1",
        definition: definition(),
        trigger: { type: "push" },
        reused: {},
      },
    });
  });

  const pushed = having(delivery("event-1", "a"), delivery("event-2", "b", "a"));

  test.each([
    // [what, the delivery, where the ref is now, mode, what comes of it]
    ["the tip of its branch", delivery("e", "c", "b"), { commit: commit("c") }, "superseded", "hello-3"],
    [
      "a tag, which does not move",
      delivery("e", "c", undefined, "refs/tags/v1"),
      "unknown",
      "superseded",
      "hello-3",
    ],
    [
      "another branch",
      delivery("e", "b", undefined, "refs/heads/next"),
      { commit: commit("b") },
      "superseded",
      "hello-3",
    ],
    [
      "a commit that has a run",
      delivery("e", "b"),
      { commit: commit("b") },
      "superseded",
      "commit bbbbbbb of main has its run already: hello-2",
    ],
    [
      "a commit that has a run, the branch moved on",
      delivery("e", "b"),
      { commit: commit("c") },
      "parallel",
      "commit bbbbbbb of main has its run already: hello-2",
    ],
    [
      "a branch that has been deleted",
      delivery("e", "c"),
      "gone",
      "superseded",
      "main of hello has been deleted since",
    ],
    [
      "an old commit, superseded",
      delivery("e", "0"),
      { commit: commit("c") },
      "superseded",
      "commit 0000000 is no longer the tip of main: ccccccc is",
    ],
    [
      "an older commit whose newer has no run yet, queued",
      delivery("e", "c", "b"),
      { commit: commit("d") },
      "queued",
      "hello-3",
    ],
    [
      "an older commit whose newer has a run, queued: too late for its turn",
      delivery("e", "a"),
      { commit: commit("b") },
      "queued",
      "commit aaaaaaa is no longer the tip of main: bbbbbbb is",
    ],
    [
      "the commit just before the newest run's, parallel",
      delivery("e", "a"),
      { commit: commit("c") },
      "parallel",
      "commit aaaaaaa is no longer the tip of main: ccccccc is",
    ],
    [
      "a branch set back to an earlier commit",
      delivery("e", "a", "b"),
      { commit: commit("a") },
      "superseded",
      "hello-3",
    ],
  ] satisfies readonly (readonly [string, Delivery, Head, Mode, string])[])(
    "or not: %s",
    (_what, one, head, mode, expected) => {
      const result = accept(pushed, definition({ mode }), one, at(head), T0);
      expect(
        result.type === "accepted"
          ? result.started.runId
          : result.type === "refused"
            ? result.reason
            : result.type,
      ).toBe(expected);
    },
  );

  test("the same delivery again, while its run is still being opened, is that run", () => {
    const one = delivery("event-1", "a");
    const accepted = accept(NEW_PIPELINE, definition(), one, atCommit("a"), T0);
    if (accepted.type !== "accepted") throw new Error("not accepted");
    const state = evolvePipeline(NEW_PIPELINE, { type: "run.accepted", started: accepted.started });
    expect(accept(state, definition(), one, atCommit("z"), T0)).toEqual({
      type: "duplicate",
      runId: "hello-1",
    });
    expect(evolvePipeline(state, { type: "run.opened", runId: "hello-1" }).opening).toEqual([]);
  });
});

describe("what a pipeline remembers", () => {
  test("the newest commit of each branch", () => {
    const { tips } = having(
      delivery("1", "a"),
      delivery("2", "b", undefined, "refs/heads/next"),
      delivery("3", "c", "a"),
    );
    expect(tips.map((tip) => [tip.ref, tip.commit[0], tip.runId])).toEqual([
      ["refs/heads/next", "b", "hello-2"],
      ["refs/heads/main", "c", "hello-3"],
    ]);
  });

  test("no more than 500 branches: the longest untouched is forgotten", () => {
    const many = Array.from({ length: 501 }, (_, n) => delivery(`${n}`, "a", undefined, `refs/heads/b${n}`));
    const { tips } = having(...many);
    expect([tips.length, tips[0]?.ref, tips.at(-1)?.ref]).toEqual([500, "refs/heads/b1", "refs/heads/b500"]);
  });

  test("sequences rise by one, whatever is delivered", () => {
    const letters = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 20 });
    fc.assert(
      fc.property(letters, fc.constantFrom<Mode>("superseded", "queued", "parallel"), (pushes, mode) => {
        let state = NEW_PIPELINE;
        for (const [index, letter] of pushes.entries()) {
          const result = accept(
            state,
            definition({ mode }),
            delivery(`${index}`, letter),
            atCommit(letter),
            T0,
          );
          if (result.type !== "accepted") continue;
          expect(result.started.sequence).toBe(state.sequence + 1);
          state = evolvePipeline(state, { type: "run.accepted", started: result.started });
        }
      }),
    );
  });
});

describe("a commit that was accepted before anybody asked where its branch is", () => {
  const unknown = at("unknown");

  /** Accepted in this order, none of them opened. */
  function unopened(...deliveries: readonly Delivery[]): PipelineState {
    return deliveries.reduce((state, one) => {
      const accepted = accept(state, definition(), one, unknown, T0);
      if (accepted.type !== "accepted") throw new Error(`${one.id} is not accepted`);
      return evolvePipeline(state, { type: "run.accepted", started: accepted.started });
    }, NEW_PIPELINE);
  }
  const overtaken = (state: PipelineState, runId: string, head: string): boolean => {
    const started = state.opening.find((one) => one.runId === runId);
    if (started === undefined) throw new Error(`${runId} is not there`);
    return isOvertaken(state, started, { commit: commit(head) });
  };
  /** `c` is the tip, as the chain of those before it: `c b a`. */
  const chain = ({ tips }: PipelineState): string => {
    const letters: string[] = [];
    for (let tip = tips[0]; tip !== undefined; tip = tip.previous) letters.push(tip.commit.slice(0, 1));
    return letters.join(" ");
  };

  test("is overtaken by a newer one with a lower number, and not by one that comes after it", () => {
    const state = unopened(delivery("1", "b", "a"), delivery("2", "a"), delivery("3", "c", "b"));
    expect(overtaken(state, "hello-1", "c")).toBe(false);
    expect(overtaken(state, "hello-2", "c")).toBe(true);
    expect(overtaken(state, "hello-2", "b")).toBe(true);
    expect(overtaken(state, "hello-3", "c")).toBe(false);
  });

  test("is taken out of the chain of its branch, wherever it stands", () => {
    const state = unopened(delivery("1", "c"), delivery("2", "a"), delivery("3", "b"));
    expect(chain(state)).toBe("b a c");
    const without = (run: string) => evolvePipeline(state, { type: "run.withdrawn", runId: run });
    expect(chain(without("hello-2"))).toBe("b c");
    expect(chain(without("hello-3"))).toBe("a c");
    expect(chain(evolvePipeline(without("hello-3"), { type: "run.withdrawn", runId: "hello-2" }))).toBe("c");
    expect(overtaken(without("hello-2"), "hello-2", "c")).toBe(true);
  });

  test("the chain is forgotten when all of its runs are open", () => {
    const state = unopened(delivery("1", "a"), delivery("2", "b", "a"));
    const opened = (from: PipelineState, runId: string) =>
      evolvePipeline(from, { type: "run.opened", runId });
    const half = opened(state, "hello-2");
    expect(chain(half)).toBe("b a");
    expect(chain(opened(half, "hello-1"))).toBe("b");
  });
});
