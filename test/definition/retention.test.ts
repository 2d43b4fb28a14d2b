import { describe, expect, test } from "@jest/globals";
import { compilePipelines } from "../../shared/definition/compile.ts";
import { faultsOf, pipelineWith } from "./yaml.ts";

const imageWith = (line: string) => pipelineWith({ 6: `    ${line}` });
const imageOf = (line: string) =>
  compilePipelines([{ file: "p.yml", text: imageWith(line) }]).pipelines[0]?.images[0];

describe("an image's retention", () => {
  test("is off unless it is asked for, and has defaults then", () => {
    expect(imageOf("")).not.toHaveProperty("retention");
    expect(imageOf("retention: {}")?.retention).toEqual({ releases: 10, days: 30, keepTags: [] });
    expect(imageOf("retention: { releases: 3, days: 90, keepTags: ['v*', lts] }")?.retention).toEqual({
      releases: 3,
      days: 90,
      keepTags: ["v*", "lts"],
    });
  });

  test.each([
    [
      "retention: { days: 7 }",
      "6 images[0].retention.days: a run may wait for its approvals longer than its images stay: keep them 8 days at least",
    ],
    ["retention: { releases: 0 }", "6 images[0].retention.releases: "],
    ["retention: { keepTags: ['tandem.*'] }", "6 images[0].retention.keepTags[0]: "],
    ["retention: { keepTags: ['a*b*c*d*e*'] }", "6 images[0].retention.keepTags[0]: "],
    ["retention: { keep: 1 }", "6 images[0].retention.keep: unknown key"],
    [
      "registry: public.ecr.aws/a1b2c3d4\n    retention: {}",
      "7 images[0].retention: ECR Public has no lifecycle policies: leave retention out",
    ],
  ])("%s is refused", (line, expected) => {
    expect(faultsOf(imageWith(line))).toEqual([
      expect.stringMatching(new RegExp(`^pipelines/hello.yml:${expected.replace(/[[\]().*]/g, "\\$&")}`)),
    ]);
  });
});

describe("where an image goes, and what is recorded of it", () => {
  test("this account's ECR, and nothing, unless the file says so", () => {
    expect(Object.keys(imageOf("") ?? {})).not.toEqual(
      expect.arrayContaining(["registry", "provenance", "sbom"]),
    );
    expect(imageOf("registry: public.ecr.aws/a1b2c3d4\n    provenance: max\n    sbom: true")).toMatchObject({
      registry: "public.ecr.aws/a1b2c3d4",
      provenance: "max",
      sbom: true,
    });
  });

  test.each([
    ["registry: docker.io/acme", "6 images[0].registry: "],
    ["registry: public.ecr.aws", "6 images[0].registry: "],
    ["provenance: true", "6 images[0].provenance: "],
  ])("%s is refused", (line, expected) => {
    expect(faultsOf(imageWith(line))).toEqual([expect.stringContaining(expected)]);
  });
});
