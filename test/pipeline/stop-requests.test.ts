import { describe, expect, test } from "@jest/globals";
import type { RunEventOf } from "../../shared/pipeline/events.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { commandsOf, T0 } from "./given.ts";
import { begun, entered, GATED, plus, STAGE, stageWith, succeeded, target, why } from "./rolling.ts";

describe("a run that is to stop", () => {
  const stop: RunEventOf<"run.stop-requested"> = {
    type: "run.stop-requested",
    at: T0,
    person: "bob",
    identity: "bob",
    reason: "wrong",
  };
  const ends = (run: Run): readonly string[] => {
    const stopped = plus(run, { type: "stage.stopped", at: T0, stage: STAGE });
    const left = plus(stopped, { type: "stage.left", at: T0, stage: STAGE });
    return [...commandsOf(run, T0), ...commandsOf(stopped, T0), ...commandsOf(left, T0)];
  };
  const ending = ["record stage.stopped", `leave-stage ${STAGE}`, "record run.finished stopped"];

  test("at its gate ends there, and leaves the stage", () => {
    const gated = entered(stageWith([target("web")], GATED));
    expect(ends(plus(gated, stop))).toEqual(ending);
  });

  test("also before the stage is entered: whoever is about to enter has taken it already", () => {
    const gated = entered(stageWith([target("web")], GATED));
    const pending: Run = {
      ...gated,
      stages: gated.stages.map(({ definition }) => ({ definition, state: { status: "pending" } })),
    };
    const run = plus(pending, stop);
    expect(ends(run)).toEqual(ending);
    const stopped = plus(run, { type: "stage.stopped", at: T0, stage: STAGE });
    expect(why(stopped, { type: "stage.entered", at: T0, stage: STAGE, deployments: [] })).toContain(
      "changes nothing",
    );
  });

  test("that deploys comes to the end of the stage first", () => {
    const rolling = plus(entered(stageWith([target("web")])), ...begun("web"), stop);
    expect(commandsOf(rolling, T0)).toEqual([]);
    const done = plus(rolling, succeeded("web"));
    expect(commandsOf(done, T0)).toEqual([`leave-stage ${STAGE}`]);
  });

  test("nobody stops it twice, and what has ended cannot be stopped", () => {
    const gated = plus(entered(stageWith([target("web")], GATED)), stop);
    expect(why(gated, { ...stop, person: "carol" })).toContain("changes nothing");
  });
});
