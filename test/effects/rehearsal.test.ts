import { BatchDeleteImageCommand } from "@aws-sdk/client-ecr";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { rollbackProblems, rollbackReady } from "../../shared/effects/rehearsal.ts";
import { bytes, descriptorOf, imageOf, OCI_INDEX } from "../pipeline/images.ts";
import { awsError, fakeAws, operations, type Provided } from "./fakes.ts";
import { createRepository, type LocalEcr, openLocalEcr, push } from "./local-ecr.ts";

let local: LocalEcr;
beforeAll(async () => {
  local = await openLocalEcr();
});
afterAll(() => local.close());

const REVISION = "arn:aws:ecs:us-east-1:000000000000:task-definition/web:7";
const child = imageOf("linux/amd64");
const index = bytes(OCI_INDEX, {
  manifests: [descriptorOf(child, { platform: { os: "linux", architecture: "amd64" } })],
});

const documentOf = (status: "ACTIVE" | "INACTIVE", ...images: readonly string[]) => ({
  taskDefinitionArn: REVISION,
  status,
  containerDefinitions: images.map((image) => ({ image })),
});

async function repository(name: string): Promise<string> {
  await createRepository(local, name);
  await push(local.url, name, child, index);
  return name;
}

const of = (ecr: Provided["ecr"] = local.ecr) => fakeAws({ ecr });

describe("going back would work", () => {
  test("when revision, index and children are there; asked with three calls for a repository", async () => {
    const name = await repository("ready");
    const { aws, calls } = of();
    const image = `${local.host}/${name}@${index.digest}`;
    expect(await rollbackProblems(aws, documentOf("ACTIVE", image, image))).toEqual([]);
    expect(operations(calls)).toEqual(["BatchGetImage", "BatchGetImage", "DescribeImages"]);
  });

  test("as far as can be told of images that are not in ECR, or in an account that says nothing", async () => {
    const { aws } = of({ batchGetImage: () => Promise.reject(awsError("AccessDeniedException")) });
    const document = documentOf(
      "ACTIVE",
      "nginx:1.27",
      "public.ecr.aws/docker/library/nginx:1.27",
      "123456789012.dkr.ecr.eu-west-1.amazonaws.com/theirs:1",
    );
    expect(await rollbackProblems(aws, document)).toEqual([]);
  });
});

describe("going back would not work", () => {
  test("when the revision is inactive", async () => {
    expect(await rollbackProblems(of().aws, documentOf("INACTIVE"))).toEqual([
      `${REVISION} is INACTIVE: no deployment can use it`,
    ]);
  });

  test("when an image is gone, or what an index lists", async () => {
    const name = await repository("gone");
    const other = bytes(OCI_INDEX, { manifests: [], annotations: { n: "1" } });
    const image = (one: string) => `${local.host}/${name}@${one}`;
    const document = documentOf("ACTIVE", image(index.digest), image(other.digest));
    expect(await rollbackProblems(of().aws, document)).toEqual([
      `the image ${other.digest} is gone from ${name}`,
    ]);
    // ECR lets no child go before its index; whoever else may have done so is found out.
    const ecr: Provided["ecr"] = {
      ...local.ecr,
      batchGetImage: async (input) => {
        const { images } = (await local.ecr.batchGetImage?.(input)) ?? { images: undefined };
        const missing = { imageId: { imageDigest: child.digest }, failureCode: "ImageNotFound" as const };
        return {
          images: images?.filter(({ imageId }) => imageId?.imageDigest !== child.digest),
          failures: input.imageIds?.some(({ imageDigest }) => imageDigest === child.digest) ? [missing] : [],
        };
      },
    };
    expect(await rollbackProblems(of(ecr).aws, documentOf("ACTIVE", image(index.digest)))).toEqual([
      `the image ${child.digest}, which an index lists, is gone from ${name}`,
    ]);
  });

  test("when an image is archived", async () => {
    const name = await repository("archived");
    const ecr: Provided["ecr"] = {
      ...local.ecr,
      describeImages: async () => ({
        imageDetails: [
          { imageDigest: child.digest, imageStatus: "ARCHIVED" },
          { imageDigest: index.digest, imageStatus: "ACTIVE" },
        ],
      }),
    };
    expect(
      await rollbackProblems(of(ecr).aws, documentOf("ACTIVE", `${local.host}/${name}@${index.digest}`)),
    ).toEqual([`the image ${child.digest} of ${name} is ARCHIVED: restore it before it is needed`]);
  });

  test("when the repository is gone", async () => {
    const image = `${local.host}/nowhere@${index.digest}`;
    expect(await rollbackProblems(of().aws, documentOf("ACTIVE", image))).toEqual([
      "the repository nowhere does not exist any more",
    ]);
  });
});

test("a revision is described first; one that does not exist is a problem, and its indexes are looked at, too", async () => {
  const name = await repository("described");
  const images = [`${local.host}/${name}@${index.digest}`];
  const { aws } = fakeAws({
    ecr: local.ecr,
    ecs: {
      describeTaskDefinition: async ({ taskDefinition }) => {
        if (taskDefinition !== REVISION) throw awsError("ClientException");
        return { taskDefinition: documentOf("ACTIVE") };
      },
    },
  });
  expect(await rollbackReady(aws, { taskDefinition: REVISION, images })).toEqual([]);
  expect(await rollbackReady(aws, { taskDefinition: "web:1" })).toEqual([
    "the task definition web:1 does not exist any more",
  ]);
  const imageIds = [{ imageDigest: index.digest }];
  await local.client.send(new BatchDeleteImageCommand({ repositoryName: name, imageIds }));
  expect(await rollbackReady(aws, { taskDefinition: REVISION, images })).toEqual([
    `the image ${index.digest} is gone from ${name}`,
  ]);
});
