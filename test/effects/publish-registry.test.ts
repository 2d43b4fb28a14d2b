import { CreateRepositoryCommand } from "@aws-sdk/client-ecr-public";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { publishIndex } from "../../shared/effects/publish-index.ts";
import { repositoryOf } from "../../shared/effects/repositories.ts";
import { verifyIndex } from "../../shared/effects/verify-index.ts";
import { PLATFORMS } from "../../shared/pipeline/build-report.ts";
import type { ImageDefinition, Platform } from "../../shared/pipeline/definition.ts";
import type { BuiltImage } from "../../shared/pipeline/events.ts";
import { buildSucceeded, definition, runAfter, started } from "../pipeline/given.ts";
import {
  attestationEntry,
  type Bytes,
  DOCKER_IMAGE,
  DOCKER_LIST,
  descriptorOf,
  imageOf,
  OCI_INDEX,
  reported,
  wrapped,
} from "../pipeline/images.ts";
import { contextOf, fakeAws, operations } from "./fakes.ts";
import { createRepository, type LocalEcr, openLocalEcr, push } from "./local-ecr.ts";

/** The index against the local registry, over HTTP: nothing is faked but the run. */

let local: LocalEcr;
beforeAll(async () => {
  local = await openLocalEcr();
});
afterAll(() => local.close());

function first(images: readonly ImageDefinition[]): ImageDefinition {
  const [image] = images;
  if (image === undefined) throw new Error("the definition has an image");
  return image;
}
const base = first(definition().images);

type Built = Readonly<Partial<Record<Platform, BuiltImage>>>;

/** Publishes what the platforms' builds have reported. */
async function publish(change: Partial<ImageDefinition>, builds: Built, ref = "refs/heads/main") {
  const platforms = PLATFORMS.filter((platform) => builds[platform] !== undefined);
  const image: ImageDefinition = { ...base, ...change, platforms };
  const run = runAfter(
    started({
      definition: definition({ images: [image] }),
      revision: { repository: "hello", ref, commit: "1".repeat(40) },
    }),
    ...platforms.flatMap((platform) => {
      const built = builds[platform];
      return built === undefined ? [] : [{ ...buildSucceeded(platform), image: image.name, built }];
    }),
  );
  const { aws, calls } = fakeAws({ ecr: local.ecr, ecrPublic: local.ecrPublic });
  const context = contextOf(aws);
  const settings = { ...context.settings, publicRegistryUrl: `${local.url}/public.ecr.aws` };
  const own = { ...context, settings };
  const { events } = await publishIndex(own, run, { type: "publish-index", image, lease: 0 });
  const [event] = events;
  if (event?.type !== "index.published" && event?.type !== "index.failed")
    throw new Error("nothing was said");
  return { event, calls, context: own, image };
}

type Published = Awaited<ReturnType<typeof publish>>;

function digestIn({ event }: Published): string {
  if (event.type === "index.published") return event.digest;
  throw new Error(event.failure.reason);
}

const manifestAt = async (repository: string, reference: string) => {
  const response = await fetch(`${local.url}/v2/${repository}/manifests/${reference}`);
  return { status: response.status, body: await response.text(), type: response.headers.get("content-type") };
};

const report = async (published: Published) =>
  verifyIndex(await repositoryOf(published.context, published.image), digestIn(published));

describe("an index over what builds have pushed", () => {
  test("three platforms of both families, two of them wrapped with their provenance: one flat index", async () => {
    const name = await createRepository(local, "mixed");
    const amd = imageOf("linux/amd64", DOCKER_IMAGE);
    const arm = wrapped("linux/arm64");
    const v7 = wrapped("linux/arm/v7", DOCKER_LIST);
    await push(
      local.url,
      name,
      amd,
      arm.image,
      arm.attestation,
      arm.index,
      v7.image,
      v7.attestation,
      v7.index,
    );
    const published = await publish(
      { name },
      {
        "linux/arm64": reported(arm.index, "linux/arm64"),
        "linux/amd64": reported(amd, "linux/amd64", { committedAt: 1_700_000_000_000 }),
        "linux/arm/v7": reported(v7.index, "linux/arm/v7"),
      },
    );
    const { body, type } = await manifestAt(name, "main");
    expect(type).toBe(OCI_INDEX);
    expect(JSON.parse(body)).toEqual({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        descriptorOf(amd, { platform: { architecture: "amd64", os: "linux" } }),
        descriptorOf(v7.image, { platform: { architecture: "arm", os: "linux", variant: "v7" } }),
        descriptorOf(arm.image, { platform: { architecture: "arm64", os: "linux" } }),
        attestationEntry(v7.attestation, v7.image.digest),
        attestationEntry(arm.attestation, arm.image.digest),
      ],
      annotations: {
        "org.opencontainers.image.created": "2023-11-14T22:13:20Z",
        "org.opencontainers.image.revision": "1".repeat(40),
        "org.opencontainers.image.source": "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/hello",
        "org.opencontainers.image.version": "1111111",
      },
    });
    expect(published.event).toMatchObject({
      tags: ["main", "1111111"],
      children: expect.arrayContaining([amd.digest, arm.image.digest, v7.image.digest]),
    });
    // Hosts may be told the platform's own digest: that of the image, never of the index around it.
    expect(published.event).not.toMatchObject({ children: expect.arrayContaining([arm.index.digest]) });
    expect(operations(published.calls)).toEqual(["BatchGetImage", "BatchGetImage", "PutImage", "PutImage"]);
    expect(await report(published)).toMatchObject({
      ok: true,
      images: [
        { platform: "linux/amd64", configPlatform: "linux/amd64" },
        { platform: "linux/arm/v7", configPlatform: "linux/arm/v7" },
        { platform: "linux/arm64", configPlatform: "linux/arm64" },
      ],
      attestations: [{ subject: v7.image.digest }, { subject: arm.image.digest }],
    });
  });

  test("of two platforms with one tag takes two calls of ECR", async () => {
    const name = await createRepository(local, "two");
    const images = { amd: imageOf("linux/amd64"), arm: imageOf("linux/arm64") };
    await push(local.url, name, ...Object.values(images));
    const builds = {
      "linux/amd64": reported(images.amd, "linux/amd64"),
      "linux/arm64": reported(images.arm, "linux/arm64"),
    };
    const { calls } = await publish({ name, tags: ["{branch}"] }, builds);
    expect(operations(calls)).toEqual(["BatchGetImage", "PutImage"]);
  });

  test("immutable tags: what is excluded moves, what names the same digest is a success, the rest is said", async () => {
    const name = await createRepository(local, "fixed", {
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "ma*" }],
    });
    const first = imageOf("linux/amd64");
    const second = imageOf("linux/amd64", DOCKER_IMAGE);
    await push(local.url, name, first, second);
    const of = (one: Bytes) => publish({ name }, { "linux/amd64": reported(one, "linux/amd64") });
    const once = await of(first);
    expect((await of(first)).event).toEqual(once.event);
    const other = await of(second);
    expect(other.event).toMatchObject({
      tags: ["main"],
      skippedTags: [{ tag: "1111111", why: `the tag is immutable and names ${digestIn(once)}` }],
    });
    expect((await manifestAt(name, "1111111")).body).toContain(first.digest);
    expect((await manifestAt(name, "main")).body).toContain(second.digest);
  });

  test("a child that is gone from the repository: no tag names anything", async () => {
    const name = await createRepository(local, "gone");
    const amd = imageOf("linux/amd64");
    await push(local.url, name, amd);
    const { event } = await publish(
      { name },
      {
        "linux/amd64": reported(amd, "linux/amd64"),
        "linux/arm64": reported(imageOf("linux/arm64"), "linux/arm64"),
      },
    );
    expect(event).toMatchObject({
      type: "index.failed",
      failure: { reason: expect.stringContaining(`is not in the repository ${name}`) },
    });
    expect((await manifestAt(name, "main")).status).toBe(404);
  });
});

describe("a buildspec of the repository's own is not believed", () => {
  const lying = { buildspec: "ci/build.yml" };

  test("about the platform: the configuration is read", async () => {
    const name = await createRepository(local, "lying");
    const image = imageOf("linux/amd64");
    await push(local.url, name, image);
    const configDigest = reported(image, "linux/amd64").configDigest;
    const { event, calls } = await publish(
      { name, ...lying },
      { "linux/arm64": reported(image, "linux/arm64", { configDigest }) },
    );
    expect(event).toMatchObject({
      type: "index.failed",
      failure: { reason: expect.stringContaining("was built for linux/amd64") },
    });
    expect(operations(calls)).toEqual(["BatchGetImage", "GetDownloadUrlForLayer"]);
  });

  test("and is right when the configuration says the same", async () => {
    const name = await createRepository(local, "honest");
    const image = imageOf("linux/arm64");
    await push(local.url, name, image);
    const published = await publish(
      { name, ...lying },
      { "linux/arm64": reported(image, "linux/arm64", { configPlatform: "linux/amd64" }) },
    );
    expect((await report(published)).ok).toBe(true);
  });

  test("where ECR keeps the configuration to itself, its word and the index's are all there is", async () => {
    const name = await createRepository(local, "silent");
    const { index, image, attestation } = wrapped("linux/arm64");
    await push(local.url, name, image, attestation, index);
    const missing = () => Promise.reject(Object.assign(new Error("no"), { name: "LayersNotFoundException" }));
    const before = local.ecr;
    Object.assign(local, { ecr: { ...before, getDownloadUrlForLayer: missing } });
    try {
      const good = await publish({ name, ...lying }, { "linux/arm64": reported(index, "linux/arm64") });
      expect(good.event.type).toBe("index.published");
      const bad = await publish(
        { name, ...lying },
        { "linux/arm64": reported(index, "linux/arm64", { configPlatform: "linux/amd64" }) },
      );
      expect(bad.event.type).toBe("index.failed");
    } finally {
      Object.assign(local, { ecr: before });
    }
  });
});

describe("at ECR Public", () => {
  const registry = "public.ecr.aws/a1b2c3d4";
  const path = (name: string) => `public.ecr.aws/local/${name}`;

  test("the index goes through the registry, with a token of ECR Public", async () => {
    await local.publicClient.send(new CreateRepositoryCommand({ repositoryName: "open" }));
    const arm = wrapped("linux/arm64");
    const amd = imageOf("linux/amd64");
    await push(local.url, path("open"), amd, arm.image, arm.attestation, arm.index);
    const builds = {
      "linux/amd64": reported(amd, "linux/amd64"),
      "linux/arm64": reported(arm.index, "linux/arm64"),
    };
    const published = await publish({ name: "open", registry }, builds);
    expect(published.event).toMatchObject({
      type: "index.published",
      repositoryUri: `${local.host}/public.ecr.aws/a1b2c3d4/open`,
      tags: ["main", "1111111"],
    });
    expect(operations(published.calls)).toEqual(["GetAuthorizationToken"]);
    expect((await manifestAt(path("open"), "main")).body).toContain(arm.image.digest);
    expect((await publish({ name: "open", registry }, builds)).event).toEqual(published.event);
    expect((await report(published)).ok).toBe(true);
  });

  test("a repository that is not there is a failure with the remedy", async () => {
    const { event } = await publish(
      { name: "missing", registry },
      { "linux/amd64": reported(imageOf("linux/amd64"), "linux/amd64") },
    );
    expect(event).toMatchObject({
      type: "index.failed",
      failure: {
        reason: "the ECR repository missing does not exist",
        remedy: "create it: aws ecr-public create-repository --region us-east-1 --repository-name missing",
      },
    });
  });

  test("a bad token is no fact: it is thrown, for another try", async () => {
    const before = local.ecrPublic;
    Object.assign(local, {
      ecrPublic: {
        getAuthorizationToken: async () => ({ authorizationData: { authorizationToken: "e30=" } }),
      },
    });
    try {
      const image = imageOf("linux/amd64");
      await expect(
        publish({ name: "open", registry }, { "linux/amd64": reported(image, "linux/amd64") }),
      ).rejects.toMatchObject({ name: "AccessDeniedException" });
    } finally {
      Object.assign(local, { ecrPublic: before });
    }
  });
});
