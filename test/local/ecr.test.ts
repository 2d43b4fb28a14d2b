import {
  BatchCheckLayerAvailabilityCommand,
  CompleteLayerUploadCommand,
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  DescribeRepositoriesCommand,
  GetAuthorizationTokenCommand,
  GetDownloadUrlForLayerCommand,
  GetLifecyclePolicyCommand,
  InitiateLayerUploadCommand,
  ListImagesCommand,
  PutLifecyclePolicyCommand,
  UploadLayerPartCommand,
} from "@aws-sdk/client-ecr";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type EcrWorld, startWorld } from "./ecr-world.ts";
import { pushImageParts, sha256 } from "./registry-content.ts";

let ecr: EcrWorld;
beforeAll(async () => {
  ecr = await startWorld();
});
afterAll(() => ecr.stop());

describe("repositories", () => {
  test("are created once, described, and deleted only when empty or by force", async () => {
    const repositoryName = await ecr.newRepository({ imageScanningConfiguration: { scanOnPush: true } });
    const { repositories } = await ecr.client.send(
      new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] }),
    );
    expect(repositories).toEqual([
      {
        repositoryArn: `arn:aws:ecr:us-east-1:000000000000:repository/${repositoryName}`,
        registryId: "000000000000",
        repositoryName,
        repositoryUri: `${ecr.host}/${repositoryName}`,
        createdAt: expect.any(Date),
        imageTagMutability: "MUTABLE",
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfiguration: { encryptionType: "AES256" },
      },
    ]);
    await expect(ecr.client.send(new CreateRepositoryCommand({ repositoryName }))).rejects.toMatchObject({
      name: "RepositoryAlreadyExistsException",
    });
    await ecr.put(repositoryName, await pushImageParts(ecr.url, repositoryName, "one"));
    await expect(ecr.client.send(new DeleteRepositoryCommand({ repositoryName }))).rejects.toMatchObject({
      name: "RepositoryNotEmptyException",
    });
    await ecr.client.send(new DeleteRepositoryCommand({ repositoryName, force: true }));
    await expect(ecr.client.send(new ListImagesCommand({ repositoryName }))).rejects.toMatchObject({
      name: "RepositoryNotFoundException",
      message: expect.stringContaining(`aws ecr create-repository --repository-name ${repositoryName}`),
    });
  });

  test("are listed page by page", async () => {
    await ecr.newRepository();
    await ecr.newRepository();
    const names: (string | undefined)[] = [];
    let nextToken: string | undefined;
    do {
      const page = await ecr.client.send(new DescribeRepositoriesCommand({ maxResults: 1, nextToken }));
      expect(page.repositories).toHaveLength(1);
      names.push(page.repositories?.[0]?.repositoryName);
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    const all = await ecr.client.send(new DescribeRepositoriesCommand({}));
    expect(names).toEqual(all.repositories?.map((repository) => repository.repositoryName));
    await expect(
      ecr.client.send(new DescribeRepositoriesCommand({ nextToken: "bm90IG91cnM" })),
    ).rejects.toMatchObject({ name: "InvalidParameterException" });
  });

  test("refuse a name that ECR would refuse", async () => {
    for (const repositoryName of ["Upper", "a", "a//b", "-a", "a/.b"]) {
      await expect(ecr.client.send(new CreateRepositoryCommand({ repositoryName }))).rejects.toMatchObject({
        name: "InvalidParameterException",
        message: expect.stringContaining("repositoryName"),
      });
    }
  });
});

describe("layers", () => {
  test("are uploaded in parts, checked, and downloaded from the URL that is given", async () => {
    const repositoryName = await ecr.newRepository();
    const layer = Buffer.alloc(6 * 1024 * 1024, "tandem");
    const cut = 5 * 1024 * 1024;
    const { uploadId } = await ecr.client.send(new InitiateLayerUploadCommand({ repositoryName }));
    const part = (partFirstByte: number, bytes: Buffer) =>
      ecr.client.send(
        new UploadLayerPartCommand({
          repositoryName,
          uploadId,
          partFirstByte,
          partLastByte: partFirstByte + bytes.length - 1,
          layerPartBlob: bytes,
        }),
      );
    await part(0, layer.subarray(0, cut));
    await expect(part(0, layer.subarray(0, cut))).rejects.toMatchObject({
      name: "InvalidLayerPartException",
    });
    expect((await part(cut, layer.subarray(cut))).lastByteReceived).toBe(layer.length - 1);
    const layerDigest = sha256(layer);
    await ecr.client.send(
      new CompleteLayerUploadCommand({ repositoryName, uploadId, layerDigests: [layerDigest] }),
    );

    const { layers, failures } = await ecr.client.send(
      new BatchCheckLayerAvailabilityCommand({
        repositoryName,
        layerDigests: [layerDigest, sha256("absent"), "sha256:x"],
      }),
    );
    expect(layers).toEqual([
      { layerDigest, layerAvailability: "AVAILABLE", layerSize: layer.length },
      { layerDigest: sha256("absent"), layerAvailability: "UNAVAILABLE" },
    ]);
    expect(failures?.[0]?.failureCode).toBe("InvalidLayerDigest");

    const { downloadUrl = "" } = await ecr.client.send(
      new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest }),
    );
    const bytes = Buffer.from(await (await fetch(downloadUrl)).arrayBuffer());
    expect(sha256(bytes)).toBe(layerDigest);
    await expect(
      ecr.client.send(new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest: sha256("absent") })),
    ).rejects.toMatchObject({ name: "LayersNotFoundException" });
    await expect(part(layer.length, layer)).rejects.toMatchObject({ name: "UploadNotFoundException" });
  });

  test("belong to the repository they were pushed to", async () => {
    const [mine, other] = [await ecr.newRepository(), await ecr.newRepository()];
    const manifest = JSON.parse(await pushImageParts(ecr.url, mine, "secret"));
    const { layers } = await ecr.client.send(
      new BatchCheckLayerAvailabilityCommand({
        repositoryName: other,
        layerDigests: [manifest.config.digest],
      }),
    );
    expect(layers?.[0]?.layerAvailability).toBe("UNAVAILABLE");
  });
});

test("a lifecycle policy is kept, and refused when it is none", async () => {
  const repositoryName = await ecr.newRepository();
  const rule = {
    rulePriority: 1,
    description: "keep the last ten untagged images and expire all the others",
    selection: { tagStatus: "untagged", countType: "imageCountMoreThan", countNumber: 10 },
    action: { type: "expire" },
  };
  const lifecyclePolicyText = JSON.stringify({ rules: [rule] });
  await expect(ecr.client.send(new GetLifecyclePolicyCommand({ repositoryName }))).rejects.toMatchObject({
    name: "LifecyclePolicyNotFoundException",
  });
  await ecr.client.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText }));
  const kept = await ecr.client.send(new GetLifecyclePolicyCommand({ repositoryName }));
  expect(kept.lifecyclePolicyText).toBe(lifecyclePolicyText);
  await expect(
    ecr.client.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText: "{}".padEnd(120) })),
  ).rejects.toMatchObject({ name: "InvalidParameterException" });
});

test("the authorization token is for AWS, and opens the registry", async () => {
  const { authorizationData } = await ecr.client.send(new GetAuthorizationTokenCommand({}));
  const [data] = authorizationData ?? [];
  const credentials = data?.authorizationToken ?? "";
  expect(Buffer.from(credentials, "base64").toString()).toMatch(/^AWS:.{20,}/);
  expect(data?.expiresAt?.getTime()).toBeGreaterThan(Date.now() + 11 * 60 * 60 * 1000);
  const ping = await fetch(`${data?.proxyEndpoint}/v2/`, {
    headers: { Authorization: `Basic ${credentials}` },
  });
  expect(ping.status).toBe(200);
});

test("AWS::ECR::Repository is created and, applied again, updated without losing images", async () => {
  const apply = ecr.service.resources?.["AWS::ECR::Repository"];
  if (!apply) throw new Error("no such resource type");
  const resource = (properties: Record<string, unknown>) =>
    apply({ logicalId: "HelloRepository", type: "AWS::ECR::Repository", properties });
  const created = await resource({ RepositoryName: "templated", ImageTagMutability: "MUTABLE" });
  expect(created).toEqual({
    ref: "templated",
    attributes: {
      Arn: "arn:aws:ecr:us-east-1:000000000000:repository/templated",
      RepositoryUri: `${ecr.host}/templated`,
    },
  });
  const manifest = await pushImageParts(ecr.url, "templated", "kept");
  await ecr.put("templated", manifest, "v1");
  await resource({ RepositoryName: "templated", ImageTagMutability: "IMMUTABLE" });
  const other = await pushImageParts(ecr.url, "templated", "new");
  await expect(ecr.put("templated", other, "v1")).rejects.toMatchObject({
    name: "ImageTagAlreadyExistsException",
  });
  await expect(resource({ RepositoryName: "templated", Nonsense: 1 })).rejects.toThrow(/HelloRepository/);
});
