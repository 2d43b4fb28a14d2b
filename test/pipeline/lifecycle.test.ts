import { describe, expect, test } from "@jest/globals";
import { lifecyclePolicy } from "../../shared/definition/lifecycle-policy.ts";
import type { PipelineDefinition, Retention } from "../../shared/pipeline/definition.ts";
import { liveTag, releaseTag } from "../../shared/pipeline/lifecycle.ts";
import { type RepositoryImage, simulateLifecycle } from "../../shared/pipeline/lifecycle-simulation.ts";
import { retainedImages } from "../../shared/pipeline/retention.ts";
import { DAY, definition, digest, T0 } from "./given.ts";

const RETENTION: Retention = { releases: 2, days: 30, keepTags: ["v*"] };

function pipeline(retention?: Retention, change: Partial<PipelineDefinition> = {}): PipelineDefinition {
  const images = definition().images.map((image) =>
    retention === undefined ? image : { ...image, retention },
  );
  return definition({ images, ...change });
}

function policy(...pipelines: readonly PipelineDefinition[]) {
  const found = lifecyclePolicy("hello", pipelines);
  if (found === undefined) throw new Error("there is a policy");
  return found;
}

const image = (
  name: string,
  days: number,
  tags: readonly string[] = [],
  more: Partial<RepositoryImage> = {},
): RepositoryImage => ({ digest: digest(name), tags, pushedAt: T0 - days * DAY, children: [], ...more });

function expiring(images: readonly RepositoryImage[], of = policy(pipeline(RETENTION))): readonly string[] {
  return simulateLifecycle(of, images, T0)
    .filter(({ expires }) => expires)
    .map(({ image: one }) => one.digest);
}

describe("the generated policy", () => {
  test("keeps first what runs, then what is to be kept, then the releases, the last stage first", () => {
    expect(
      policy(pipeline(RETENTION)).rules.map(({ rulePriority, selection }) => [rulePriority, selection]),
    ).toEqual([
      [1, tagged("tandem.live.*", 9999)],
      [2, tagged("v*", 9999)],
      [3, tagged("tandem.release.hello.production.*", 2)],
      [4, tagged("tandem.release.hello.staging.*", 2)],
      [5, { tagStatus: "any", countType: "sinceImagePushed", countUnit: "days", countNumber: 30 }],
    ]);
  });

  const tagged = (pattern: string, countNumber: number) => ({
    tagStatus: "tagged",
    tagPatternList: [pattern],
    countType: "imageCountMoreThan",
    countNumber,
  });

  test("of an image that two pipelines build is for both, and the more generous one", () => {
    const other = pipeline({ releases: 5, days: 90, keepTags: ["v*", "lts"] }, { name: "other" });
    const patterns = policy(pipeline(RETENTION), other).rules.map(({ selection }) => [
      selection.tagPatternList?.[0],
      selection.countNumber,
    ]);
    expect(patterns).toEqual([
      ["tandem.live.*", 9999],
      ["lts", 9999],
      ["v*", 9999],
      ["tandem.release.hello.production.*", 2],
      ["tandem.release.hello.staging.*", 2],
      ["tandem.release.other.production.*", 5],
      ["tandem.release.other.staging.*", 5],
      [undefined, 90],
    ]);
  });

  test("does not exist when one of the pipelines asks for none", () => {
    expect(lifecyclePolicy("hello", [pipeline()])).toBeUndefined();
    expect(
      lifecyclePolicy("hello", [pipeline(RETENTION), pipeline(undefined, { name: "other" })]),
    ).toBeUndefined();
    expect(lifecyclePolicy("unknown", [pipeline(RETENTION)])).toBeUndefined();
  });

  test("where runs overlap, keeps more: they may push in another order than they are released in", () => {
    const counts = policy(pipeline(RETENTION, { mode: "parallel" })).rules.map(
      ({ selection }) => selection.countNumber,
    );
    expect(counts).toEqual([9999, 9999, 12, 12, 30]);
  });
});

describe("what would expire", () => {
  const release = (sequence: number, ...stages: readonly string[]) =>
    stages.map((stage) => releaseTag("hello", stage, sequence));

  test("releases beyond the last ones of a stage; never what a stage runs", () => {
    const old = image("1", 500, [...release(1, "staging", "production"), liveTag("hello", "production")]);
    const third = image("2", 400, release(2, "staging", "production"));
    const second = image("3", 300, release(3, "staging", "production"));
    const first = image("4", 200, release(4, "staging", "production"));
    expect(expiring([old, third, second, first])).toEqual([third.digest]);
  });

  test("what production needs is not staging's to expire", () => {
    const inProduction = image("1", 500, release(1, "staging", "production"));
    const staged = [2, 3, 4, 5].map((n) => image(`${n}`, 400 - n, release(n, "staging")));
    expect(expiring([inProduction, ...staged])).toEqual([digest("2"), digest("3")]);
  });

  test("what no stage ran goes with age; kept tags stay for ever; children stay with their index", () => {
    const child = image("child", 400);
    const lost = image("lost", 31);
    const fresh = image("fresh", 29);
    const tagged = image("v", 400, ["v1.0.0"], { children: [child.digest] });
    const branch = image("branch", 31, ["main"]);
    const signature = image("signature", 400, [], { subject: tagged.digest });
    expect(expiring([child, lost, fresh, tagged, branch, signature])).toEqual([lost.digest, branch.digest]);
  });

  test("an index takes what it listed along, unless another one that stays lists it, too", () => {
    const shared = image("shared", 400);
    const alone = image("alone", 400);
    const going = image("going", 400, [], { children: [shared.digest, alone.digest] });
    const staying = image("staying", 400, [liveTag("hello", "staging")], { children: [shared.digest] });
    expect(expiring([shared, alone, going, staying])).toEqual([alone.digest, going.digest]);
  });

  test("each fate says why", () => {
    const fates = simulateLifecycle(
      policy(pipeline(RETENTION)),
      [image("live", 1, [liveTag("hello", "staging")]), image("young", 3), image("old", 40)],
      T0,
    );
    expect(fates.map(({ why }) => why)).toEqual([
      "What stages run stays.",
      "pushed 3 days ago; Everything else goes after 30 days.",
      "pushed 40 days ago; Everything else goes after 30 days.",
    ]);
  });
});

test("what expires in spite of being used is a problem; so is what is gone; children are used with their index", () => {
  const child = image("child", 40);
  const index = image("index", 40, [], { children: [child.digest] });
  const fates = simulateLifecycle(policy(pipeline(RETENTION)), [child, index], T0);
  const { images, problems } = retainedImages(
    fates,
    new Map([
      [index.digest, ["production/web"]],
      [digest("gone"), ["staging/web"]],
    ]),
  );
  expect(images.map(({ digest: one, usedBy }) => [one, usedBy])).toEqual([
    [child.digest, ["production/web"]],
    [index.digest, ["production/web"]],
  ]);
  expect(problems).toEqual([
    `${child.digest} would expire, and production/web runs it`,
    `${index.digest} would expire, and production/web runs it`,
    `${digest("gone")} is gone already, and staging/web runs it`,
  ]);
});
