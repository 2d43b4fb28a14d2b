import { DescribeImagesCommand, PutImageCommand, PutLifecyclePolicyCommand } from "@aws-sdk/client-ecr";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { evaluatePolicy } from "../../local/ecr/lifecycle/evaluate.ts";
import { parsePolicy } from "../../local/ecr/lifecycle/policy.ts";
import { newRepository, type StoredImage, withImage, withoutImage } from "../../local/ecr/repository.ts";
import { lifecyclePolicy } from "../../shared/definition/lifecycle-policy.ts";
import { imagesInUse } from "../../shared/effects/images-in-use.ts";
import { markLive } from "../../shared/effects/mark-live.ts";
import { retentionReport } from "../../shared/effects/retention.ts";
import type { PipelineDefinition } from "../../shared/pipeline/definition.ts";
import { simulateLifecycle } from "../../shared/pipeline/lifecycle-simulation.ts";
import { DAY, definition, digest, published, runAfter, started, T0 } from "../pipeline/given.ts";
import { bytes, descriptorOf, imageOf, OCI_INDEX } from "../pipeline/images.ts";
import { awsError, contextOf, fakeAws, operations, type Provided } from "./fakes.ts";
import { createRepository, type LocalEcr, openLocalEcr, push } from "./local-ecr.ts";

let local: LocalEcr;
beforeAll(async () => {
  local = await openLocalEcr();
});
afterAll(() => local.close());

const retention = { releases: 1, days: 30, keepTags: [] };

function pipelineOf(name: string): PipelineDefinition {
  const stages = definition().stages.map((stage) => ({
    ...stage,
    deploy: stage.deploy.map((one) => ({ ...one, containers: { web: name } })),
  }));
  return definition({ images: definition().images.map((image) => ({ ...image, name, retention })), stages });
}

/** A release of one index over one image. */
async function release(name: string, sequence: number) {
  const child = imageOf("linux/amd64");
  const index = bytes(OCI_INDEX, {
    manifests: [descriptorOf(child, { platform: { os: "linux", architecture: "amd64" } })],
    annotations: { sequence: String(sequence) },
  });
  await push(local.url, name, child, index);
  const run = runAfter(started({ sequence, definition: pipelineOf(name) }), {
    ...published({ digest: index.digest }),
    image: name,
  });
  return { child, index, run };
}

function context(ecs: Provided["ecs"] = {}) {
  const { aws, calls } = fakeAws({ ecr: local.ecr, ecs });
  return { ...contextOf(aws), now: () => Date.now(), calls };
}

async function tagsOf(repositoryName: string, imageDigest: string): Promise<readonly string[]> {
  const { imageDetails = [] } = await local.client.send(
    new DescribeImagesCommand({ repositoryName, imageIds: [{ imageDigest }] }),
  );
  return imageDetails[0]?.imageTags ?? [];
}

describe("marking what a stage runs", () => {
  test("one tag moves along, one stays on each release; again, nothing changes", async () => {
    const name = await createRepository(local, "marked");
    const [one, two] = [await release(name, 1), await release(name, 2)];
    for (const { run } of [one, two, two]) {
      const here = context();
      expect(await markLive(here, run, "staging")).toEqual([]);
      expect(operations(here.calls)).toEqual(["BatchGetImage", "PutImage", "PutImage"]);
    }
    expect(await tagsOf(name, one.index.digest)).toEqual(["tandem.release.hello.staging.1"]);
    expect(await tagsOf(name, two.index.digest)).toEqual([
      "tandem.live.hello.staging",
      "tandem.release.hello.staging.2",
    ]);
    await markLive(context(), one.run, "staging");
    expect(await tagsOf(name, one.index.digest)).toContain("tandem.live.hello.staging");
  });

  test("where tags are immutable each release gets one that keeps it for good", async () => {
    const name = await createRepository(local, "immutable", { imageTagMutability: "IMMUTABLE" });
    const [one, two] = [await release(name, 1), await release(name, 2)];
    for (const { run } of [one, two]) expect(await markLive(context(), run, "staging")).toEqual([]);
    expect(await tagsOf(name, two.index.digest)).toEqual([
      "tandem.live.hello.staging.2",
      "tandem.release.hello.staging.2",
    ]);
  });

  test("an image that is gone is said, and a throttled call is thrown", async () => {
    const name = await createRepository(local, "vanished");
    const { run } = await release(name, 1);
    const gone = runAfter(started({ sequence: 1, definition: pipelineOf(name) }), {
      ...published({ digest: digest("x") }),
      image: name,
    });
    expect(await markLive(context(), gone, "staging")).toEqual([
      `${name}@${digest("x")} runs in staging, but is gone from its repository`,
    ]);
    const { aws } = fakeAws({
      ecr: { ...local.ecr, putImage: () => Promise.reject(awsError("ThrottlingException")) },
    });
    await expect(markLive(contextOf(aws), run, "staging")).rejects.toThrow("said AWS");
  });

  test("without retention nothing is marked", async () => {
    const { run } = await release(await createRepository(local, "unlimited"), 1);
    const images = run.images.map(({ definition: { retention: _none, ...rest }, state }) => ({
      definition: rest,
      state,
    }));
    const here = context();
    expect(await markLive(here, { ...run, images }, "staging")).toEqual([]);
    expect(here.calls).toEqual([]);
  });
});

describe("the policy at work", () => {
  test("never touches what stages run, nor its children; the report says so beforehand", async () => {
    const name = await createRepository(local, "kept");
    const policy = lifecyclePolicy(name, [pipelineOf(name)]);
    if (policy === undefined) throw new Error("there is a policy");
    const releases = [await release(name, 1), await release(name, 2), await release(name, 3)];
    for (const { run } of releases) await markLive(context(), run, "staging");
    for (const { run } of releases.slice(0, 2)) await markLive(context(), run, "production");
    // Back to the first: the tag of what runs goes with it.
    const [first, second, third] = releases;
    if (first === undefined || second === undefined || third === undefined) throw new Error("three");
    await markLive(context(), first.run, "production");
    const stray = imageOf("linux/arm64");
    await push(local.url, name, stray);

    const before = await retentionReport(context(), name, policy, [
      { host: local.host, repository: name, reference: first.index.digest, services: ["production/web"] },
    ]);
    expect(before.policy).toBe("none");
    await local.client.send(
      new PutLifecyclePolicyCommand({
        repositoryName: name,
        lifecyclePolicyText: JSON.stringify(policy, null, 1),
      }),
    );
    const later = Date.now() + 31 * DAY;
    const uris = { repositoryUris: { [name]: `${local.host}/${name}` } };
    const settings = { ...context().settings, ...uris };
    const report = await retentionReport({ ...context(), settings, now: () => later }, name, policy, [
      { host: local.host, repository: name, reference: first.index.digest, services: ["production/web"] },
    ]);
    expect(report).toMatchObject({ policy: "applied", problems: [] });
    expect(report.images.find(({ digest: one }) => one === first.child.digest)?.usedBy).toEqual([
      "production/web",
    ]);
    const foreseen = report.images.filter(({ expires }) => expires).map(({ digest: one }) => one);
    const response = await fetch(`${local.url}/_local/ecr/lifecycle`, {
      method: "POST",
      body: JSON.stringify({ repositoryName: name, at: later }),
    });
    const { expired }: Expired = JSON.parse(await response.text());
    // Production keeps its last release, and what it runs; staging the newest; nobody the stray image.
    expect(expired.map(({ imageDigest }) => imageDigest).sort()).toEqual([...foreseen].sort());
    expect(foreseen).toEqual([stray.digest]);
  });

  interface Expired {
    readonly expired: readonly { readonly imageDigest: string }[];
  }

  test("what runs and was never marked is told before it goes, and so is a tag that names nothing", async () => {
    const name = await createRepository(local, "unmarked");
    const policy = lifecyclePolicy(name, [pipelineOf(name)]);
    if (policy === undefined) throw new Error("there is a policy");
    const { index } = await release(name, 1);
    const settings = { ...context().settings, repositoryUris: { [name]: `${local.host}/${name}` } };
    const at = { ...context(), settings, now: () => Date.now() + 31 * DAY };
    const use = { host: local.host, repository: name, services: ["production/web"] };
    const { problems } = await retentionReport(at, name, policy, [
      { ...use, reference: index.digest },
      { ...use, reference: "missing" },
    ]);
    expect(problems).toEqual(
      expect.arrayContaining([
        `${index.digest} would expire, and production/web runs it`,
        "no image has the tag missing, and production/web runs it",
        `${name} has no lifecycle policy in ECR, so nothing expires: deploy the stack again`,
      ]),
    );
  });

  test("a repository of more images than a page", async () => {
    const name = await createRepository(local, "many");
    const policy = lifecyclePolicy(name, [pipelineOf(name)]);
    if (policy === undefined) throw new Error("there is a policy");
    await push(local.url, name);
    for (let count = 0; count < 5; count += 1) {
      const manifest = JSON.parse(imageOf("linux/amd64").text);
      const imageManifest = JSON.stringify({ ...manifest, annotations: { count: String(count) } });
      await local.client.send(new PutImageCommand({ repositoryName: name, imageManifest }));
    }
    const paged = {
      ...local.ecr,
      describeImages: (input: { readonly repositoryName: string | undefined }) =>
        local.client.send(new DescribeImagesCommand({ ...input, maxResults: 2 })),
    };
    const { aws } = fakeAws({ ecr: paged });
    const { images } = await retentionReport({ ...contextOf(aws), now: Date.now }, name, policy, []);
    expect(images).toHaveLength(5);
  });
});

test("what ECS runs: every deployment of every service, ten services a call; of a cluster that is gone, nothing", async () => {
  const image = (name: string) => `127.0.0.1:4566/${name}@${digest(name)}`;
  const { aws } = fakeAws({
    ecs: {
      describeServices: async ({ cluster, services = [] }) => {
        if (cluster === "staging") throw awsError("ClusterNotFoundException");
        return {
          services: services.map((serviceName) => ({
            serviceName,
            status: "ACTIVE",
            taskDefinition: "new",
            deployments: [{ taskDefinition: "new" }, { taskDefinition: "old" }],
          })),
        };
      },
      describeTaskDefinition: async ({ taskDefinition = "" }) => ({
        taskDefinition: {
          containerDefinitions: [{ image: image(taskDefinition) }, { image: image("sidecar") }],
        },
      }),
    },
  });
  expect(await imagesInUse(aws, [definition()])).toEqual(
    ["new", "sidecar", "old"].map((name) => ({
      host: "127.0.0.1:4566",
      repository: name,
      reference: digest(name),
      services: ["production/web"],
    })),
  );
});

/** Two who have read the same page of the documentation, and know nothing of each other. */
test("the simulation expires what the local ECR expires", () => {
  const policy = lifecyclePolicy("hello", [pipelineOf("hello")]);
  if (policy === undefined) throw new Error("there is a policy");
  const tags = fc.uniqueArray(
    fc.constantFrom(
      "main",
      "tandem.live.hello.staging",
      ...[1, 2, 3].flatMap((n) => [
        `tandem.release.hello.staging.${n}`,
        `tandem.release.hello.production.${n}`,
      ]),
    ),
    { maxLength: 3 },
  );
  const images = fc.array(fc.record({ tags, parents: fc.array(fc.nat(9), { maxLength: 2 }) }), {
    minLength: 1,
    maxLength: 10,
  });
  fc.assert(
    fc.property(images, fc.shuffledSubarray([...Array(10).keys()], { minLength: 10 }), (all, ages) => {
      let repository = newRepository("hello", 0);
      for (const [at, { tags: own, parents: lists }] of all.entries()) {
        const stored: StoredImage = {
          digest: digest(`${at}`),
          mediaType: OCI_INDEX,
          size: 1,
          // No two of one age; some older than the 30 days.
          pushedAt: T0 - (ages[at] ?? 0) * 7 * DAY,
          imageSize: 0,
          // Lists only what comes later, so that no two list each other.
          children: lists.filter((one) => one > at && one < all.length).map((one) => digest(`${one}`)),
        };
        repository = withImage(repository, stored, undefined);
        // What an index lists has no tags of its own, as builds push it.
        const listed = all.slice(0, at).some((earlier) => earlier.parents.includes(at));
        for (const tag of listed ? [] : own) repository = withImage(repository, stored, tag);
      }
      const given = [...repository.images.values()].map((image) => ({
        digest: image.digest,
        pushedAt: image.pushedAt,
        children: image.children,
        tags: [...repository.tags].flatMap(([tag, tagged]) => (tagged === image.digest ? [tag] : [])),
      }));
      const foreseen = simulateLifecycle(policy, given, T0)
        .filter(({ expires }) => expires)
        .map(({ image }) => image.digest);
      const gone: string[] = [];
      for (;;) {
        const due = evaluatePolicy(parsePolicy(JSON.stringify(policy)), repository, T0);
        if (due.length === 0) break;
        for (const { image } of due) {
          gone.push(image.digest);
          repository = withoutImage(repository, image.digest);
        }
      }
      expect(gone.sort()).toEqual(foreseen.sort());
    }),
  );
});
