import { describe, expect, test } from "@jest/globals";
import { playAll } from "./parallel.ts";
import { explainFailure, Tally } from "./report.ts";
import {
  BELIEVES_EVERY_END,
  BLIND_SWEEPS,
  FORGED_ANSWERS,
  FORGED_APPROVALS,
  HALF_AN_INDEX,
  IGNORES_VERSIONS,
  NO_BRANCHES,
  NO_CLAIMS,
  NO_CLOSED_NUMBERS,
  NO_HISTORY,
  NO_MIGRATIONS,
  NO_QUEUE,
  NO_RECORDS,
  NO_RETURNS,
  NO_STAGE_LOCK,
  NO_TOKENS,
  type Sabotage,
} from "./sabotage.ts";
import { simulate } from "./simulate.ts";
import { busy } from "./world/scenario.ts";

/** Of a run of all; `SCHEDULES` says otherwise. */
const SCHEDULES = Number(process.env.SCHEDULES ?? 2_000);

/** What has to have happened somewhere for the checks to mean something. */
const SITUATIONS = [
  "build.requested again",
  "build.stop-requested",
  "index.publish-requested again",
  "index.failed",
  "stage.waited",
  "stage.failed",
  "gate.voided",
  "approval.expired",
  "approval.refused",
  "deployment.requested again",
  "deployment.failed",
  "deployment.succeeded",
  "deployment.baking",
  "deployment.paused",
  "deployment.quarantined",
  "deployment.step-done",
  "pause.answered",
  "return.ended",
  "return.requested again",
  "run.superseded",
  "run.closed",
  "run.started by head",
  "run.started by rollback",
  "run.started by shift",
  "run.stop-requested",
  "run.started with images of others",
  "run.finished as too late",
  "task.ended",
  "task.requested again",
];

const { SEED } = process.env;

if (SEED !== undefined) {
  test(`the schedule of seed ${SEED}`, async () => {
    const seed = Number(SEED);
    if (!Number.isSafeInteger(seed)) throw new Error(`SEED must be a whole number, not "${SEED}"`);
    const simulated = await simulate(seed);
    if (simulated.violation !== undefined) throw new Error(await explainFailure(simulated));
  });
} else {
  describe("whatever fails, in whatever order, what always holds holds", () => {
    test(`${SCHEDULES} schedules`, async () => {
      const tally = new Tally();
      const results = await playAll(SCHEDULES);
      for (const simulated of results) tally.add(simulated);
      process.stdout.write(tally.text());
      const failed = results.find(({ violation }) => violation !== undefined);
      if (failed !== undefined) throw new Error(await explainFailure(failed));
      expect(tally.schedules).toBe(SCHEDULES);
      expect(tally.missing).toEqual([]);
      expect(SITUATIONS.filter((event) => tally.told(event) === 0)).toEqual([]);
    }, 300_000);
  });

  test(`${SCHEDULES / 25} schedules of many pushes, some late, some lost, where older commits may go first`, async () => {
    for (let seed = 1; seed <= SCHEDULES / 25; seed += 1) {
      const { violation } = await simulate(seed, { change: busy });
      if (violation !== undefined)
        throw new Error(`seed ${seed}: invariant ${violation.invariant}: ${violation.text}`);
    }
  }, 120_000);

  test("the same seed gives the same schedule, another one another", async () => {
    const once = await simulate(7, { trace: true });
    const again = await simulate(7, { trace: true });
    const other = await simulate(8, { trace: true });
    expect(once.trace.length).toBeGreaterThan(50);
    expect(again.trace).toEqual(once.trace);
    expect(again.faults).toEqual(once.faults);
    expect(other.trace).not.toEqual(once.trace);
  });

  describe("a core that is broken is found out", () => {
    /** How many seeds it may take. */
    const WITHIN = 500;

    const unchanged: typeof busy = (scenario) => scenario;

    const broken: readonly (readonly [string, Sabotage, readonly number[], typeof busy?])[] = [
      ["an index is published without one of its platforms", HALF_AN_INDEX, [1]],
      ["commands are carried out without a claim", NO_CLAIMS, [2, 7]],
      ["the store ignores the expected version", IGNORES_VERSIONS, [2, 6, 7, 8, 9]],
      ["anybody enters a stage at any time", NO_STAGE_LOCK, [3, 7, 8, 9]],
      ["approvals are forged", FORGED_APPROVALS, [4]],
      ["a rollback is taken for a success", BELIEVES_EVERY_END, [5]],
      ["answers to a pause are forged", FORGED_ANSWERS, [4]],
      ["a task is run twice", NO_TOKENS, [2, 4]],
      ["a service is moved without its migration", NO_MIGRATIONS, [4]],
      ["a service that has to go back stays", NO_RETURNS, [9]],
      ["refusals are not recorded", NO_RECORDS, [6]],
      ["sweeps see no run", BLIND_SWEEPS, [6, 7]],
      ["sweeps see no branch", NO_BRANCHES, [6, 7]],
      ["a queue that lets everybody pass", NO_QUEUE, [3]],
      ["numbers may be used behind a reader's back", NO_CLOSED_NUMBERS, [6]],
      ["older commits are taken for newer ones", NO_HISTORY, [3], busy],
    ];

    test.each(broken)("%s", async (_name, sabotage, invariants, change = unchanged) => {
      for (let seed = 1; seed <= WITHIN; seed += 1) {
        const { violation } = await simulate(seed, { sabotage, change });
        if (violation === undefined) continue;
        expect(invariants).toContain(violation.invariant);
        return;
      }
      throw new Error(`${WITHIN} schedules, and nobody noticed`);
    });
  });
}
