import { describe, expect, test } from "@jest/globals";
import { parseImagePush } from "../../shared/intake/image-push.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

/** As https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html documents it. */
const event = (change: Readonly<Record<string, unknown>> = {}) => ({
  version: "0",
  id: "13cde686-328b-6117-af20-0e5566167482",
  "detail-type": "ECR Image Action",
  source: "aws.ecr",
  account: "123456789012",
  time: "2026-11-21T01:54:34Z",
  region: "us-west-2",
  resources: [],
  detail: {
    result: "SUCCESS",
    "repository-name": "base/node",
    "image-digest": DIGEST,
    "action-type": "PUSH",
    "image-tag": "22",
    ...change,
  },
});

describe("an action on an image in ECR", () => {
  test("that pushes a tag is a new image", () => {
    expect(parseImagePush(event())).toEqual({
      type: "image",
      repository: "base/node",
      digest: DIGEST,
      tag: "22",
    });
  });

  test.each([
    ["a push that failed", { result: "FAILURE" }, "PUSH FAILURE is no push of an image"],
    ["a deletion", { "action-type": "DELETE" }, "DELETE SUCCESS is no push of an image"],
    ["a platform of an index to come", { "image-tag": undefined }, `base/node@${DIGEST} has no tag`],
    [
      "a tag that says what a stage runs",
      { "image-tag": "tandem.live.base.production" },
      "tandem.live.base.production is Tandem's own tag",
    ],
    ["an empty tag", { "image-tag": "" }, `base/node@${DIGEST} has no tag`],
  ])("%s starts nothing", (_what, change, reason) => {
    expect(parseImagePush(event(change))).toEqual({ type: "ignored", reason });
  });

  test("what is no such event is said", () => {
    expect(parseImagePush({ id: "1" })).toMatchObject({
      type: "ignored",
      reason: expect.stringMatching(/^no ECR event/),
    });
  });
});
