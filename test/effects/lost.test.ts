import { describe, expect, test } from "@jest/globals";
import type { Offer, Source } from "../../shared/intake/source.ts";
import { startLost } from "../../shared/lost.ts";
import type { PipelineDefinition } from "../../shared/pipeline/definition.ts";
import { commitOf } from "./repository.ts";
import { codecommitPipeline, githubPipeline } from "./sources.ts";
import { World } from "./world.ts";

const tag = (name: string, letter: string): Offer => ({
  ref: `refs/tags/${name}`,
  commit: commitOf(letter),
  trigger: { type: "head" },
  matched: `refs/tags/${name}`,
  people: {},
  authors: [],
});
const pull = (number: number, letter: string, change: Partial<Offer> = {}): Offer => ({
  ref: `refs/pull/${number}/head`,
  commit: commitOf(letter),
  before: commitOf("0"),
  trigger: { type: "pull-request", number, fork: false },
  matched: "refs/heads/main",
  people: {},
  authors: [],
  ...change,
});
const release = (name: string, letter: string): Offer => ({
  ...tag(name, letter),
  trigger: { type: "release" },
});

const AT_GITHUB = githubPipeline({ stages: [] }, { tags: ["v*"], pullRequests: "build-only" });
const IN_CODECOMMIT = codecommitPipeline({ stages: [] }, { pullRequests: "build-only" });

/** A pipeline's host that offers what it is told to; each look gives what became of what was new. */
function host(definition: PipelineDefinition) {
  const world = new World(definition);
  let reads = 0;
  const look = async (offers: readonly Offer[] | undefined, by: PipelineDefinition = definition) => {
    const source: Source = { ...world.repository.source, offers: async () => offers };
    const { streams } = world.store;
    const last = (stream: string) => {
      reads += 1;
      return streams.last(stream);
    };
    const counted = { ...streams, last };
    const accepted = await startLost(
      { ...world.deps, store: { ...world.store, streams: counted } },
      by,
      source,
    );
    return accepted.map((one) => ("runId" in one ? one.runId : one.ignored));
  };
  const cost = async (work: () => Promise<unknown>) => {
    const before = reads;
    await work();
    return reads - before;
  };
  return { world, look, cost };
}

describe("what a lost event left out beside the branches", () => {
  test.each([
    ["a tag", AT_GITHUB, [tag("v1", "a")], [tag("v1", "a"), tag("v2", "b")]],
    ["a pull request", AT_GITHUB, [pull(1, "a")], [pull(1, "a"), pull(2, "b")]],
    ["a push to a pull request", AT_GITHUB, [pull(1, "a")], [pull(1, "b")]],
    ["a pull request in CodeCommit", IN_CODECOMMIT, [], [pull(1, "b")]],
    [
      "a release of a pipeline that names no tags",
      githubPipeline({ stages: [] }, { releases: true }),
      [release("v1", "a")],
      [release("v1", "a"), release("v2", "b")],
    ],
  ])(
    "%s is found, once; what was there before the first look is not",
    async (_what, definition, old, now) => {
      const { world, look } = host(definition);
      expect(await look(old)).toEqual([]);
      expect(await look(now)).toEqual(["hello-1"]);
      expect(await look(now)).toEqual([]);
      expect((await world.run("hello-1")).revision.commit).toBe(commitOf("b"));
    },
  );

  test("a pull request is only built, a tag is delivered", async () => {
    const { world, look } = host(AT_GITHUB);
    await look([]);
    await look([pull(1, "a"), tag("v1", "b")]);
    const runs = await Promise.all(["hello-1", "hello-2"].map((id) => world.run(id)));
    expect(runs.map(({ trigger }) => trigger.type).sort()).toEqual(["head", "pull-request"]);
    const published = runs.filter(({ images }) => images.every(({ state }) => state.status === "published"));
    expect(published.map(({ revision }) => revision.ref)).toEqual(["refs/tags/v1"]);
  });

  test("what a delivery has told of is left alone, and a delivery that comes after all is refused", async () => {
    const { world, look } = host(AT_GITHUB);
    await look([]);
    await world.deliver("1", { repository: "hello", ref: "refs/tags/v1", commit: commitOf("a") });
    await world.open();
    expect(await look([tag("v1", "a")])).toEqual([]);
    expect(await look([tag("v1", "a"), tag("v2", "b")])).toEqual(["hello-2"]);
    const late = { repository: "hello", ref: "refs/tags/v2", commit: commitOf("b") };
    await world.deliver("late", late);
    await world.open();
    expect(await world.runs()).not.toContainEqual(expect.stringMatching(/^3 b (?!stopped)/));
  });

  test("what the pipeline does not ask for is not started", async () => {
    const { look } = host(AT_GITHUB);
    await look([]);
    const fork: Offer = pull(2, "b", { trigger: { type: "pull-request", number: 2, fork: true } });
    expect(await look([tag("nightly", "a"), fork, pull(3, "c", { matched: "refs/heads/try" })])).toEqual([]);
  });

  test("other filters are no wish to deliver what is old", async () => {
    const { look } = host(AT_GITHUB);
    await look([tag("v1", "a"), tag("w1", "b")]);
    const wider = githubPipeline({ stages: [] }, { tags: ["*"], pullRequests: "build-only" });
    expect(await look([tag("v1", "a"), tag("w1", "b")], wider)).toEqual([]);
    expect(await look([tag("v1", "a"), tag("w1", "b"), tag("w2", "c")], wider)).toEqual(["hello-1"]);
  });

  test("where the host cannot be asked, nothing is taken for gone or for new", async () => {
    const { look } = host(AT_GITHUB);
    await look([tag("v1", "a")]);
    expect(await look(undefined)).toEqual([]);
    expect(await look([tag("v1", "a")])).toEqual([]);
  });

  test("as long as nothing changes one read is enough, however many tags there are", async () => {
    const { look, cost } = host(AT_GITHUB);
    const tags = Array.from({ length: 50 }, (_, at) => tag(`v${at}`, "a"));
    await look(tags);
    expect(await cost(() => look(tags))).toBe(1);
  });

  test("what fails is found again by the next look", async () => {
    const { world, look } = host(AT_GITHUB);
    await look([]);
    const { source } = world.repository;
    const commit = source.commit;
    let fails = true;
    Object.assign(source, {
      commit: (...of: Parameters<typeof commit>) =>
        fails ? Promise.reject(new Error("503")) : commit(...of),
    });
    await expect(look([tag("v1", "a")])).rejects.toThrow("503");
    fails = false;
    expect(await look([tag("v1", "a")])).toEqual(["hello-1"]);
  });
});
