import { describe, expect, test } from "@jest/globals";
import { runStream } from "../../shared/advance.ts";
import type { Mode } from "../../shared/pipeline/definition.ts";
import { APPROVAL, PRODUCTION, STAGING } from "../pipeline/given.ts";
import { codecommitPipeline, githubPipeline } from "./sources.ts";
import { World } from "./world.ts";

const CANARY = {
  name: "canary",
  deploy: [{ cluster: "canary", service: "web", containers: { web: "hello" } }],
};

async function push(world: World, letters: string): Promise<void> {
  for (const letter of letters) {
    await world.deliver(letter, world.repository.push(letter));
    await world.open();
  }
}

/** The sequence of what was deployed to a stage, in order. */
const sequences = (world: World, stage: string) =>
  world.deployed.flatMap((line) => {
    const [where, sequence] = line.split(" ");
    return where === stage ? [Number(sequence)] : [];
  });

const hosts = [
  ["codecommit", codecommitPipeline],
  ["github", githubPipeline],
] as const;

describe.each(hosts)("queued, %s: one after another", (_host, pipelineAt) => {
  const queued = pipelineAt({ mode: "queued", stages: [STAGING, CANARY] });

  test("a later run whose builds are faster waits for the earlier at the stage, and says for which", async () => {
    const world = new World(queued);
    world.slow.add("hello-1");
    await push(world, "abc");
    expect(world.deployed).toEqual([]);
    expect(await world.explain("hello-2")).toContain("staging waits: hello-1 has the stage");
    await world.finishBuilds("hello-1");
    expect(sequences(world, "staging")).toEqual([1, 2, 3]);
    expect(sequences(world, "canary")).toEqual([1, 2, 3]);
    expect(await world.runs()).toEqual(["1 a succeeded", "2 b succeeded", "3 c succeeded"]);
  });

  test("whatever the order in which builds end", async () => {
    for (const order of ["123", "132", "213", "231", "312", "321"]) {
      const world = new World(queued);
      for (const n of order) world.slow.add(`hello-${n}`);
      await push(world, "abc");
      for (const n of order) await world.finishBuilds(`hello-${n}`);
      expect([order, sequences(world, "staging"), sequences(world, "canary")]).toEqual([
        order,
        [1, 2, 3],
        [1, 2, 3],
      ]);
      expect((await world.pipeline()).active).toEqual([]);
    }
  });

  test("a run that fails before the stage lets the next go on at once", async () => {
    const world = new World(queued);
    world.slow.add("hello-1");
    await push(world, "ab");
    expect(world.deployed).toEqual([]);
    await world.failBuilds("hello-1");
    expect(await world.runs()).toEqual(["1 a failed", "2 b succeeded"]);
    expect(world.deployed).toEqual(["staging 2 b", "canary 2 b"]);
  });

  test("a run in the middle that fails wakes the one after it only when its turn has come", async () => {
    const world = new World(queued);
    for (const n of [1, 2]) world.slow.add(`hello-${n}`);
    await push(world, "abc");
    await world.failBuilds("hello-2");
    expect(world.deployed).toEqual([]);
    await world.finishBuilds("hello-1");
    expect(sequences(world, "staging")).toEqual([1, 3]);
  });

  test("a run that fails first leaves the order of the two behind it", async () => {
    const world = new World(queued);
    for (const n of [1, 2]) world.slow.add(`hello-${n}`);
    await push(world, "abc");
    await world.failBuilds("hello-1");
    expect(world.deployed).toEqual([]);
    await world.finishBuilds("hello-2");
    expect(sequences(world, "staging")).toEqual([2, 3]);
  });

  test("while one waits for its approval, the next may be in an earlier stage, and no further", async () => {
    const world = new World(pipelineAt({ mode: "queued", stages: [STAGING, PRODUCTION] }));
    await push(world, "ab");
    expect(world.deployed).toEqual(["staging 1 a", "staging 2 b"]);
    expect(await world.explain("hello-2")).toContain("production waits: hello-1 has the stage");
    await world.approve("hello-1", "production");
    expect(world.deployed).toEqual(["staging 1 a", "staging 2 b", "production 1 a"]);
    await world.approve("hello-2", "production");
    expect(world.deployed.at(-1)).toBe("production 2 b");
  });

  test("an approval that expires lets the next have its turn", async () => {
    const world = new World(pipelineAt({ mode: "queued", stages: [STAGING, PRODUCTION] }));
    await push(world, "ab");
    world.now += APPROVAL.expiresAfter;
    await world.sweep();
    expect(await world.status("hello-1")).toBe("failed");
    const { stages } = await world.run("hello-2");
    expect(stages[1]?.state.status).toBe("gated");
  });

  test("a run is closed once, and its end stays the last thing that is said of it", async () => {
    const world = new World(queued);
    await push(world, "ab");
    for (let n = 0; n < 3; n += 1) await world.sweep();
    for (const runId of ["hello-1", "hello-2"]) {
      const { events } = await world.store.streams.load(runStream(runId));
      const types = events.map((event) => (event as { readonly type: string }).type);
      expect(types.filter((type) => type === "run.closed")).toHaveLength(1);
      expect(types.filter((type) => type === "run.finished")).toHaveLength(1);
    }
    expect((await world.store.heads.active({})).items).toEqual([]);
    expect((await world.sweep()).visited).toBe(0);
  });

  test("a crash between a run's end and its being closed is healed by the sweep", async () => {
    const world = new World(queued);
    world.slow.add("hello-1");
    await push(world, "ab");
    world.crashOn.add("close-run");
    await expect(world.failBuilds("hello-1")).rejects.toThrow("the power went");
    expect(world.deployed).toEqual([]);
    world.crashOn.clear();
    await world.sweep();
    expect(world.deployed).toEqual(["staging 2 b", "canary 2 b"]);
    expect((await world.store.heads.active({})).items).toEqual([]);
  });
});

describe.each<Mode>(["parallel", "superseded", "queued"])("%s", (mode) => {
  test("a stage never goes backwards, however long builds take", async () => {
    for (const order of ["123", "132", "213", "231", "312", "321"]) {
      const world = new World(codecommitPipeline({ mode, stages: [STAGING, CANARY] }));
      for (const n of order) world.slow.add(`hello-${n}`);
      await push(world, "abc");
      for (const n of order) await world.finishBuilds(`hello-${n}`);
      for (let n = 0; n < 2; n += 1) await world.sweep();
      for (const stage of ["staging", "canary"]) {
        const seen = sequences(world, stage);
        expect(seen).toEqual([...seen].sort((a, b) => a - b));
        expect(seen.at(-1)).toBe(3);
      }
      expect((await world.store.heads.active({})).items).toEqual([]);
    }
  });
});

test("parallel: builds overlap, and a run that comes too late to a stage is superseded by name", async () => {
  const world = new World(codecommitPipeline({ mode: "parallel" }));
  world.slow.add("hello-1");
  await push(world, "ab");
  expect(world.deployed).toEqual(["staging 2 b"]);
  await world.finishBuilds("hello-1");
  expect(world.deployed).toEqual(["staging 2 b"]);
  expect(await world.explain("hello-1")).toEqual([
    "hello-1 is superseded: main aaaaaaa of hello",
    "hello-2 is newer and took its place",
  ]);
});

test("superseded: of runs that wait for a stage only the newest has its turn", async () => {
  const world = new World(codecommitPipeline());
  world.rolling.add("staging");
  await push(world, "abcd");
  expect(await world.runs()).toEqual(["1 a staging", "2 b superseded", "3 c superseded", "4 d staging"]);
  expect(await world.explain("hello-2")).toContain("hello-3 is newer and took its place");
  world.rolling.clear();
  await world.finishDeployment("hello-1", "staging");
  expect(world.deployed).toEqual(["staging 1 a", "staging 4 d"]);
});
