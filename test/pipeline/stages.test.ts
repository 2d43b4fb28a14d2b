import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Mode } from "../../shared/pipeline/definition.ts";
import {
  evolveStageLock,
  FREE,
  type StageLock,
  type StageLockEvent,
} from "../../shared/pipeline/stage-lock.ts";
import { beginStage, type Entry, enterStage, leaveStage } from "../../shared/pipeline/stages.ts";

const run = (sequence: number) => ({ runId: `r${sequence}`, sequence });

function apply(lock: StageLock, { events }: { readonly events: readonly StageLockEvent[] }): StageLock {
  return events.reduce(evolveStageLock, lock);
}

/** A lock after runs have asked for it in turn. */
function asked(mode: Mode, gated: boolean, ...sequences: readonly number[]): StageLock {
  return sequences.reduce(
    (lock, sequence) => apply(lock, enterStage(lock, run(sequence), mode, gated)),
    FREE,
  );
}

const held: StageLock = { ...FREE, sequence: 2, newest: "r2", hold: { runId: "r2", reason: "rolled back" } };
const told = ({ answer, displaced }: Entry) => {
  const by =
    answer.type === "entered" || answer.type === "left"
      ? ""
      : ` ${answer.type === "waits" ? answer.behind : answer.by}`;
  const gone = displaced.length === 0 ? "" : `, ${displaced.join(" and ")} displaced`;
  return `${answer.type}${by}${gone}`;
};

describe("a run asks for a stage", () => {
  const gatedBy3 = asked("superseded", true, 3);
  const deployedBy3 = asked("superseded", false, 3);
  const queuedBehind3 = asked("queued", true, 3, 5, 4);

  test.each([
    // [what, the lock, mode, who asks, the answer]
    ["free", FREE, "superseded", 3, "entered"],
    [
      "free after an older run",
      apply(deployedBy3, leaveStage(deployedBy3, "r3", { outcome: "succeeded" })),
      "superseded",
      4,
      "entered",
    ],
    [
      "free after a newer run",
      apply(deployedBy3, leaveStage(deployedBy3, "r3", { outcome: "succeeded" })),
      "superseded",
      2,
      "superseded r3",
    ],
    [
      "free after a newer run, queued",
      apply(deployedBy3, leaveStage(deployedBy3, "r3", { outcome: "succeeded" })),
      "queued",
      2,
      "superseded r3",
    ],
    [
      "free after a newer run, parallel",
      apply(deployedBy3, leaveStage(deployedBy3, "r3", { outcome: "succeeded" })),
      "parallel",
      2,
      "superseded r3",
    ],
    ["one's own", gatedBy3, "superseded", 3, "entered"],
    ["an older run at the gate gives way", gatedBy3, "superseded", 4, "entered, r3 displaced"],
    ["an older run at the gate, queued: it was first", gatedBy3, "queued", 4, "waits r3"],
    ["an older run at the gate, parallel: it was first", gatedBy3, "parallel", 4, "waits r3"],
    ["a newer run at the gate", gatedBy3, "superseded", 2, "superseded r3"],
    ["a newer run at the gate, queued: it has not deployed yet", gatedBy3, "queued", 2, "waits r3"],
    ["an older run deploying never gives way", deployedBy3, "superseded", 4, "waits r3"],
    [
      "older runs waiting give way",
      asked("superseded", false, 3, 4),
      "superseded",
      5,
      "waits r3, r4 displaced",
    ],
    ["a newer run waiting", asked("superseded", false, 3, 5), "superseded", 4, "superseded r5"],
    ["runs waiting, queued: in their order", queuedBehind3, "queued", 6, "waits r3"],
    ["held after a rollback", held, "superseded", 3, "waits r2"],
    ["held after a rollback, queued", held, "queued", 3, "waits r2"],
  ] satisfies readonly (readonly [string, StageLock, Mode, number, string])[])(
    "%s",
    (_what, lock, mode, sequence, expected) => {
      expect(told(enterStage(lock, run(sequence), mode, true))).toBe(expected);
    },
  );

  test("those who wait are served by their sequence, not by when they asked", () => {
    expect(queuedBehind3.queue.map(({ runId }) => runId)).toEqual(["r4", "r5"]);
    const left = leaveStage(queuedBehind3, "r3", { outcome: "succeeded" });
    expect(left.next).toBe("r4");
    const free = apply(queuedBehind3, left);
    expect(told(enterStage(free, run(5), "queued", true))).toBe("waits r4");
    expect(told(enterStage(free, run(4), "queued", true))).toBe("entered");
  });
});

describe("from the gate to the deployments", () => {
  test("the holder goes on, and only then the stage's sequence rises", () => {
    const gated = asked("superseded", true, 3);
    expect(gated.sequence).toBe(0);
    const deploying = apply(gated, beginStage(gated, "r3"));
    expect(deploying).toMatchObject({ sequence: 3, newest: "r3", holder: { phase: "deploying" } });
    expect(beginStage(deploying, "r3")).toEqual({ events: [], displaced: [] });
  });

  test("who has been displaced is told by whom", () => {
    expect(beginStage(asked("superseded", true, 3, 4), "r3")).toEqual({
      events: [],
      displacedBy: "r4",
      displaced: [],
    });
  });

  test("older runs that waited can never have their turn then: they leave the queue, and are told", () => {
    const gated = asked("queued", true, 3, 2, 4);
    const begun = beginStage(gated, "r3");
    expect(begun.displaced).toEqual(["r2"]);
    const lock = apply(gated, begun);
    expect(told(enterStage(lock, run(2), "queued", true))).toBe("superseded r3");
    const left = leaveStage(lock, "r3", { outcome: "succeeded" });
    expect(left.next).toBe("r4");
    expect(told(enterStage(apply(lock, left), run(4), "queued", true))).toBe("entered");
  });
});

describe("a run leaves a stage", () => {
  const waiting = asked("superseded", false, 3, 4);

  test.each(["succeeded", "failed", "refused", "expired"] as const)("%s: the next is woken", (outcome) => {
    expect(leaveStage(waiting, "r3", { outcome })).toEqual({
      events: [{ type: "stage.left", runId: "r3", outcome }],
      next: "r4",
    });
  });

  test("rolled back: the stage is held, and nobody is woken until somebody releases it", () => {
    const left = leaveStage(waiting, "r3", {
      outcome: "rolled-back",
      hold: "ECS rolled its deployment back",
    });
    expect(left.next).toBeUndefined();
    const lock = apply(waiting, left);
    expect(told(enterStage(lock, run(4), "superseded", false))).toBe("waits r3");
    const released = apply(lock, { events: [{ type: "stage.released", by: "bob", reason: "mended" }] });
    expect(told(enterStage(released, run(4), "superseded", false))).toBe("entered");
  });

  test("a run that has left does not come back, however late somebody asks for it", () => {
    const lock = apply(waiting, leaveStage(waiting, "r3", { outcome: "failed" }));
    expect(told(enterStage(lock, run(3), "superseded", false))).toBe("left");
  });

  test("leaving twice changes nothing, but wakes again: the first may have crashed before", () => {
    const lock = apply(waiting, leaveStage(waiting, "r3", { outcome: "succeeded" }));
    expect(leaveStage(lock, "r3", { outcome: "succeeded" })).toEqual({ events: [], next: "r4" });
  });
});

describe("whatever runs do, in any order", () => {
  const act = fc.record({
    does: fc.constantFrom("enter", "begin", "succeed", "fail", "roll back", "release"),
    sequence: fc.integer({ min: 1, max: 6 }),
  });
  const mode = fc.constantFrom<Mode>("superseded", "queued", "parallel");
  type Act = { readonly does: string; readonly sequence: number };

  function decide(lock: StageLock, { does, sequence }: Act, of: Mode, gated: boolean) {
    const { runId } = run(sequence);
    switch (does) {
      case "enter":
        return enterStage(lock, run(sequence), of, gated);
      case "begin":
        return beginStage(lock, runId);
      case "succeed":
        return leaveStage(lock, runId, { outcome: "succeeded" });
      case "fail":
        return leaveStage(lock, runId, { outcome: "failed" });
      case "roll back":
        return leaveStage(lock, runId, { outcome: "rolled-back", hold: "ECS rolled its deployment back" });
      default:
        return { events: [{ type: "stage.released", by: "bob", reason: "mended" }] as const };
    }
  }

  test("the sequence never decreases, whoever deploys is the newest, and nobody both holds and waits", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), mode, fc.boolean(), (acts, of, gated) => {
        let lock = FREE;
        for (const one of acts) {
          const next = apply(lock, decide(lock, one, of, gated));
          expect(next.sequence).toBeGreaterThanOrEqual(lock.sequence);
          if (next.holder?.phase === "deploying") expect(next.holder.sequence).toBe(next.sequence);
          expect(next.queue.map(({ runId }) => runId)).not.toContain(next.holder?.runId);
          lock = next;
        }
      }),
    );
  });

  test("the stage changes hands only by leaving or being displaced: there are never two holders", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), mode, fc.boolean(), (acts, of, gated) => {
        let lock = FREE;
        for (const one of acts) {
          for (const event of decide(lock, one, of, gated).events) {
            if (event.type === "stage.entered") expect(lock.holder).toBeUndefined();
            if (event.type === "stage.displaced" && lock.holder?.runId === event.runId) {
              expect(lock.holder.phase).toBe("gated");
            }
            lock = evolveStageLock(lock, event);
          }
        }
      }),
    );
  });

  test("nobody waits who can never have the stage", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), mode, fc.boolean(), (acts, of, gated) => {
        const lock = acts.reduce((before, one) => apply(before, decide(before, one, of, gated)), FREE);
        for (const { sequence } of lock.queue) expect(sequence).toBeGreaterThan(lock.sequence);
      }),
    );
  });

  test("asking twice gives the same answer, and nothing is stored twice", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 20 }), act, mode, fc.boolean(), (acts, last, of, gated) => {
        const lock = acts.reduce((before, one) => apply(before, decide(before, one, of, gated)), FREE);
        const first = enterStage(lock, run(last.sequence), of, gated);
        const second = enterStage(apply(lock, first), run(last.sequence), of, gated);
        expect(second.answer).toEqual(first.answer);
        expect(second.events).toEqual([]);
      }),
    );
  });
});
