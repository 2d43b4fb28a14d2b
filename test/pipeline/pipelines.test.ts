import { describe, expect, test } from "@jest/globals";
import {
  type Delivery,
  doubleReason,
  evolvePipeline,
  isQueued,
  NEW_PIPELINE,
  partsOfRunId,
  runIdOf,
  startedRun,
} from "../../shared/pipeline/pipelines.ts";
import { definition, T0 } from "./given.ts";

const commit = (letter: string) => letter.repeat(40);

function delivery(letter: string, change: Partial<Delivery> = {}): Delivery {
  return {
    id: "event-1",
    revision: { repository: "hello", ref: "refs/heads/main", commit: commit(letter) },
    people: { pusher: "arn:aws:iam::000000000000:user/ada" },
    trigger: { type: "push" },
    ...change,
  };
}

test("a run begins with everything that it will need", () => {
  const one = delivery("b");
  expect(startedRun(definition(), one, 7, {}, T0)).toEqual({
    type: "run.started",
    at: T0,
    runId: "hello-7",
    sequence: 7,
    revision: one.revision,
    people: one.people,
    deliveryId: "event-1",
    definition: definition(),
    trigger: { type: "push" },
    reused: {},
  });
});

test.each([
  ["hello-1", { pipeline: "hello", sequence: 1 }],
  ["hello-2-30", { pipeline: "hello-2", sequence: 30 }],
  ["hello", undefined],
  ["hello-", undefined],
  ["hello-0", undefined],
  ["hello-01", undefined],
  ["-1", undefined],
  ["hello-9999999999999999", undefined],
])("the id %s is %p", (runId, parts) => {
  expect(partsOfRunId(runId)).toEqual(parts);
  if (parts !== undefined) expect(runIdOf(parts.pipeline, parts.sequence)).toBe(runId);
});

describe("what a pipeline remembers", () => {
  test("how far it has taken in what was accepted, and its queue in the order of numbers", () => {
    const queued = [
      { runId: "hello-1", sequence: 1 },
      { runId: "hello-3", sequence: 3 },
    ];
    const one = evolvePipeline(NEW_PIPELINE, { type: "runs.admitted", through: 3, queued });
    const two = evolvePipeline(one, {
      type: "runs.admitted",
      through: 4,
      queued: [{ runId: "hello-4", sequence: 4 }],
    });
    const three = evolvePipeline(two, { type: "run.closed", runId: "hello-3" });
    expect(three).toEqual({
      ...NEW_PIPELINE,
      admitted: 4,
      active: [
        { runId: "hello-1", sequence: 1 },
        { runId: "hello-4", sequence: 4 },
      ],
    });
  });

  test("that it has looked at the branches once", () => {
    expect(evolvePipeline(NEW_PIPELINE, { type: "branches.seen" })).toEqual({
      ...NEW_PIPELINE,
      baselined: true,
    });
  });
});

test.each([
  ["queued", "push", true],
  ["queued", "pull-request", false],
  ["parallel", "push", false],
  ["superseded", "push", false],
] as const)("%s, a %s: in the queue %p", (mode, type, expected) => {
  const trigger = type === "push" ? { type } : { type, number: 7, fork: false };
  const started = startedRun(definition({ mode }), delivery("a", { trigger }), 1, {}, T0);
  expect(isQueued(started)).toBe(expected);
});

describe("a commit whose ref has a run of it already", () => {
  const run = { commit: commit("b"), runId: "hello-2", sequence: 2 };
  const seen = { commit: commit("b"), sequence: 0 };
  const older = { commit: commit("a"), runId: "hello-1", sequence: 1 };
  const BY_HAND = { type: "manual", by: "bob" } as const;

  test.each([
    ["is a double of it", delivery("b"), [run, older], "commit bbbbbbb of main has its run already: hello-2"],
    ["is none when it only was there before the pipeline", delivery("b"), [seen], undefined],
    [
      "is none when the ref has been at another since: it was set back",
      delivery("a"),
      [run, older],
      undefined,
    ],
    ["is built once more by hand", delivery("b", { trigger: BY_HAND }), [run], undefined],
    ["has none", delivery("b"), [], undefined],
  ])("%s", (_what, one, earlier, expected) => {
    expect(doubleReason(one, earlier)).toBe(expected);
  });
});
