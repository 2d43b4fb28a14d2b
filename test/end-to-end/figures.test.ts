import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { isGated, releaseOf } from "./support/api.ts";
import type { Call } from "./support/control.ts";
import { andThen } from "./support/functions.ts";
import { eventually } from "./support/poll.ts";
import { application } from "./support/working-copy.ts";
import { openWorld, seed, type World } from "./support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await seed(world, ["staging", "production"]);
}, 90_000);
afterAll(() => world.close(), 30_000);

/**
 * Every call takes so long that those which are sent together overlap, also on a machine with two cores: what does not
 * overlap waited for the one before.
 */
const CALL_MS = 50;
const DELAYED = [
  ...["dynamodb.Query", "dynamodb.GetItem", "dynamodb.PutItem"],
  ...["ecr.BatchGetImage", "ecr.PutImage"],
  ...["DescribeServices", "DescribeTaskDefinition", "RegisterTaskDefinition", "UpdateService"].map(
    (name) => `ecs.${name}`,
  ),
  // What the architecture gate asks, beside the registration.
  ...["DescribeCapacityProviders", "ListContainerInstances", "DescribeContainerInstances"].map(
    (name) => `ecs.${name}`,
  ),
];

/** The longest chain of calls of which each began only when the one before had ended: side by side counts once. */
function oneAfterAnother(calls: readonly Call[]): readonly Call[] {
  const chain: Call[] = [];
  for (const call of [...calls].sort((a, b) => a.endMs - b.endMs)) {
    if (call.startMs >= (chain.at(-1)?.endMs ?? 0)) chain.push(call);
  }
  return chain;
}

function untilUpdateService(calls: readonly Call[]): readonly Call[] {
  const update = calls.findIndex(({ operation }) => operation === "UpdateService");
  expect(update).toBeGreaterThan(0);
  return calls.slice(0, update + 1);
}

/** Prints the calls, and makes sure that each was slowed down, and that none failed. */
function show(from: string, path: readonly Call[], chain: readonly Call[]): void {
  const lines = path.map((call) => {
    const at = chain.indexOf(call);
    return `${at < 0 ? "  " : String(at + 1).padStart(2)}  ${call.service}.${call.operation}`;
  });
  process.stdout.write(
    `from ${from} to UpdateService, ${chain.length} calls one after another (those without a number beside them):\n${lines.join("\n")}\n`,
  );
  expect(chain.at(-1)?.operation).toBe("UpdateService");
  for (const { service, operation } of path) expect(DELAYED).toContain(`${service}.${operation}`);
  expect(path.map(({ error }) => error)).toEqual(path.map(() => undefined));
}

test("from the last build's success event to UpdateService it takes at most 12 AWS calls one after another", async () => {
  const { api, aws, control, copy } = world;
  const TYPE = "CodeBuild Build State Change";
  // Held back, so that the second event finds the first one's work done, and what is counted is its own.
  await control.loseEvents(TYPE, 1000);
  const commit = await copy.commit(application(1));
  await copy.push();
  const id = await api.runOf(commit);
  const successes = await eventually(async () => {
    const ends = (await control.events()).filter(
      ({ event }) =>
        event["detail-type"] === TYPE && JSON.stringify(event.detail).includes('"build-status":"SUCCEEDED"'),
    );
    return ends.length === 2 ? ends.map(({ event }) => event.id) : undefined;
  }, "both builds' success events");
  const [first = "", last = ""] = successes;
  await andThen(aws, /onBuildChange/, async () => (await control.replay(first)).length);
  expect(await api.run(id)).toMatchObject({ status: "building" });

  for (const operation of DELAYED) await control.delayCalls(operation, CALL_MS);
  const since = await control.lastCall();
  await andThen(aws, /onBuildChange/, async () => (await control.replay(last)).length);
  const calls = (await control.calls(since)).filter(({ caller }) => caller.endsWith("onBuildChange"));
  const path = untilUpdateService(calls);
  const chain = oneAfterAnother(path);
  show("the last build's success event", path, chain);
  expect(chain.length).toBeLessThanOrEqual(12);
  // The index takes two calls of ECR one after another: a look at its children, and the index under every tag at once.
  const lastPut = path.findLastIndex(({ operation }) => operation === "PutImage");
  const registry = path.slice(0, lastPut + 1).filter(({ service }) => service === "ecr");
  expect(new Set(registry.map(({ operation }) => operation))).toEqual(new Set(["BatchGetImage", "PutImage"]));
  expect(oneAfterAnother(registry)).toHaveLength(2);
});

test("from an approval to UpdateService it takes at most 9 AWS calls one after another", async () => {
  const { api, control } = world;
  const [first] = await api.runs();
  const run = await api.until(first?.id ?? "", isGated("production"));
  for (const operation of DELAYED) await control.delayCalls(operation, CALL_MS);
  const since = await control.lastCall();
  expect(
    await api.decide(run.id, "production", "bob", "approve", releaseOf(run, "production")),
  ).toMatchObject({
    status: 200,
  });
  const calls = (await control.calls(since)).filter(({ caller }) => caller.endsWith("httpApi"));
  const path = untilUpdateService(calls);
  const chain = oneAfterAnother(path);
  show("an approval", path, chain);
  expect(chain.length).toBeLessThanOrEqual(9);
});
