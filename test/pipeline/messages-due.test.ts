import { describe, expect, test } from "@jest/globals";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import {
  type Message,
  MOST_TRIES,
  messageProblems,
  pauseAfter,
  unsent,
} from "../../shared/pipeline/messages-due.ts";
import { plan } from "../../shared/pipeline/plan.ts";
import { LEASE_MILLISECONDS } from "../../shared/pipeline/silence.ts";
import type { Told } from "../../shared/pipeline/telling-events.ts";
import { headOf, viewOf } from "../../shared/pipeline/view.ts";
import { approvalBy, MINUTE, started, T0, UNTIL_GATED, UNTIL_PUBLISHED } from "./given.ts";
import { BUS, due, further, HOOK, heard, SLACK, shown, TOPIC, toldRun } from "./told.ts";

const approved: readonly RunEvent[] = [
  approvalBy("bob"),
  { type: "stage.deploying", at: T0, stage: "production" },
];

describe("a channel of the bot's", () => {
  test("is told nothing of a run as long as there is nothing that it wants to hear", () => {
    expect(due(toldRun([SLACK], [started()]))).toEqual([]);
    expect(shown(due(toldRun([{ ...SLACK, about: ["runs"] }], [started()])))).toEqual([
      "slack C0123456789: thread",
    ]);
  });

  test("then gets one thread, whose head follows the run", () => {
    const run = toldRun([SLACK], UNTIL_GATED);
    expect(shown(due(run))).toEqual([
      "slack C0123456789: thread",
      "slack C0123456789: stage staging=succeeded",
      "slack C0123456789: approval production=wanted 0",
    ]);
    expect(due(heard(run))).toEqual([]);
    expect(shown(due(further(heard(run), ...approved)))).toEqual([
      "slack C0123456789: thread updates thread",
      "slack C0123456789: approval production=approved 0 updates approval production",
      "slack C0123456789: stage production=deploying",
    ]);
  });

  test("hears of what people are to look at anew, and not by a change that nobody notices", () => {
    const asked = heard(toldRun([SLACK], UNTIL_GATED));
    const refused: RunEvent = { ...approvalBy("bob"), type: "approval.refused" };
    expect(shown(due(further(asked, refused)))).toContain("slack C0123456789: approval production=refused 0");
  });

  test("that has the approval's question gets its correction when a newer run takes over; one that has not, none", () => {
    const superseded: RunEvent = { type: "run.superseded", at: T0, by: "hello-2" };
    const run = toldRun([SLACK], UNTIL_GATED);
    expect(shown(due(further(heard(run), superseded)))).toContain(
      "slack C0123456789: approval production=closed 0 updates approval production",
    );
    expect(shown(due(further(run, superseded)))).not.toContain(
      "slack C0123456789: approval production=closed 0",
    );
  });
});

describe("channels that cannot take anything back", () => {
  test("get each piece of news once, of what they want", () => {
    const run = toldRun([HOOK, TOPIC], UNTIL_GATED);
    expect(shown(due(run))).toEqual(["slack webhook releases: approval production=wanted 0"]);
    const told = heard(run);
    expect(shown(due(further(told, ...approved)))).toEqual([
      "slack webhook releases: approval production=approved 0",
    ]);
  });

  test("are not told of one approval of two; a program is", () => {
    const stages = toldRun([HOOK, BUS], UNTIL_GATED).definition.stages.map((stage) =>
      stage.approval === undefined ? stage : { ...stage, approval: { ...stage.approval, required: 2 } },
    );
    const asked = heard(toldRun([HOOK, BUS], UNTIL_GATED, { stages }));
    expect(shown(due(further(asked, approvalBy("bob"))))).toEqual([
      "event-bridge default: approval production=wanted 0",
    ]);
  });
});

describe("telling is claimed, and comes back when the claim is stale", () => {
  test("by a plan beside everything else, also when the run has ended", () => {
    const superseded: RunEvent = { type: "run.superseded", at: T0, by: "hello-2" };
    const run = further(toldRun([BUS], UNTIL_PUBLISHED), superseded);
    const planned = plan(run, T0);
    expect(planned).toEqual([expect.objectContaining({ type: "send-messages", lease: 0 })]);
    expect(headOf(run, 1).active).toBe(true);
    const claimed = further(run, { type: "messages.requested", at: T0, lease: 0 });
    expect(plan(claimed, T0 + LEASE_MILLISECONDS - 1)).toEqual([]);
    expect(plan(claimed, T0 + LEASE_MILLISECONDS)).toEqual([expect.objectContaining({ lease: 1 })]);
    const done = heard(run);
    expect(plan(done, T0)).toEqual([]);
    expect(headOf(done, 2).active).toBe(false);
  });
});

describe("what a channel does not take", () => {
  const failing =
    (tries: number, final = false) =>
    ({ mark, detail }: Message): Told => ({
      failed: { mark, detail, at: T0, tries, final, problem: "Slack answered 500" },
    });

  test("is tried again later, and later still, and shows meanwhile", () => {
    const run = heard(toldRun([HOOK], UNTIL_GATED), T0, failing(2));
    expect(due(run, T0 + pauseAfter(2) - 1)).toEqual([]);
    expect(due(run, T0 + pauseAfter(2))).toHaveLength(1);
    expect(pauseAfter(MOST_TRIES)).toBeGreaterThan(pauseAfter(1));
    expect(messageProblems(run)).toEqual(["slack webhook releases: Slack answered 500"]);
    expect(viewOf(run).messageProblems).toEqual(["slack webhook releases: Slack answered 500"]);
    expect(viewOf(run).explanation[1]).toBe(
      "not everybody is told: slack webhook releases: Slack answered 500",
    );
  });

  test("for good is not tried again, before there is something new", () => {
    const run = heard(toldRun([HOOK], UNTIL_GATED), T0, failing(1, true));
    expect(unsent(run)).toEqual([]);
    expect(shown(due(further(run, ...approved)))).toEqual([
      "slack webhook releases: approval production=approved 0",
    ]);
  });

  test("does not keep a correction from finding its message", () => {
    const asked = heard(toldRun([SLACK], UNTIL_GATED));
    const changed = further(asked, ...approved);
    const failed = heard(changed, T0, (message) => {
      const id = message.updates;
      const said = { mark: "before", detail: "", ...(id === undefined ? {} : { id }) };
      return { said, ...failing(1)(message) };
    });
    expect(shown(due(failed, T0 + MINUTE))).toContain(
      "slack C0123456789: approval production=approved 0 updates approval production",
    );
  });

  test("at the head of a thread keeps the thread waiting", () => {
    const run = heard(toldRun([SLACK], UNTIL_GATED), T0, ({ key, ...message }) =>
      key === "thread" ? failing(1)({ key, ...message }) : {},
    );
    expect(due(run, T0 + 1)).toEqual([]);
    expect(due(run, T0 + MINUTE)).toHaveLength(3);
    const refused = heard(toldRun([SLACK], UNTIL_GATED), T0, failing(1, true));
    expect(unsent(refused)).toEqual([]);
  });
});
