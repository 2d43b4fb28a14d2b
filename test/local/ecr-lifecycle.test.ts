import {
  BatchDeleteImageCommand,
  DescribeImagesCommand,
  GetLifecyclePolicyPreviewCommand,
  PutLifecyclePolicyCommand,
  StartLifecyclePolicyPreviewCommand,
} from "@aws-sdk/client-ecr";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { type EcrWorld, startWorld } from "./ecr-world.ts";
import { indexOf, pushImageParts, putManifest, sha256 } from "./registry-content.ts";

let ecr: EcrWorld;
beforeAll(async () => {
  ecr = await startWorld();
});
afterAll(() => ecr.stop());

const expiredSchema = z.object({ expired: z.array(z.object({ imageDigest: z.string() })) });
const DAY_MS = 86_400_000;

/** Pushes an image under tags; those pushed later are younger. */
async function push(repositoryName: string, text: string, ...tags: readonly string[]): Promise<string> {
  const imageManifest = await pushImageParts(ecr.url, repositoryName, text);
  if (tags.length === 0) await ecr.put(repositoryName, imageManifest);
  for (const imageTag of tags) await ecr.put(repositoryName, imageManifest, imageTag);
  // Two images of one millisecond would have no order.
  for (const at = Date.now(); Date.now() === at; ) await new Promise(setImmediate);
  return sha256(imageManifest);
}

const rule = (rulePriority: number, selection: object) => ({
  rulePriority,
  description: `rule ${rulePriority} of a policy that is long enough to be one`,
  selection,
  action: { type: "expire" },
});
const tagged = (pattern: string, countNumber: number) => ({
  tagStatus: "tagged",
  tagPatternList: [pattern],
  countType: "imageCountMoreThan",
  countNumber,
});
const older = (days: number, tagStatus = "any") => ({
  tagStatus,
  countType: "sinceImagePushed",
  countUnit: "days",
  countNumber: days,
});
const policyOf = (...selections: readonly object[]) =>
  JSON.stringify({ rules: selections.map((selection, index) => rule(index + 1, selection)) });

/** What a policy would expire, by digest, with the rule that does it. */
async function preview(repositoryName: string, lifecyclePolicyText: string) {
  await ecr.client.send(new StartLifecyclePolicyPreviewCommand({ repositoryName, lifecyclePolicyText }));
  const { status, previewResults, summary } = await ecr.client.send(
    new GetLifecyclePolicyPreviewCommand({ repositoryName }),
  );
  expect(status).toBe("COMPLETE");
  expect(summary?.expiringImageTotalCount).toBe(previewResults?.length);
  return new Map(
    previewResults?.map(({ imageDigest, appliedRulePriority }) => [imageDigest, appliedRulePriority]),
  );
}

/** Lets the repository's own policy do its work as of some days later. */
async function expire(repositoryName: string, days: number): Promise<readonly string[]> {
  const response = await fetch(`${ecr.url}/_local/ecr/lifecycle`, {
    method: "POST",
    body: JSON.stringify({ repositoryName, at: Date.now() + days * DAY_MS }),
  });
  expect(response.status).toBe(200);
  const { expired } = expiredSchema.parse(await response.json());
  return expired.map(({ imageDigest }) => imageDigest);
}

describe("a preview", () => {
  test("by count keeps the youngest", async () => {
    const repositoryName = await ecr.newRepository();
    const oldest = await push(repositoryName, "1", "prod-1");
    await push(repositoryName, "2", "prod-2");
    await push(repositoryName, "3", "prod-3", "latest");
    expect(await preview(repositoryName, policyOf(tagged("prod-*", 2)))).toEqual(new Map([[oldest, 1]]));
  });

  test("an image that a rule selects by its tags is not expired by a later one", async () => {
    const repositoryName = await ecr.newRepository();
    await push(repositoryName, "1", "prod-1", "keep");
    const two = await push(repositoryName, "2", "prod-2");
    await push(repositoryName, "3", "prod-3");
    const policy = policyOf(tagged("keep*", 9999), tagged("prod-*", 1));
    expect(await preview(repositoryName, policy)).toEqual(new Map([[two, 2]]));
  });

  test("a list of patterns selects images that have all of them", async () => {
    const repositoryName = await ecr.newRepository();
    const both = await push(repositoryName, "1", "a-1", "b-1");
    await push(repositoryName, "2", "a-2");
    await push(repositoryName, "3", "a-3", "b-3");
    const selection = { ...tagged("a-*", 1), tagPatternList: ["a-*", "b-*"] };
    expect(await preview(repositoryName, policyOf(selection))).toEqual(new Map([[both, 1]]));
  });

  test("what an index lists stays while the index stays", async () => {
    const repositoryName = await ecr.newRepository();
    const child = await pushImageParts(ecr.url, repositoryName, "child");
    await ecr.put(repositoryName, child);
    const alone = await push(repositoryName, "alone");
    const index = indexOf([child]);
    expect((await putManifest(ecr.url, repositoryName, "v1", index)).status).toBe(201);
    const policy = policyOf(older(1, "untagged"));
    await ecr.client.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText: policy }));
    expect(await expire(repositoryName, 2)).toEqual([alone]);
    await ecr.client.send(
      new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageDigest: sha256(index) }] }),
    );
    expect(await expire(repositoryName, 2)).toEqual([sha256(child)]);
  });

  test("an expired index takes what it listed along, a round later", async () => {
    const repositoryName = await ecr.newRepository();
    const child = await pushImageParts(ecr.url, repositoryName, "child");
    await ecr.put(repositoryName, child);
    const index = indexOf([child]);
    await putManifest(ecr.url, repositoryName, "v1", index);
    const policy = policyOf(older(30));
    await ecr.client.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText: policy }));
    expect(await expire(repositoryName, 29)).toEqual([]);
    expect(await expire(repositoryName, 31)).toEqual([sha256(index), sha256(child)]);
    const { imageDetails } = await ecr.client.send(new DescribeImagesCommand({ repositoryName }));
    expect(imageDetails).toEqual([]);
  });

  test("of no policy, and one that was never started", async () => {
    const repositoryName = await ecr.newRepository();
    await expect(
      ecr.client.send(new StartLifecyclePolicyPreviewCommand({ repositoryName })),
    ).rejects.toMatchObject({ name: "LifecyclePolicyNotFoundException" });
    await expect(
      ecr.client.send(new GetLifecyclePolicyPreviewCommand({ repositoryName })),
    ).rejects.toMatchObject({ name: "LifecyclePolicyPreviewNotFoundException" });
  });

  test("page by page, and by tag status", async () => {
    const repositoryName = await ecr.newRepository();
    for (const text of ["1", "2"]) await push(repositoryName, text, `a-${text}`);
    await push(repositoryName, "3");
    const lifecyclePolicyText = policyOf(tagged("a-*", 1), older(1));
    await ecr.client.send(new StartLifecyclePolicyPreviewCommand({ repositoryName, lifecyclePolicyText }));
    const get = (more: object) =>
      ecr.client.send(new GetLifecyclePolicyPreviewCommand({ repositoryName, ...more }));
    expect((await get({ filter: { tagStatus: "TAGGED" } })).previewResults).toHaveLength(1);
    expect((await get({ filter: { tagStatus: "UNTAGGED" } })).previewResults).toHaveLength(0);
    const { nextToken, previewResults } = await get({ maxResults: 1 });
    expect({ nextToken, count: previewResults?.length }).toEqual({ nextToken: undefined, count: 1 });
  });
});

describe("a policy is refused", () => {
  const any = older(30);
  test.each<[string, RegExp, readonly object[]]>([
    ["with the rule for any not last", /any must have the highest/, [any, tagged("a*", 1)]],
    ["with five wildcards", /four wildcards/, [tagged("a*b*c*d*e*", 1)]],
    ["tagged without tags", /needs either/, [{ ...tagged("a", 1), tagPatternList: undefined }]],
    ["untagged with tags", /goes without/, [{ ...older(1, "untagged"), tagPatternList: ["a"] }]],
    ["by age without a unit", /needs countUnit/, [{ ...any, countUnit: undefined }]],
    ["with a count of 0", /countNumber/, [tagged("a", 0)]],
    ["with two rules for the same tags", /the same tags/, [tagged("a", 1), tagged("a", 2)]],
    ["that counts what is not emulated", /emulated/, [{ ...any, countType: "sinceImagePulled" }]],
  ])("%s", async (_what, message, selections) => {
    const repositoryName = await ecr.newRepository();
    await expect(
      ecr.client.send(
        new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText: policyOf(...selections) }),
      ),
    ).rejects.toMatchObject({ name: "InvalidParameterException", message: expect.stringMatching(message) });
  });
});
