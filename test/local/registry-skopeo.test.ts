import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { CreateRepositoryCommand, DescribeImagesCommand } from "@aws-sdk/client-ecr";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type EcrEndpoint, startEcr, temporaryFolder } from "./ecr-endpoint.ts";
import { indexOf, pushImageParts, putManifest, sha256 } from "./registry-content.ts";

const run = promisify(execFile);
const withEngine = process.env.TANDEM_TEST_ENGINE === "podman" ? describe : describe.skip;

withEngine("skopeo, unmodified", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let ecr: EcrEndpoint;

  beforeAll(async () => {
    folder = await temporaryFolder();
    ecr = await startEcr(join(folder.path, "state"));
    for (const repositoryName of ["from", "to"]) {
      await ecr.client.send(new CreateRepositoryCommand({ repositoryName }));
    }
  });

  afterAll(async () => {
    await ecr.stop();
    await folder.remove();
  });

  const copy = (...args: string[]) =>
    run("skopeo", ["copy", "--src-tls-verify=false", "--dest-tls-verify=false", ...args]);
  const remote = (reference: string) => `docker://${ecr.host}/${reference}`;

  test("copies an index out to a folder and into another repository, byte for byte", async () => {
    const manifests = [];
    for (const text of ["x86", "arm"]) {
      const manifest = await pushImageParts(ecr.url, "from", text);
      await putManifest(ecr.url, "from", sha256(manifest), manifest);
      manifests.push(manifest);
    }
    const index = indexOf(manifests);
    expect((await putManifest(ecr.url, "from", "v1", index)).status).toBe(201);
    const directory = join(folder.path, "copied");
    await copy("--all", remote("from:v1"), `dir:${directory}`);
    await copy("--all", `dir:${directory}`, remote("to:v1"));
    await copy("--all", remote(`from@${sha256(index)}`), remote("to:v2"));
    const { imageDetails } = await ecr.client.send(
      new DescribeImagesCommand({ repositoryName: "to", imageIds: [{ imageTag: "v2" }] }),
    );
    expect(imageDetails?.[0]).toMatchObject({ imageDigest: sha256(index), imageTags: ["v1", "v2"] });
    const { stdout } = await run("skopeo", ["list-tags", "--tls-verify=false", remote("to")]);
    expect(JSON.parse(stdout).Tags).toEqual(["v1", "v2"]);
  });

  test("is told to create the repository first", async () => {
    await expect(copy(remote("from:v1"), remote("missing:v1"))).rejects.toThrow(/create-repository/);
  });

  test("logs in, inspects with credentials and deletes a tag", async () => {
    const file = join(folder.path, "auth.json");
    await run("skopeo", [
      "login",
      "--tls-verify=false",
      "--authfile",
      file,
      "-u",
      "AWS",
      "-p",
      "any",
      ecr.host,
    ]);
    const options = ["--tls-verify=false", "--authfile", file];
    const { stdout } = await run("skopeo", ["inspect", "--raw", ...options, remote("to:v1")]);
    expect(JSON.parse(stdout).manifests).toHaveLength(2);
    await run("skopeo", ["delete", ...options, remote("to:v1")]);
    await expect(run("skopeo", ["inspect", "--raw", ...options, remote("to:v1")])).rejects.toThrow(
      /MANIFEST_UNKNOWN|unknown/,
    );
  });
});
