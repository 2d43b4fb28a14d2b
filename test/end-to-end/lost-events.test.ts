import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { isGated, isOver, releaseOf } from "./support/api.ts";
import { steady } from "./support/clusters.ts";
import { andThen } from "./support/functions.ts";
import { sweepLater } from "./support/later-sweep.ts";
import { eventually } from "./support/poll.ts";
import { application } from "./support/working-copy.ts";
import { openWorld, seed, type World } from "./support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await seed(world, ["staging", "production"]);
}, 90_000);
afterAll(() => world.close(), 30_000);

const MINUTE_MS = 60_000;

describe("events of builds and deployments that never come", () => {
  let minutes = 0;
  const sweepAMinuteLater = () => {
    minutes += 1;
    return sweepLater(world.aws, world.url, minutes * MINUTE_MS);
  };

  test("are made up for by the sweep: the run goes its whole way", async () => {
    const { api, aws, control, copy } = world;
    for (const type of ["CodeBuild Build State Change", "ECS Deployment State Change"])
      await control.loseEvents(type, 1000);
    const commit = await copy.commit(application(1));
    await copy.push();
    const id = await api.runOf(commit);

    await eventually(async () => {
      const { ids = [] } = await aws.codeBuild.listBuilds({});
      if (ids.length < 2) return undefined;
      const { builds = [] } = await aws.codeBuild.batchGetBuilds({ ids });
      return builds.every(({ buildStatus }) => buildStatus === "SUCCEEDED") ? true : undefined;
    }, "the end of both builds");
    // A sweep that comes too early asks nobody.
    await andThen(aws, /sweep/, async () => {
      await control.runSchedules();
      return 1;
    });
    expect(await api.run(id)).toMatchObject({ status: "building" });

    await sweepAMinuteLater();
    expect(await api.run(id)).toMatchObject({
      status: "staging",
      images: [{ status: "published" }],
      stages: [{ name: "staging", status: "deploying" }, { status: "pending" }],
    });
    await steady(aws, "staging");
    expect((await api.run(id)).stages[0]?.status).toBe("deploying");
    await sweepAMinuteLater();
    const gated = await api.run(id);
    expect(isGated("production")(gated)).toBe(true);

    const answer = await api.decide(id, "production", "alice", "approve", releaseOf(gated, "production"));
    expect(answer.status).toBe(200);
    await steady(aws, "production");
    expect(isOver(await api.run(id))).toBe(false);
    await sweepAMinuteLater();
    expect(await api.run(id)).toMatchObject({
      status: "succeeded",
      stages: [
        { status: "succeeded", services: [{ tasks: { x86_64: 2, arm64: 2 } }] },
        { status: "succeeded", services: [{ tasks: { x86_64: 2, arm64: 2 } }] },
      ],
    });
    const calls = await control.calls();
    for (const operation of ["StartBuild", "UpdateService", "PutImage"])
      expect(calls.filter((call) => call.operation === operation)).toHaveLength(2);
    // The faults did strike.
    const lost = (await control.events()).filter(({ fault }) => fault === "lose");
    expect(lost.map(({ event }) => event["detail-type"])).toEqual(
      expect.arrayContaining(["CodeBuild Build State Change", "ECS Deployment State Change"]),
    );
  });
});
