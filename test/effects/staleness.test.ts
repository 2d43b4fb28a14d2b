import { describe, expect, test } from "@jest/globals";
import { admit } from "../../shared/admit.ts";
import { openRun } from "../../shared/open-run.ts";
import type { Mode } from "../../shared/pipeline/definition.ts";
import { codecommitPipeline, githubPipeline } from "./sources.ts";
import { World } from "./world.ts";

const hosts = [
  ["codecommit", codecommitPipeline],
  ["github", githubPipeline],
] as const;
const MODES: readonly Mode[] = ["queued", "parallel"];

async function deliver(world: World, id: string, revision: Parameters<World["deliver"]>[1]): Promise<void> {
  await world.deliver(id, revision);
  await world.open();
}

describe.each(hosts.flatMap(([host, at]) => MODES.map((mode) => [host, mode, at] as const)))(
  "%s, %s: an old commit that is told of late",
  (_host, mode, pipelineAt) => {
    test("after a newer one, when of the newest nobody has told: does not go over the newer one", async () => {
      const world = new World(pipelineAt({ mode }));
      await world.sweep();
      const a = world.repository.push("a");
      world.repository.push("b");
      const c = world.repository.push("c");
      await deliver(world, "event-c", c);
      world.repository.push("d");
      // Not the one before: `c` came on top of `b`.
      await deliver(world, "event-a", a);
      expect(world.deployed).toEqual(["staging 1 c"]);
      await world.sweep();
      await world.sweep();
      expect(world.deployed.map((line) => line.at(-1))).toEqual(["c", "d"]);
      expect(await world.commits()).toEqual(["d"]);
    });

    test("when of all newer ones nobody has told: goes first", async () => {
      const world = new World(pipelineAt({ mode }));
      await world.sweep();
      const a = world.repository.push("a");
      world.repository.push("b");
      await deliver(world, "event-a", a);
      await world.sweep();
      expect(world.deployed.map((line) => line.at(-1))).toEqual(["a", "b"]);
    });

    test("that was on the branch before the pipeline's first look is not delivered", async () => {
      const world = new World(pipelineAt({ mode }));
      const a = world.repository.push("a");
      world.repository.push("b");
      world.repository.push("c");
      await world.sweep();
      world.repository.push("d");
      await deliver(world, "event-a", a);
      expect(world.deployed).toEqual([]);
      await world.sweep();
      expect(world.deployed.map((line) => line.at(-1))).toEqual(["d"]);
    });

    test("and that a forced push has taken off the branch is not delivered", async () => {
      const world = new World(pipelineAt({ mode }));
      await world.sweep();
      world.repository.push("a");
      const b = world.repository.push("b");
      const c = world.repository.push("c", { onto: "a" });
      await deliver(world, "event-c", c);
      world.repository.push("d");
      await deliver(world, "event-b", b);
      expect(world.deployed).toEqual(["staging 1 c"]);
    });

    test("and whose run comes before that of what the forced push took off goes", async () => {
      const world = new World(pipelineAt({ mode }));
      await world.sweep();
      world.repository.push("a");
      await deliver(world, "event-b", world.repository.push("b"));
      world.repository.push("x");
      const { before: _before, ...c } = world.repository.push("c", { onto: "a" });
      world.repository.push("d");
      await deliver(world, "event-c", c);
      expect(world.deployed.map((line) => line.at(-1))).toEqual(["b", "c"]);
    });

    test("of which the host knows nothing any more is not delivered", async () => {
      const world = new World(pipelineAt({ mode }));
      await world.sweep();
      const a = world.repository.push("a");
      world.repository.push("b");
      await deliver(world, "event-c", world.repository.push("c"));
      world.repository.push("d");
      Object.assign(world.repository.source, { relation: async () => "unknown" });
      await deliver(world, "event-a", a);
      expect(world.deployed).toEqual(["staging 1 c"]);
    });
  },
);

test.each(["superseded", "queued"] as const)(
  "%s: a commit that has its run is told of once more, after an older one that nobody has decided upon: no second run",
  async (mode) => {
    const world = new World(githubPipeline({ mode }));
    await world.sweep();
    const [a, b] = [world.repository.push("a"), world.repository.push("b")];
    await world.sweep();
    expect(await world.runs()).toEqual(["1 b succeeded"]);
    await world.deliver("event-a", a);
    await admit(world.deps, "hello");
    const accepted = await world.deliver("event-b", b);
    if (!("started" in accepted) || accepted.started === undefined) throw new Error("it was not accepted");
    // Whichever is opened first.
    await openRun(world.deps, accepted.started, world.repository.source);
    await world.open();
    expect(world.deployed).toEqual(["staging 1 b"]);
    expect(await world.runs()).toEqual(["1 b succeeded", "2 a stopped", "3 b stopped"]);
  },
);

test("pushes that come in order are not compared: each says what came before it", async () => {
  const world = new World(githubPipeline({ mode: "queued" }));
  await world.sweep();
  const revisions = [..."abcdef"].map((letter) => world.repository.push(letter));
  for (const revision of revisions) await world.deliver(`event-${revision.commit[0]}`, revision);
  await world.open();
  expect(world.deployed.map((line) => line.at(-1))).toEqual([..."abcdef"]);
  expect(world.repository.asked.filter((question) => question.startsWith("relation"))).toEqual([]);
});
