import { describe, expect, test } from "@jest/globals";
import type { Aws } from "../../shared/effects/aws.ts";
import { publishIndex } from "../../shared/effects/publish-index.ts";
import { ACCEPTED_MEDIA_TYPES, INDEX_MEDIA_TYPE } from "../../shared/pipeline/media-types.ts";
import { COMMIT, definition, digest, REPOSITORY_URI, runAfter, started, T0 } from "../pipeline/given.ts";
import { awsError, contextOf, denied, fakeAws, operations, said, sha256 } from "./fakes.ts";
import { manifestOf, registry, succeeded } from "./registry.ts";

const run = runAfter(started(), succeeded("linux/amd64"), succeeded("linux/arm64"));
const [image] = definition().images;
if (image === undefined) throw new Error("the definition has an image");
const command = { type: "publish-index", image, lease: 0 } as const;

type Ecr = Partial<Aws["ecr"]>;

async function publish(ecr: Ecr, of = run, tags = image?.tags ?? []) {
  const { aws, calls } = fakeAws({ ecr });
  const { events } = await publishIndex(contextOf(aws), of, {
    ...command,
    image: { ...command.image, tags },
  });
  const [event] = events;
  if (event === undefined || events.length > 1)
    throw new Error(`one event is expected, not ${events.length}`);
  return { event, calls };
}

describe("the index is published", () => {
  test("with two calls one after another: the children are looked at, the tags put side by side", async () => {
    const { event, calls } = await publish(registry());
    expect(operations(calls)).toEqual(["BatchGetImage", "PutImage", "PutImage"]);
    expect(calls[0]?.input).toMatchObject({
      repositoryName: "hello",
      acceptedMediaTypes: [...ACCEPTED_MEDIA_TYPES],
    });
    expect(event).toMatchObject({
      type: "index.published",
      at: T0,
      image: "hello",
      repositoryUri: REPOSITORY_URI,
      mediaType: INDEX_MEDIA_TYPE,
      tags: ["main", "1111111"],
      skippedTags: [],
    });
  });

  test("its digest and size are those of the bytes that were put, and every tag names them", async () => {
    const { event, calls } = await publish(registry());
    const puts = calls.filter(({ operation }) => operation === "PutImage");
    const manifest = String(said(puts[0], "imageManifest"));
    if (event.type !== "index.published") throw new Error("nothing was published");
    expect(event.digest).toBe(`sha256:${sha256(manifest)}`);
    expect(event.size).toBe(manifest.length);
    const put = {
      repositoryName: "hello",
      imageManifest: manifest,
      imageManifestMediaType: INDEX_MEDIA_TYPE,
      imageDigest: event.digest,
    };
    expect(puts.map(({ input }) => input)).toEqual([
      { ...put, imageTag: "main" },
      { ...put, imageTag: "1111111" },
    ]);
  });

  test("again, it is the same index, whichever build ended first", async () => {
    const { event } = await publish(registry());
    const other = runAfter(started(), succeeded("linux/arm64"), succeeded("linux/amd64"));
    expect((await publish(registry(), other)).event).toEqual(event);
  });

  test("again under immutable tags that name it already, it is a success", async () => {
    const { event } = await publish(registry());
    if (event.type !== "index.published") throw new Error("not published");
    const immutable = { main: event.digest, "1111111": event.digest };
    expect((await publish(registry({ immutable }))).event).toEqual(event);
  });

  test("an immutable tag that names another image is left out, and that is said", async () => {
    const { event } = await publish(registry({ immutable: { main: digest("other") } }));
    expect(event).toMatchObject({
      type: "index.published",
      tags: ["1111111"],
      skippedTags: [{ tag: "main", why: "the tag is immutable and names another image" }],
    });
  });

  test("when no tag can be given, it gets its commit's, and the run says why", async () => {
    const { event } = await publish(registry({ immutable: { main: digest("other") } }), run, ["{branch}"]);
    expect(event).toMatchObject({
      type: "index.published",
      tags: [COMMIT],
      skippedTags: [{ tag: "main", why: "the tag is immutable and names another image" }],
    });
  });

  test("when not even that can be given, it is published under its digest", async () => {
    const immutable = { main: digest("other"), [COMMIT]: digest("other") };
    const { event, calls } = await publish(registry({ immutable }), run, ["{branch}"]);
    expect(event).toMatchObject({ type: "index.published", tags: [] });
    expect(calls.at(-1)?.input).not.toHaveProperty("imageTag");
  });
});

describe("nothing is published", () => {
  const failure = async (ecr: Ecr, of = run) => {
    const { event, calls } = await publish(ecr, of);
    expect(event).toMatchObject({ type: "index.failed", image: "hello" });
    return { failure: event.type === "index.failed" ? event.failure : undefined, calls };
  };
  const arm = `sha256:${sha256(manifestOf("linux/arm64"))}`;

  test("when a child is not in the registry", async () => {
    const { failure: why, calls } = await failure(registry({ missing: "linux/arm64" }));
    expect(why?.reason).toBe(`the linux/arm64 image ${arm} is not in the repository hello`);
    expect(operations(calls)).toEqual(["BatchGetImage"]);
  });

  test("when the registry gives other bytes than were pushed", async () => {
    const ecr = registry();
    const lying: Ecr = {
      ...ecr,
      batchGetImage: async (input) => {
        const { images = [] } = await ecr.batchGetImage(input);
        return { images: images.map((one) => ({ ...one, imageManifest: `${one.imageManifest} ` })) };
      },
    };
    const { failure: why, calls } = await failure(lying);
    expect(why?.reason).toMatch(/^the linux\/amd64 image sha256:\w+ is sha256:\w+ in the registry$/);
    expect(operations(calls)).not.toContain("PutImage");
  });

  test("when a child is of the wrong platform", async () => {
    const wrong = runAfter(
      started(),
      succeeded("linux/amd64"),
      succeeded("linux/arm64", { configPlatform: "linux/amd64" }),
    );
    const { failure: why, calls } = await failure(registry(), wrong);
    expect(why?.reason).toBe(
      `the linux/arm64 image ${arm} was built for linux/amd64: its Dockerfile takes another platform than $TARGETPLATFORM`,
    );
    expect(operations(calls)).not.toContain("PutImage");
  });

  test("when the repository is missing: the remedy is said", async () => {
    const { failure: why } = await failure({
      ...registry(),
      batchGetImage: () => Promise.reject(awsError("RepositoryNotFoundException")),
    });
    expect(why).toEqual({
      reason: "the ECR repository hello does not exist",
      remedy: "deploy the stack again: it creates one per image",
    });
  });

  test.each(["ReferencedImagesNotFoundException", "LimitExceededException", "InvalidParameterException"])(
    "when ECR refuses it (%s)",
    async (name) => {
      const { failure: why } = await failure({
        ...registry(),
        putImage: () => Promise.reject(awsError(name, "no")),
      });
      expect(why?.reason).toBe("ECR refused the index of hello: no");
    },
  );

  test("when ECR does not allow it: the permission and the role are named", async () => {
    const putImage = () =>
      Promise.reject(denied("ecr:PutImage", "arn:aws:ecr:us-east-1:000000000000:repository/hello"));
    const { failure: why } = await failure({ ...registry(), putImage });
    expect(why?.remedy).toMatch(/^give the role tandem-on-build-change the permission ecr:PutImage on/);
  });

  test("yet, when ECR is throttled: that is thrown, for another try", async () => {
    const throttled = { ...registry(), putImage: () => Promise.reject(awsError("ThrottlingException")) };
    await expect(publish(throttled)).rejects.toThrow("said AWS");
  });
});
