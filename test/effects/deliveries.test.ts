import { describe, expect, test } from "@jest/globals";
import { findAccepted, openRun } from "../../shared/open-run.ts";
import type { Mode } from "../../shared/pipeline/definition.ts";
import { codecommitPipeline, githubPipeline } from "./sources.ts";
import { World } from "./world.ts";

const MODES: readonly Mode[] = ["superseded", "queued", "parallel"];

const at = (host: "codecommit" | "github", mode: Mode) =>
  host === "codecommit"
    ? codecommitPipeline({ mode }, { branches: ["**"] })
    : githubPipeline({ mode }, { branches: ["**"] });

const newest = (world: World) => world.deployed.at(-1)?.split(" ").at(-1);

describe.each(MODES)("%s: commits A and B are pushed, then told of", (mode) => {
  test.each([
    ["A, B", ["a", "b"]],
    ["B, A", ["b", "a"]],
    ["A twice, B", ["a", "a", "b"]],
    ["A, B, A", ["a", "b", "a"]],
    ["B, A, B", ["b", "a", "b"]],
    ["B, A, A, B, A", ["b", "a", "a", "b", "a"]],
    ["only B", ["b"]],
  ] as const)("CodeCommit: %s", async (_what, order) => {
    const world = new World(at("codecommit", mode));
    const pushed = { a: world.repository.push("a"), b: world.repository.push("b") };
    const answers: string[] = [];
    for (const letter of order) {
      const accepted = await world.deliver(`event-${letter}`, pushed[letter]);
      answers.push("runId" in accepted ? accepted.runId : accepted.ignored);
    }
    expect(newest(world)).toBe("b");
    // Each delivery has its run or its refusal, and the same delivery always the same.
    for (const letter of new Set(order)) {
      const same = answers.filter((_, index) => order[index] === letter);
      expect(new Set(same).size).toBe(1);
      const records = await world.store.deliveries.ofCommit(pushed[letter].commit);
      expect(records.map(({ id }) => id)).toEqual([`event-${letter}`]);
    }
    const aGoes = mode !== "superseded" && order[0] === "a";
    expect(await world.runs()).toEqual(aGoes ? ["1 a succeeded", "2 b succeeded"] : ["1 b succeeded"]);
    // The sweep finds nothing left out.
    await world.sweep();
    await world.sweep();
    expect((await world.runs()).length).toBe(aGoes ? 2 : 1);
  });

  // A webhook is answered before anything is asked of GitHub: the runs are opened later, or much later.
  test.each([
    ["A, opened, B, opened", ["a", "open", "b", "open"]],
    ["A, B, then both are opened", ["a", "b", "open"]],
    ["B, opened, A, opened", ["b", "open", "a", "open"]],
    ["B, A, then both are opened", ["b", "a", "open"]],
    ["A twice, B", ["a", "a", "b", "open"]],
    ["B, A, opened, B again, A again", ["b", "a", "open", "b", "a", "open"]],
    ["B, A, B again, then all are opened", ["b", "a", "b", "open"]],
  ] as const)("GitHub: %s", async (_what, order) => {
    const world = new World(at("github", mode));
    await world.sweep();
    const pushed = { a: world.repository.push("a"), b: world.repository.push("b") };
    for (const step of order) {
      if (step === "open") await world.open();
      else await world.deliver(`event-${step}`, pushed[step]);
    }
    const late = order[0] === "a" && mode !== "superseded" ? "a succeeded" : "a stopped";
    const expected = order[0] === "a" ? [late, "b succeeded"] : ["b succeeded", late];
    // Numbers may be left out: a redelivery draws one.
    const seen = (await world.runs()).map((run) => run.replace(/^\d+ /, ""));
    // A redelivery of B after A's late run was refused: the delivery's record tells of its run.
    expect(seen).toEqual(expected);
    expect(newest(world)).toBe("b");
    expect(await world.commits()).toEqual(["b"]);
    expect((await world.pipeline()).active).toEqual([]);
    // No second run of B, although A was told of after it.
    await world.sweep();
    await world.sweep();
    expect(await world.runs()).toHaveLength(seen.length);
  });
});

describe("GitHub: three commits, told of in any order before any is opened", () => {
  const orders = ["abc", "acb", "bac", "bca", "cab", "cba"];
  test.each(MODES.flatMap((mode) => orders.map((order) => [mode, order] as const)))(
    "%s: %s",
    async (mode, order) => {
      const world = new World(at("github", mode));
      await world.sweep();
      const pushed = new Map([..."abc"].map((letter) => [letter, world.repository.push(letter)] as const));
      for (const letter of order) {
        const revision = pushed.get(letter);
        if (revision !== undefined) await world.deliver(`event-${letter}`, revision);
      }
      await world.open();
      await world.sweep();
      await world.sweep();
      expect(newest(world)).toBe("c");
      expect((await world.runs()).length).toBe(3);
      // Whatever came after C is not deployed.
      const late = order.slice(order.indexOf("c") + 1);
      for (const letter of late) {
        expect(world.deployed.filter((line) => line.endsWith(letter))).toEqual([]);
      }
      expect(await world.commits()).toEqual(["c"]);
    },
  );
});

describe("GitHub: a run's opening", () => {
  test("that comes again, when the branch has moved on, does not end the run", async () => {
    const world = new World(at("github", "superseded"));
    world.slow.add("hello-1");
    await world.deliver("event-a", world.repository.push("a"));
    // The invocation that opened it crashed before it said so.
    const started = await findAccepted(world.deps, "hello-1");
    await world.open();
    world.repository.push("b");
    if (started === undefined) throw new Error("nothing was accepted");
    await openRun(world.deps, started, world.repository.source);
    expect(await world.status("hello-1")).toBe("building");
  });

  test("finds the branch deleted: the run is stopped, and says so", async () => {
    const world = new World(at("github", "superseded"));
    const revision = world.repository.push("a", { branch: "next" });
    await world.deliver("event-a", revision);
    world.repository.delete("next");
    await world.open();
    expect(await world.explain("hello-1")).toEqual([
      "hello-1 is stopped: next aaaaaaa of hello",
      "next of hello has been deleted since",
    ]);
    expect(await world.commits("refs/heads/next")).toEqual([]);
  });

  test("fails since GitHub does not answer: the sweep opens it later", async () => {
    const world = new World(at("github", "superseded"));
    await world.deliver("event-a", world.repository.push("a"));
    const { head } = world.repository.source;
    const broken = Object.assign(world.repository.source, {
      head: () => Promise.reject(new Error("502 Bad Gateway")),
    });
    await expect(world.open()).rejects.toThrow("502");
    Object.assign(broken, { head });
    await world.sweep();
    expect(await world.runs()).toEqual(["1 a succeeded"]);
  });
});

test("a branch that is set back delivers the older commit again", async () => {
  for (const host of ["codecommit", "github"] as const) {
    const world = new World(at(host, "superseded"));
    await world.deliver("1", world.repository.push("a"));
    await world.open();
    await world.deliver("2", world.repository.push("b"));
    await world.open();
    await world.deliver("3", world.repository.reset("a"));
    await world.open();
    expect(world.deployed).toEqual(["staging 1 a", "staging 2 b", "staging 3 a"]);
  }
});
