import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  earlierThan,
  evolveRef,
  NEW_REF,
  type RefEvent,
  type RefState,
  tipOf,
  withoutPredecessors,
} from "../../shared/pipeline/refs.ts";
import { T0 } from "./given.ts";

/** The run of a commit, named by its number: `b` on top of `a`. */
function admitted(sequence: number, commit: string, before?: string): RefEvent {
  const previous = before === undefined ? {} : { before };
  return { type: "run.admitted", runId: `hello-${sequence}`, sequence, at: T0, commit, ...previous };
}
const opened = (sequence: number): RefEvent => ({ type: "run.opened", runId: `hello-${sequence}` });
const withdrawn = (sequence: number): RefEvent => ({ type: "run.withdrawn", runId: `hello-${sequence}` });

const having = (...events: readonly RefEvent[]) => events.reduce(evolveRef, NEW_REF);
/** The commits, the newest first; `?` stands behind those whose run may still turn out to be late. */
const text = ({ entries }: RefState) =>
  entries.map(({ commit, opening }) => `${commit}${opening === true ? "?" : ""}`).join(" ");

describe("a ref", () => {
  test("knows where it was when the pipeline was new, and that it had no run", () => {
    const state = having({ type: "commit.seen", commit: "a" });
    expect(tipOf(state)).toEqual({ commit: "a", sequence: 0 });
  });

  test("keeps what came before as long as the newest may be late", () => {
    const [a, b] = [admitted(1, "a"), admitted(2, "b", "a")];
    expect(text(having(a, b))).toBe("b? a?");
    expect(text(having(a, b, opened(2)))).toBe("b a?");
    expect(text(having(a, b, opened(1)))).toBe("b? a");
    expect(text(having(a, b, opened(2), opened(1)))).toBe("b");
    expect(text(having(a, b, opened(1), opened(2)))).toBe("b");
  });

  test("forgets a run that was late, wherever it stands", () => {
    const state = [admitted(1, "c"), admitted(2, "a"), admitted(3, "b")];
    expect(text(having(...state, withdrawn(2)))).toBe("b? c?");
    expect(text(having(...state, withdrawn(3)))).toBe("a? c?");
    expect(text(having(...state, opened(1), withdrawn(3), withdrawn(2)))).toBe("c");
  });

  test("knows how far it has taken in what was accepted, also when nothing of it is left", () => {
    expect(having(admitted(1, "a"), admitted(5, "b"), withdrawn(5)).through).toBe(5);
  });

  test("tells what came before a number", () => {
    const state = having(
      { type: "commit.seen", commit: "0" },
      admitted(2, "a"),
      admitted(4, "b"),
      admitted(6, "c"),
    );
    expect(earlierThan(state, 6).map(({ commit }) => commit)).toEqual(["b", "a", "0"]);
    expect(earlierThan(state, 2).map(({ commit }) => commit)).toEqual(["0"]);
  });

  test("remembers little: what is undecided, and one below each", () => {
    const steps = fc.array(fc.tuple(fc.nat({ max: 12 }), fc.boolean()), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (decisions) => {
        let state = having(...Array.from({ length: 12 }, (_, n) => admitted(n + 1, `${n + 1}`)));
        for (const [sequence, goes] of decisions) {
          const isOpen = state.entries.some((one) => one.sequence === sequence && one.opening === true);
          if (!isOpen) continue;
          // Whoever is below it and goes on is still there to be asked about.
          const below = earlierThan(state, sequence).find(({ opening }) => opening !== true);
          state = evolveRef(state, goes ? opened(sequence) : withdrawn(sequence));
          const newest = tipOf(state);
          if (below !== undefined && newest !== undefined && !goes) {
            expect(newest.sequence).toBeGreaterThanOrEqual(below.sequence);
          }
        }
        const undecided = state.entries.filter(({ opening }) => opening === true).length;
        expect(state.entries.length).toBeLessThanOrEqual(2 * undecided + 1);
      }),
    );
  });
});

describe("what a commit is known to come after", () => {
  const entry = (sequence: number, commit: string, before?: string) => ({
    commit,
    sequence,
    ...(before === undefined ? {} : { before }),
  });

  test.each([
    ["is left out, push by push", [entry(3, "c", "b"), entry(2, "b", "a"), entry(1, "a")], "c", ""],
    ["up to a push that nobody told of", [entry(3, "d", "c"), entry(1, "a")], "d", "a"],
    ["and beside a late one", [entry(3, "a"), entry(2, "c", "b"), entry(1, "b")], "c", "a"],
    ["is nothing when the push did not say", [entry(1, "a")], undefined, "a"],
  ])("%s", (_what, earlier, before, expected) => {
    const left = withoutPredecessors(earlier, before === undefined ? {} : { before });
    expect(left.map(({ commit }) => commit).join("")).toBe(expected);
  });
});
