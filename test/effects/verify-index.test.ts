import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { repositoryOf } from "../../shared/effects/repositories.ts";
import { verifyIndex } from "../../shared/effects/verify-index.ts";
import {
  attestationEntry,
  type Bytes,
  bytes,
  DOCKER_IMAGE,
  descriptorOf,
  imageOf,
  OCI_INDEX,
  wrapped,
} from "../pipeline/images.ts";
import { contextOf, fakeAws } from "./fakes.ts";
import { createRepository, type LocalEcr, openLocalEcr, push } from "./local-ecr.ts";

/** Indexes that nobody should have published, in the local registry. */

let local: LocalEcr;
beforeAll(async () => {
  local = await openLocalEcr();
});
afterAll(() => local.close());

describe("an index that is not as it should be", () => {
  async function reportOf(name: string, index: Bytes, ...children: readonly Bytes[]) {
    await createRepository(local, name);
    await push(local.url, name, ...children, index);
    const { aws } = fakeAws({ ecr: local.ecr });
    return verifyIndex(await repositoryOf(contextOf(aws), { name }), index.digest);
  }
  const amd = imageOf("linux/amd64");
  const entry = descriptorOf(amd, { platform: { os: "linux", architecture: "amd64" } });

  test("a platform by its label only, an attestation of nothing here, a size that is wrong", async () => {
    const stray = wrapped("linux/arm64");
    const found = await reportOf(
      "labels",
      bytes(OCI_INDEX, {
        manifests: [
          { ...entry, platform: { os: "linux", architecture: "arm64" } },
          { ...entry, size: 1 },
          attestationEntry(stray.attestation, stray.image.digest),
        ],
      }),
      amd,
      stray.attestation,
    );
    expect(found.ok).toBe(false);
    expect(found.images.map(({ problems }) => problems)).toEqual([
      ["was built for linux/amd64, the index says linux/arm64"],
      [`has ${amd.size} bytes in the registry, the index says 1`],
    ]);
    expect(found.attestations[0]?.problems).toEqual([
      `is of ${stray.image.digest}, which is no image of this index`,
    ]);
  });

  test("one platform twice", async () => {
    const docker = imageOf("linux/amd64", DOCKER_IMAGE);
    const found = await reportOf(
      "twice",
      bytes(OCI_INDEX, {
        manifests: [entry, { ...entry, ...descriptorOf(docker) }],
      }),
      amd,
      docker,
    );
    expect(found.images.map(({ problems }) => problems)).toEqual([
      ["is not the only one for linux/amd64"],
      ["is not the only one for linux/amd64"],
    ]);
  });

  test("an image instead of an index, and nothing at all", async () => {
    expect(await reportOf("image", amd)).toMatchObject({
      ok: false,
      problems: ["it is one image, not an index"],
    });
    const { aws } = fakeAws({ ecr: local.ecr });
    const repository = await repositoryOf(contextOf(aws), { name: "image" });
    expect(await verifyIndex(repository, `sha256:${"0".repeat(64)}`)).toMatchObject({
      ok: false,
      problems: ["it is not in the repository"],
    });
  });
});
