import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Run } from "./support/api.ts";
import { serviceOf } from "./support/clusters.ts";
import { eventually } from "./support/poll.ts";
import { type Ran, tandem } from "./support/tandem.ts";
import { application, DOCKERFILE } from "./support/working-copy.ts";
import { openWorld, seed, type World } from "./support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await seed(world, ["staging", "production"]);
}, 90_000);
afterAll(() => world.close(), 30_000);

/** arm64 has a lot to do; amd64 fails at its first step, since there is nothing for it to copy. */
const layers = Array.from({ length: 100 }, (_, at) => `COPY only/\${TARGETARCH}/ /only/${at}/`);
const ONE_SIDED = DOCKERFILE.replace("COPY bin", [...layers, "COPY bin"].join("\n"));
const filler = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * at * 2654435761) >>> 13));

describe("a Dockerfile that fails for one platform only", () => {
  let run: Run;
  let watched: Ran;

  test("ends the run, and the other build is stopped", async () => {
    const { api, aws, copy, url } = world;
    const commit = await copy.commit({ ...application(1, ONE_SIDED), "only/arm64/filler": filler });
    await copy.push();
    const id = await api.runOf(commit);
    watched = await tandem(["watch", id, "--url", url]);
    run = await api.run(id);
    expect(run).toMatchObject({
      status: "failed",
      reason: expect.stringMatching(/^building failed: hello for linux\/amd64: .*BUILD/),
      images: [
        {
          builds: [
            { platform: "linux/amd64", status: "failed" },
            { platform: "linux/arm64", status: "stopped" },
          ],
        },
      ],
    });
    const builds = await eventually(async () => {
      const { ids = [] } = await aws.codeBuild.listBuilds({});
      const found = (await aws.codeBuild.batchGetBuilds({ ids })).builds ?? [];
      return found.every(({ buildComplete }) => buildComplete) ? found : undefined;
    }, "the end of both builds");
    const statuses = builds.map(({ environment, buildStatus }) => `${environment?.type} ${buildStatus}`);
    expect(statuses.sort()).toEqual(["ARM_CONTAINER STOPPED", "LINUX_CONTAINER FAILED"]);
  });

  test("tandem watch ends with exit code 1, and both it and tandem show give the end of the log", async () => {
    expect(watched).toMatchObject({ code: 1, err: "" });
    const shown = await tandem(["show", run.id, "--url", world.url]);
    expect(shown).toMatchObject({ code: 0, err: "" });
    for (const { out } of [watched, shown]) {
      expect(out).toMatch(/\| .*only\/amd64.*\n/);
      expect(out).toMatch(/read on: \S.*aws logs \S.*\n/);
      expect(out).toContain(run.reason);
      expect(out).not.toContain("\u001b");
    }
    // What is shown is the end of what CloudWatch Logs has.
    const log = run.images[0]?.builds[0]?.log;
    const { events = [] } = await world.aws.logs.getLogEvents({
      logGroupName: log?.group,
      logStreamName: log?.stream,
      startFromHead: true,
    });
    const lines = events.map(({ message = "" }) => message.trimEnd());
    expect(log?.lines.length).toBeGreaterThan(0);
    for (const line of log?.lines ?? []) expect(lines).toContain(line.trimEnd());
  });

  test("nothing is published, and nothing deployed", async () => {
    const { aws, control, registry } = world;
    for (const tag of ["main", run.commit.slice(0, 7)]) expect(await registry.digestOf(tag)).toBeUndefined();
    const { imageDetails = [] } = await aws.ecr.describeImages({ repositoryName: "hello" });
    expect(
      imageDetails.filter(({ imageTags = [] }) => imageTags.some((tag) => !tag.startsWith("cache-"))),
    ).toEqual([]);
    const operations = new Set((await control.calls()).map(({ operation }) => operation));
    expect(operations).not.toContain("PutImage");
    expect(operations).not.toContain("UpdateService");
    for (const cluster of ["staging", "production"])
      expect((await serviceOf(aws, cluster)).taskDefinition).toMatch(/-web:1$/);
  });
});
