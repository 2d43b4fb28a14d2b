import {
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  DescribeImageScanFindingsCommand,
  DescribeImagesCommand,
  ListImagesCommand,
  PutImageCommand,
  PutImageTagMutabilityCommand,
} from "@aws-sdk/client-ecr";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type EcrWorld, startWorld } from "./ecr-world.ts";
import { indexOf, pushImageParts, sha256 } from "./registry-content.ts";

let ecr: EcrWorld;
beforeAll(async () => {
  ecr = await startWorld();
});
afterAll(() => ecr.stop());

describe("PutImage", () => {
  test("stores a manifest under its digest and its tag, and says so on the bus", async () => {
    const repositoryName = await ecr.newRepository();
    const manifest = await pushImageParts(ecr.url, repositoryName, "hello");
    const { image } = await ecr.put(repositoryName, manifest, "v1");
    expect(image).toMatchObject({
      imageId: { imageDigest: sha256(manifest), imageTag: "v1" },
      imageManifest: manifest,
      imageManifestMediaType: "application/vnd.oci.image.manifest.v1+json",
    });
    expect(ecr.events.at(-1)).toEqual({
      source: "aws.ecr",
      detailType: "ECR Image Action",
      resources: [],
      detail: {
        "action-type": "PUSH",
        result: "SUCCESS",
        "repository-name": repositoryName,
        "image-digest": sha256(manifest),
        "image-tag": "v1",
        "manifest-media-type": "application/vnd.oci.image.manifest.v1+json",
        "artifact-media-type": "application/vnd.oci.image.config.v1+json",
      },
    });
  });

  test("answers the documented errors", async () => {
    const repositoryName = await ecr.newRepository();
    const manifest = await pushImageParts(ecr.url, repositoryName, "errors");
    await ecr.put(repositoryName, manifest, "v1");
    const again = { name: "ImageAlreadyExistsException" };
    await expect(ecr.put(repositoryName, manifest, "v1")).rejects.toMatchObject(again);
    await expect(ecr.put(repositoryName, manifest)).rejects.toMatchObject(again);
    await expect(ecr.put(repositoryName, manifest, "v2")).resolves.toBeDefined();
    await expect(ecr.put(repositoryName, `${manifest} `, "v3", sha256(manifest))).rejects.toMatchObject({
      name: "ImageDigestDoesNotMatchException",
    });
    await expect(ecr.put(repositoryName, indexOf([manifest, "{}"]), "v3")).rejects.toMatchObject({
      name: "ReferencedImagesNotFoundException",
      message: expect.stringContaining(sha256("{}")),
    });
    const elsewhere = await ecr.newRepository();
    await expect(ecr.put(elsewhere, manifest, "v1")).rejects.toMatchObject({
      name: "LayersNotFoundException",
    });
    await expect(ecr.put("no/such", manifest)).rejects.toMatchObject({ name: "RepositoryNotFoundException" });
    await expect(ecr.put(repositoryName, "not json", "v3")).rejects.toMatchObject({
      name: "InvalidParameterException",
    });
    await expect(ecr.put(repositoryName, manifest, "-bad")).rejects.toMatchObject({
      name: "InvalidParameterException",
    });
    await expect(ecr.put(repositoryName, " ".repeat(4 * 1024 * 1024 + 1))).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: expect.stringContaining("4194304"),
    });
  });

  test("needs the media type when the manifest has none, and refuses two that differ", async () => {
    const repositoryName = await ecr.newRepository();
    const { mediaType, ...rest } = JSON.parse(await pushImageParts(ecr.url, repositoryName, "typeless"));
    const imageManifest = JSON.stringify(rest);
    await expect(ecr.put(repositoryName, imageManifest)).rejects.toMatchObject({
      name: "InvalidParameterException",
    });
    await ecr.client.send(
      new PutImageCommand({ repositoryName, imageManifest, imageManifestMediaType: mediaType }),
    );
    await expect(
      ecr.client.send(
        new PutImageCommand({
          repositoryName,
          imageManifest: JSON.stringify({ mediaType, ...rest }),
          imageManifestMediaType: "application/vnd.oci.image.index.v1+json",
        }),
      ),
    ).rejects.toMatchObject({ name: "InvalidParameterException" });
  });

  test("keeps immutable tags, but for those a filter excludes", async () => {
    const repositoryName = await ecr.newRepository({
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "dev-*-x" }],
    });
    const one = await pushImageParts(ecr.url, repositoryName, "one");
    const two = await pushImageParts(ecr.url, repositoryName, "two");
    await ecr.put(repositoryName, one, "v1");
    await ecr.put(repositoryName, one, "dev-1-x");
    await expect(ecr.put(repositoryName, two, "v1")).rejects.toMatchObject({
      name: "ImageTagAlreadyExistsException",
    });
    await ecr.put(repositoryName, two, "dev-1-x");
    const described = await ecr.client.send(
      new DescribeImagesCommand({ repositoryName, imageIds: [{ imageDigest: sha256(two) }] }),
    );
    expect(described.imageDetails?.[0]?.imageTags).toEqual(["dev-1-x"]);

    await ecr.client.send(
      new PutImageTagMutabilityCommand({ repositoryName, imageTagMutability: "MUTABLE" }),
    );
    await ecr.put(repositoryName, two, "v1");
    await ecr.client.send(
      new PutImageTagMutabilityCommand({
        repositoryName,
        imageTagMutability: "MUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "v*" }],
      }),
    );
    await expect(ecr.put(repositoryName, one, "v1")).rejects.toMatchObject({
      name: "ImageTagAlreadyExistsException",
    });
    await expect(
      ecr.client.send(
        new PutImageTagMutabilityCommand({ repositoryName, imageTagMutability: "IMMUTABLE_WITH_EXCLUSION" }),
      ),
    ).rejects.toMatchObject({ name: "InvalidParameterException" });
  });

  test("lets one of two racing pushes have an immutable tag", async () => {
    const repositoryName = await ecr.newRepository({ imageTagMutability: "IMMUTABLE" });
    const manifests = await Promise.all(
      ["a", "b", "c", "d"].map((text) => pushImageParts(ecr.url, repositoryName, text)),
    );
    const outcomes = await Promise.allSettled(
      manifests.map((manifest) => ecr.put(repositoryName, manifest, "v1")),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const { imageIds } = await ecr.client.send(new ListImagesCommand({ repositoryName }));
    expect(imageIds).toHaveLength(1);
  });
});

describe("reading images", () => {
  test("BatchGetImage gives stored bytes, and a failure for each image it cannot give", async () => {
    const repositoryName = await ecr.newRepository();
    const manifest = await pushImageParts(ecr.url, repositoryName, "read");
    const other = await pushImageParts(ecr.url, repositoryName, "other");
    await ecr.put(repositoryName, manifest, "v1");
    await ecr.put(repositoryName, other, "v2");
    const { images, failures } = await ecr.client.send(
      new BatchGetImageCommand({
        repositoryName,
        acceptedMediaTypes: ["application/vnd.docker.distribution.manifest.v2+json"],
        imageIds: [
          { imageDigest: sha256(manifest) },
          { imageTag: "v1" },
          { imageTag: "none" },
          { imageTag: "v1", imageDigest: sha256(other) },
          { imageDigest: "sha256:short" },
          { imageTag: "not a tag" },
          {},
        ],
      }),
    );
    const [byDigest, byTag] = images ?? [];
    expect(byDigest?.imageManifest).toBe(manifest);
    expect(byTag?.imageId).toEqual({ imageDigest: sha256(manifest), imageTag: "v1" });
    expect(byTag?.imageManifestMediaType).toBe("application/vnd.docker.distribution.manifest.v2+json");
    expect(JSON.parse(byTag?.imageManifest ?? "")).toMatchObject({
      mediaType: "application/vnd.docker.distribution.manifest.v2+json",
      config: { mediaType: "application/vnd.docker.container.image.v1+json" },
      layers: [{ mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip" }],
    });
    expect(failures?.map(({ failureCode }) => failureCode)).toEqual([
      "ImageNotFound",
      "ImageTagDoesNotMatchDigest",
      "InvalidImageDigest",
      "InvalidImageTag",
      "MissingDigestAndTag",
    ]);
  });

  test("ListImages and DescribeImages filter by tag status, page, and give sizes", async () => {
    const repositoryName = await ecr.newRepository();
    const small = await pushImageParts(ecr.url, repositoryName, "s");
    const large = await pushImageParts(ecr.url, repositoryName, "much larger than the other");
    await ecr.put(repositoryName, small);
    await ecr.put(repositoryName, large, "large");
    const index = indexOf([small, large]);
    await ecr.put(repositoryName, index, "v1");
    const list = async (tagStatus: "TAGGED" | "UNTAGGED" | "ANY") =>
      (await ecr.client.send(new ListImagesCommand({ repositoryName, filter: { tagStatus } }))).imageIds;
    expect(await list("UNTAGGED")).toEqual([{ imageDigest: sha256(small) }]);
    expect(await list("TAGGED")).toHaveLength(2);
    expect(await list("ANY")).toHaveLength(3);
    const first = await ecr.client.send(new ListImagesCommand({ repositoryName, maxResults: 2 }));
    const second = await ecr.client.send(
      new ListImagesCommand({ repositoryName, nextToken: first.nextToken }),
    );
    expect([...(first.imageIds ?? []), ...(second.imageIds ?? [])]).toEqual(await list("ANY"));

    const { imageDetails } = await ecr.client.send(
      new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: "v1" }, { imageTag: "large" }] }),
    );
    const parts = JSON.parse(large);
    const size = parts.config.size + parts.layers[0].size;
    expect(imageDetails).toMatchObject([
      { imageDigest: sha256(index), imageTags: ["v1"], imageSizeInBytes: size },
      {
        imageDigest: sha256(large),
        imageSizeInBytes: size,
        artifactMediaType: "application/vnd.oci.image.config.v1+json",
      },
    ]);
    await expect(
      ecr.client.send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: "gone" }] })),
    ).rejects.toMatchObject({ name: "ImageNotFoundException" });
    await expect(
      ecr.client.send(new DescribeImageScanFindingsCommand({ repositoryName, imageId: { imageTag: "v1" } })),
    ).rejects.toMatchObject({ name: "ScanNotFoundException" });
  });
});

describe("BatchDeleteImage", () => {
  test("spares an image that an index lists, and takes it once the index is gone", async () => {
    const repositoryName = await ecr.newRepository();
    const child = await pushImageParts(ecr.url, repositoryName, "child");
    await ecr.put(repositoryName, child, "child");
    const index = indexOf([child]);
    await ecr.put(repositoryName, index, "v1");
    await ecr.put(repositoryName, index, "v2");
    const remove = (imageIds: { imageDigest?: string; imageTag?: string }[]) =>
      ecr.client.send(new BatchDeleteImageCommand({ repositoryName, imageIds }));

    expect((await remove([{ imageDigest: sha256(child) }])).failures?.[0]).toMatchObject({
      failureCode: "ImageReferencedByManifestList",
      failureReason: expect.stringContaining(sha256(index)),
    });
    expect((await remove([{ imageTag: "v1" }])).imageIds).toEqual([
      { imageDigest: sha256(index), imageTag: "v1" },
    ]);
    expect((await remove([{ imageTag: "v2" }, { imageDigest: sha256(child) }])).imageIds).toEqual([
      { imageDigest: sha256(index), imageTag: "v2" },
      { imageDigest: sha256(child), imageTag: "child" },
    ]);
    expect((await ecr.client.send(new ListImagesCommand({ repositoryName }))).imageIds).toEqual([]);
    expect(ecr.events.at(-1)?.detail).toMatchObject({
      "action-type": "DELETE",
      "image-digest": sha256(child),
      "image-tag": "child",
    });
    expect((await remove([{ imageTag: "v2" }])).failures?.[0]?.failureCode).toBe("ImageNotFound");
  });
});
