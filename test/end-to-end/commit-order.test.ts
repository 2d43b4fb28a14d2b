import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { isGated, isOver, type Run, releaseOf } from "./support/api.ts";
import { serviceOf, tasksOf } from "./support/clusters.ts";
import type { EventEntry } from "./support/control.ts";
import { andThen } from "./support/functions.ts";
import { sweepLater } from "./support/later-sweep.ts";
import { ORDER_PIPELINES } from "./support/order-pipelines.ts";
import { eventually } from "./support/poll.ts";
import { tandem } from "./support/tandem.ts";
import { application, git, WorkingCopy } from "./support/working-copy.ts";
import { openWorld, seed, type World } from "./support/world.ts";

const PUSH = "CodeCommit Repository State Change";

let world: World;
beforeAll(async () => {
  world = await openWorld({ pipelines: ORDER_PIPELINES });
  await seed(world, ["staging"]);
}, 90_000);
afterAll(() => world?.close(), 30_000);

let version = 0;

/** Another commit on main; of the application, unless other files are named. */
async function pushed(files?: Readonly<Record<string, string>>, message?: string): Promise<string> {
  version += 1;
  const commit = await world.copy.commit(files ?? application(version), "carol", message);
  await world.copy.push();
  return commit;
}

const tip = (): Promise<string> => git(world.copy.folder, ["rev-parse", "main"]);

/** The event of a commit's push, whether or not it was delivered. */
async function eventOf(commit: string): Promise<EventEntry> {
  return eventually(async () => {
    const events = await world.control.events();
    return events.find(
      ({ event }) => event["detail-type"] === PUSH && JSON.stringify(event.detail).includes(`"${commit}"`),
    );
  }, `the event of ${commit}`);
}

/** Delivers a push's event now, and waits until the function has dealt with it. */
async function delivered(commit: string): Promise<void> {
  const { event } = await eventOf(commit);
  await andThen(world.aws, /onCodecommitPush/, async () => {
    await world.control.replay(event.id);
    return 1;
  });
}

async function swept(): Promise<void> {
  await andThen(world.aws, /sweep/, async () => {
    await world.control.runSchedules();
    return 1;
  });
}

const outcome = z.union([z.object({ runId: z.string() }), z.object({ ignored: z.string() })]);
const record = z.object({ trigger: z.string(), outcome });

/** Waits until so many deliveries of a commit are recorded. @returns what became of them */
async function recorded(commit: string, wanted: number) {
  const found = await eventually(async () => {
    const { body } = await world.api.send("GET", `/api/commits/${commit}`);
    const { deliveries } = z.object({ deliveries: z.array(record) }).parse(body);
    return deliveries.length < wanted ? undefined : deliveries;
  }, `${wanted} records of ${commit}`);
  return found;
}

/** What became of the push of a commit; the sweep may have looked at it, too. */
async function pushOutcome(commit: string) {
  return eventually(async () => {
    const found = (await recorded(commit, 1)).find(({ trigger }) => trigger === "push");
    return found?.outcome;
  }, `the record of the push of ${commit}`);
}

const finished = async (commit: string): Promise<Run> =>
  world.api.until(await world.api.runOf(commit), isOver);

/** What holds whenever everything is quiet: the service runs the run's release, and nothing else. */
async function isDeployed(run: Run): Promise<void> {
  const { aws } = world;
  expect(run.status).toBe("succeeded");
  expect((await serviceOf(aws, "staging")).taskDefinition).toBe(run.stages[0]?.services[0]?.taskDefinition);
  const children = run.images[0]?.builds.map(({ digest }) => digest) ?? [];
  const running = (await tasksOf(aws, "staging")).flatMap(({ containers = [] }) =>
    containers.map(({ imageDigest }) => imageDigest),
  );
  expect(running).toHaveLength(4);
  for (const digest of running) expect([...children, run.images[0]?.indexDigest]).toContain(digest);
}

describe("pushes whose events come late, twice, or never", () => {
  let a: string;
  let b: string;

  test("B before A, and A twice: B is deployed, and A is refused", async () => {
    const { api, control, copy } = world;
    // Held back: delivered by hand, later.
    await control.loseEvents(PUSH, 1);
    a = await copy.commit(application(1));
    await copy.push();
    expect(await eventOf(a)).toMatchObject({ fault: "lose" });
    b = await copy.commit(application(2));
    await copy.push();
    version = 2;
    const run = await finished(b);
    await isDeployed(run);

    await delivered(a);
    await delivered(a);
    const refused = {
      trigger: "push",
      outcome: { ignored: `commit ${a.slice(0, 7)} is no longer the tip of main: ${b.slice(0, 7)} is` },
    };
    // The same delivery twice has one record.
    expect(await recorded(a, 1)).toEqual([refused]);
    expect(await recorded(b, 1)).toEqual([{ trigger: "push", outcome: { runId: run.id } }]);
    expect(await api.runs()).toMatchObject([{ id: run.id, commit: b }]);
    await isDeployed(await api.run(run.id));
  });

  test("B twice: one run", async () => {
    await delivered(b);
    expect(await recorded(b, 1)).toHaveLength(1);
    expect(await world.api.runs()).toHaveLength(1);
  });

  test("C never: the sweep starts it, and its own event is no news when it comes after all", async () => {
    const { api, control } = world;
    // The first look only remembers what is there.
    await swept();
    expect(await api.runs()).toHaveLength(1);
    await control.loseEvents(PUSH, 1);
    const c = await pushed();
    expect(await eventOf(c)).toMatchObject({ fault: "lose" });
    await swept();
    const run = await finished(c);
    await isDeployed(run);
    expect(await recorded(c, 1)).toEqual([{ trigger: "head", outcome: { runId: run.id } }]);

    await delivered(c);
    const outcomes = (await recorded(c, 2)).map(({ trigger, outcome }) => [trigger, outcome]);
    expect(outcomes).toHaveLength(2);
    expect(Object.fromEntries(outcomes)).toEqual({
      head: { runId: run.id },
      push: { ignored: `commit ${c.slice(0, 7)} of main has its run already: ${run.id}` },
    });
    await swept();
    expect(await api.runs()).toHaveLength(2);
    await isDeployed(await api.run(run.id));
  });

  test("D late by the bus, while E is under way: E is deployed", async () => {
    const { control, api } = world;
    await control.delayEvents(PUSH, 2_000);
    const d = await pushed();
    const e = await pushed();
    const run = await finished(e);
    const late = await pushOutcome(d);
    // On a machine so slow that E came later still, D has its run, and E is deployed over it.
    if ("runId" in late) await api.until(late.runId, isOver);
    else expect(late.ignored).toContain("is no longer the tip of main");
    expect(await tip()).toBe(e);
    await isDeployed(await api.run(run.id));
  });
});

describe("commits that are not wanted", () => {
  const ids = async () => (await world.api.runs()).map(({ id }) => id);

  test("[skip ci], and files outside the paths: no run, and a record that says why", async () => {
    const before = await ids();
    const skipped = await pushed(undefined, "Tidy up [skip ci]");
    expect(await pushOutcome(skipped)).toEqual({ ignored: "the commit message asks to skip it" });
    expect(await ids()).toEqual(before);
    // What was skipped is delivered with the next commit that counts; by itself, documentation does not.
    const built = await pushed();
    const run = await finished(built);
    const documentation = await pushed({ "docs/readme.md": "How it works\n" });
    expect(await pushOutcome(documentation)).toEqual({
      ignored: "no changed file matches the paths **, !docs/**",
    });
    expect(await ids()).toHaveLength(before.length + 1);
    await isDeployed(run);
  });

  test("the sweep starts none of them either", async () => {
    const before = await ids();
    await swept();
    expect(await ids()).toEqual(before);
  });
});

describe("POST /api/pipelines/hello/runs", () => {
  const path = "/api/pipelines/hello/runs";
  const answered = z.object({ run: z.object({ id: z.string(), commit: z.string(), trigger: z.string() }) });

  test("builds and deploys the tip once more, also one that no push started", async () => {
    const { api } = world;
    const wish = { id: "again, please" };
    const answer = await api.send("POST", path, "bob", wish);
    expect(answer.status).toBe(201);
    const { run } = answered.parse(answer.body);
    expect(run).toMatchObject({ commit: await tip(), trigger: "manual" });
    // The same wish again, as after a lost answer.
    expect(answered.parse((await api.send("POST", path, "bob", wish)).body).run.id).toBe(run.id);
    await isDeployed(await api.until(run.id, isOver));
    expect((await api.runs()).filter(({ commit }) => commit === run.commit)).toHaveLength(1);
  });

  test("goes back to no older commit, and says so", async () => {
    const { api } = world;
    const [, older] = await api.runs();
    const answer = await api.send("POST", path, "bob", { commit: older?.commit });
    expect(answer).toMatchObject({
      status: 409,
      body: { error: { code: "not-started", message: expect.stringContaining("no longer the tip of main") } },
    });
  });
});

const BUILD = "CodeBuild Build State Change";
const ended = z.object({ "build-status": z.literal("SUCCEEDED"), "build-id": z.string() });

describe("a repository with several pipelines", () => {
  let copy: WorkingCopy;
  beforeAll(async () => {
    await world.aws.codeCommit.createRepository({ repositoryName: "modes" });
    copy = await WorkingCopy.clone(`${world.url}/git/modes`, join(world.folder, "modes"));
  });

  /** Pushes to a branch of its own. @returns the run */
  async function runOn(branch: string, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
    await git(copy.folder, ["checkout", "--quiet", "-B", branch]);
    const commit = await copy.commit(files);
    await copy.push("carol", branch);
    return world.api.runOf(commit);
  }

  /** Waits until all builds of a run have ended, and nobody has heard of it. */
  async function builtUnheard(id: string): Promise<void> {
    await eventually(async () => {
      const builds = (await world.api.run(id)).images.flatMap(({ builds }) => builds);
      const lost = (await world.control.events()).flatMap(({ fault, event }) => {
        const detail = ended.safeParse(event.detail).data;
        return fault === "lose" && detail !== undefined ? [detail["build-id"]] : [];
      });
      const isLost = ({ buildId = "none" }) => lost.some((arn) => arn.endsWith(buildId));
      return builds.every(isLost) ? true : undefined;
    }, `the lost ends of both builds of ${id}`);
  }

  /** Two pushes to the branch of a mode: the older is slow to build, as far as anybody hears. */
  async function twoPushes(mode: string) {
    const { control } = world;
    await control.loseEvents(BUILD, 1000);
    const older = await runOn(mode, application(1));
    await builtUnheard(older);
    await control.clearEventFaults();
    return { older, newer: await runOn(mode, application(2)) };
  }

  /** The older run's builds are asked for. */
  const heardLater = () => sweepLater(world.aws, world.url, 60_000, world.project);

  async function approved(id: string): Promise<Run> {
    const { api } = world;
    const gated = await api.until(id, isGated("staging"));
    const answer = await api.decide(id, "staging", "alice", "approve", releaseOf(gated, "staging"));
    expect(answer.status).toBe(200);
    return api.until(id, isOver);
  }

  const told = async (...args: readonly string[]) => (await tandem([...args, "--url", world.url])).out;

  test("queued: the newer, though built first, waits for the older, and says so", async () => {
    const { older, newer } = await twoPushes("queued");
    const behind = `staging waits: ${older} has the stage`;
    const waiting = await world.api.until(newer, ({ explanation }) => explanation.includes(behind));
    expect(waiting).toMatchObject({ images: [{ status: "published" }], stages: [{ status: "waiting" }] });
    expect((await world.api.run(older)).status).toBe("building");
    expect(await told("explain", newer)).toContain(behind);
    await heardLater();
    expect(await approved(older)).toMatchObject({ status: "succeeded" });
    await isDeployed(await approved(newer));
  });

  test("parallel: the newer goes first; the older comes too late, and is superseded by it", async () => {
    const { older, newer } = await twoPushes("parallel");
    const deployed = await approved(newer);
    await heardLater();
    const late = await world.api.until(older, isOver);
    expect(late).toMatchObject({
      status: "superseded",
      supersededBy: newer,
      images: [{ status: "published" }],
    });
    expect(late.explanation).toContain(`${newer} is newer and took its place`);
    expect(await told("show", older)).toContain(`superseded by ${newer}`);
    await isDeployed(deployed);
  });

  test("two images: what did not change is not built again, and the run says whose index it is", async () => {
    const { api } = world;
    const of = (folder: string, text: number) =>
      Object.fromEntries(
        Object.entries(application(text)).map(([name, file]) => [`${folder}/${name}`, file]),
      );
    const first = await api.until(await runOn("mono", { ...of("api", 1), ...of("web", 1) }), isOver);
    expect(first.images.map(({ builds }) => builds.length)).toEqual([2, 2]);
    const second = await api.until(await runOn("mono", of("api", 2)), isOver);
    const [, web] = first.images;
    expect(second).toMatchObject({
      status: "succeeded",
      images: [
        { name: "api", builds: [{ status: "succeeded" }, { status: "succeeded" }] },
        { name: "web", builds: [], reusedFrom: first.id, indexDigest: web?.indexDigest },
      ],
    });
    expect(second.images[0]?.indexDigest).not.toBe(first.images[0]?.indexDigest);
    expect(await told("show", second.id)).toContain(`reused from ${first.id}: none of its paths has changed`);
  });
});
