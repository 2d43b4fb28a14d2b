import { readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  DescribeRepositoriesCommand,
} from "@aws-sdk/client-ecr";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type EcrEndpoint, startEcr, temporaryFolder } from "./ecr-endpoint.ts";
import { indexOf, pushBlob, pushImageParts, putManifest, sha256 } from "./registry-content.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let ecr: EcrEndpoint | undefined;

beforeEach(async () => {
  folder = await temporaryFolder();
});

afterEach(async () => {
  await ecr?.stop();
  ecr = undefined;
  await folder.remove();
});

async function start(): Promise<EcrEndpoint> {
  await ecr?.stop();
  ecr = undefined;
  ecr = await startEcr(folder.path);
  return ecr;
}

test("repositories, settings, images, tags and layers survive a restart", async () => {
  const before = await start();
  const repositoryName = "deep/er/name";
  await before.client.send(new CreateRepositoryCommand({ repositoryName, imageTagMutability: "IMMUTABLE" }));
  const manifest = await pushImageParts(before.url, repositoryName, "kept");
  const index = indexOf([manifest]);
  expect((await putManifest(before.url, repositoryName, "arm", manifest)).status).toBe(201);
  expect((await putManifest(before.url, repositoryName, "__proto__", index)).status).toBe(201);
  const layer = await pushBlob(before.url, repositoryName, "a layer of no image yet");

  const after = await start();
  const { repositories } = await after.client.send(new DescribeRepositoriesCommand({}));
  expect(repositories?.[0]).toMatchObject({ repositoryName, imageTagMutability: "IMMUTABLE" });
  const served = await fetch(`${after.url}/v2/${repositoryName}/manifests/__proto__`);
  expect(await served.text()).toBe(index);
  const blob = await fetch(`${after.url}/v2/${repositoryName}/blobs/${layer}`);
  expect(await blob.text()).toBe("a layer of no image yet");
});

test("what a crash left half written is not there after a restart", async () => {
  const before = await start();
  await before.client.send(new CreateRepositoryCommand({ repositoryName: "app" }));
  const begun = await fetch(`${before.url}/v2/app/blobs/uploads/`, { method: "POST" });
  const location = `${before.url}${begun.headers.get("location")}`;
  await fetch(location, { method: "PATCH", body: "the first half" });
  const incoming = join(folder.path, "ecr", "incoming");
  expect(await readdir(incoming)).toHaveLength(1);
  // As after a crash, nothing was closed in order when the next one starts over the same folder.
  const after = await startEcr(folder.path);
  try {
    expect(await readdir(incoming)).toEqual([]);
    expect(await readdir(join(folder.path, "ecr", "blobs", "sha256"))).toEqual([]);
    expect((await fetch(`${after.url}${begun.headers.get("location")}`)).status).toBe(404);
  } finally {
    await after.stop();
  }
});

test("content that no repository has any more is removed at the next start", async () => {
  const before = await start();
  for (const repositoryName of ["one", "two"]) {
    await before.client.send(new CreateRepositoryCommand({ repositoryName }));
    await pushBlob(before.url, repositoryName, "shared");
    await pushBlob(before.url, repositoryName, `only in ${repositoryName}`);
  }
  await before.client.send(new DeleteRepositoryCommand({ repositoryName: "one", force: true }));
  await start();
  const kept = await readdir(join(folder.path, "ecr", "blobs", "sha256"));
  expect(kept.map((hex) => `sha256:${hex}`).sort()).toEqual([sha256("shared"), sha256("only in two")].sort());
});

test("a broken repository file stops the start, naming the file and the remedy", async () => {
  const before = await start();
  await before.client.send(new CreateRepositoryCommand({ repositoryName: "team/app" }));
  const file = join(folder.path, "ecr", "repositories", "team+app.json");
  const good = await readFile(file, "utf8");
  for (const bad of ["{", '{"version":1,"data":{}}', good.slice(0, -20)]) {
    await writeFile(file, bad);
    await expect(startEcr(folder.path)).rejects.toThrow(file);
    await expect(startEcr(folder.path)).rejects.toThrow(/another --state/);
  }
});

test("a manifest that was cut short on disk stops the start", async () => {
  const before = await start();
  await before.client.send(new CreateRepositoryCommand({ repositoryName: "app" }));
  const manifest = await pushImageParts(before.url, "app", "cut");
  await putManifest(before.url, "app", "v1", manifest);
  await truncate(join(folder.path, "ecr", "blobs", "sha256", sha256(manifest).slice(7)), 10);
  await expect(startEcr(folder.path)).rejects.toThrow(sha256(manifest));
});
