import { describe, expect, test } from "@jest/globals";
import { rollbackOf } from "../../shared/pipeline/derive.ts";
import { leavingOf } from "../../shared/pipeline/leaving.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import {
  evolveStageLock,
  FREE,
  liveRelease,
  previousRelease,
  type StageLock,
} from "../../shared/pipeline/stage-lock.ts";
import { enterStage, leaveStage } from "../../shared/pipeline/stages.ts";
import { brought, CAPACITY, doingWithout } from "./derived.ts";
import { INDEX, runAfter, stageOf, started, T0 } from "./given.ts";
import { begun, entered, failed, idOf, of, plus, STAGE, stageWith, succeeded, target } from "./rolling.ts";

describe("what a run leaves behind in the stage", () => {
  /** As the stage's lock is when the run has left it. */
  function left(run: Run, before: StageLock = FREE): StageLock {
    const entry = enterStage(
      before,
      { runId: run.id, sequence: run.sequence },
      "superseded",
      false,
      [],
      true,
    );
    const inside = entry.events.reduce(evolveStageLock, before);
    return leaveStage(inside, run.id, leavingOf(run, stageOf(run))).events.reduce(evolveStageLock, inside);
  }
  const run = (sequence: number, from: Run, trigger?: Run["trigger"]): Run => ({
    ...from,
    id: `hello-${sequence}`,
    sequence,
    ...(trigger === undefined ? {} : { trigger }),
  });
  const succeededAgain = plus(doingWithout, { ...succeeded("web"), deploymentId: "ecs-svc/web-again" });
  const shiftOnly = (services: readonly string[]) =>
    services.reduce(
      (now, service) => plus(now, ...begun(service), succeeded(service)),
      entered(stageWith(services.map((service) => target(service)))),
    );

  test("the release, and what it does without", () => {
    expect(liveRelease(left(succeededAgain))).toMatchObject({
      runId: "hello-1",
      release: INDEX,
      quarantined: { [`${STAGE}/web`]: { architecture: "arm64" } },
    });
  });

  test("a service that is confined since an image lacks an architecture does without that", () => {
    const confined = plus(
      entered(stageWith([target("web")]), {
        constrainTo: "x86_64",
        capacity: CAPACITY,
        notes: ["container web has no linux/arm64 image"],
      }),
      ...begun("web"),
      succeeded("web"),
    );
    expect(liveRelease(left(confined))?.quarantined).toEqual({
      [`${STAGE}/web`]: {
        architecture: "arm64",
        reason: "container web has no linux/arm64 image",
        capacity: CAPACITY,
      },
    });
  });

  test("a run that moves another service of the same release forgets no quarantine, one that moves this does", () => {
    const live = left(succeededAgain);
    const shift = { type: "shift", by: "bob", of: "hello-1" } as const;
    const api = liveRelease(left(run(2, shiftOnly(["api"]), shift), live));
    expect(api).toMatchObject({
      runId: "hello-2",
      quarantined: { [`${STAGE}/web`]: { architecture: "arm64" } },
    });
    const web = liveRelease(left(run(2, shiftOnly(["web"]), shift), live));
    expect(web).not.toHaveProperty("quarantined");
  });

  test("another release begins without", () => {
    const next = run(2, brought());
    const other: Run = {
      ...next,
      images: next.images.map((image) => ({
        ...image,
        state: image.state.status === "published" ? { ...image.state, digest: "sha256:other" } : image.state,
      })),
    };
    const lock = left(other, left(succeededAgain));
    expect(liveRelease(lock)).not.toHaveProperty("quarantined");
    expect(previousRelease(lock)).toMatchObject({ runId: "hello-1" });
  });

  test("a shift that went back to the weights before has left the release; a release that went back has not", () => {
    const shifting = entered(
      stageWith([target("web", { shift: [{ weights: { x86: 0 }, bakeMinutes: 0 }] })]),
    );
    const at1 = plus(
      shifting,
      ...begun("web"),
      { type: "deployment.step-done", ...of("web"), step: 0 },
      ...begun("web", 1),
    );
    const back = plus(
      at1,
      failed("web", { deploymentId: idOf("web", 1) }),
      { type: "return.started", ...of("web"), deploymentId: "ecs-svc/back" },
      { type: "return.ended", ...of("web") },
    );
    const lock = left(back);
    expect(liveRelease(lock)).toMatchObject({ runId: "hello-1" });
    expect(lock.hold?.reason).toContain("hello-1 was rolled back");
    const both = plus(
      entered(stageWith([target("api"), target("web")])),
      ...begun("api"),
      succeeded("api"),
      ...begun("web"),
      failed("web"),
    );
    const gone = ["web", "api"].reduce(
      (now, service) =>
        plus(
          now,
          { type: "return.started", ...of(service), deploymentId: "x" },
          { type: "return.ended", ...of(service) },
        ),
      both,
    );
    expect(liveRelease(left(gone))).toBeUndefined();
    expect(rollbackOf(gone, STAGE, "bob", "x")).toHaveProperty("problem");
    expect(rollbackOf(back, STAGE, "bob", "x")).not.toHaveProperty("problem");
  });

  test("after going back the stage is held, unless the way back was stopped before it began", () => {
    const back = { type: "rollback", by: "bob", to: "hello-1", reason: "errors" } as const;
    expect(left(run(3, brought(), back)).hold).toEqual({
      runId: "hello-3",
      reason: "bob went back to hello-1: errors",
    });
    const waiting = runAfter(started({ definition: brought().definition, trigger: back }), {
      type: "stage.waited",
      at: T0,
      stage: STAGE,
      behind: "hello-2",
      why: "busy",
    });
    const stopped = plus(waiting, { type: "stage.stopped", at: T0, stage: STAGE });
    expect(left(stopped).hold).toBeUndefined();
  });
});
