import {
  CreateRepositoryCommand as CreatePrivate,
  DescribeRepositoriesCommand as DescribePrivate,
} from "@aws-sdk/client-ecr";
import {
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  DescribeImagesCommand,
  DescribeRegistriesCommand,
  DescribeRepositoriesCommand,
  ECRPUBLICClient,
  GetAuthorizationTokenCommand,
} from "@aws-sdk/client-ecr-public";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type EcrWorld, startWorld } from "./ecr-world.ts";
import { indexOf, pushImageParts, putManifest, sha256 } from "./registry-content.ts";

let ecr: EcrWorld;
let client: ECRPUBLICClient;

beforeAll(async () => {
  ecr = await startWorld();
  client = new ECRPUBLICClient({
    endpoint: ecr.url,
    region: "us-east-1",
    credentials: { accessKeyId: "alice", secretAccessKey: "alice" },
    maxAttempts: 1,
  });
});

afterAll(async () => {
  client.destroy();
  await ecr.stop();
});

const PATH = "public.ecr.aws/a1b2c3d4/hello";

test("its repositories have an address of their own, and are not the account's private ones", async () => {
  const { repository } = await client.send(new CreateRepositoryCommand({ repositoryName: "hello" }));
  expect(repository).toMatchObject({
    repositoryArn: "arn:aws:ecr-public::000000000000:repository/hello",
    repositoryUri: `${ecr.host}/public.ecr.aws/local/hello`,
  });
  await ecr.client.send(new CreatePrivate({ repositoryName: "private" }));
  const all = await client.send(new DescribeRepositoriesCommand({}));
  expect(all.repositories?.map(({ repositoryName }) => repositoryName)).toEqual(["hello"]);
  const { repositories } = await ecr.client.send(new DescribePrivate({}));
  expect(repositories?.map(({ repositoryName }) => repositoryName)).toEqual(["private"]);
  const { registries } = await client.send(new DescribeRegistriesCommand({}));
  expect(registries?.[0]?.aliases?.map(({ name }) => name)).toEqual(["local"]);
  await expect(client.send(new CreateRepositoryCommand({ repositoryName: "hello" }))).rejects.toMatchObject({
    name: "RepositoryAlreadyExistsException",
  });
});

test("its registry serves what is pushed there, under any alias, and its tags move", async () => {
  const image = await pushImageParts(ecr.url, PATH, "one");
  expect((await putManifest(ecr.url, PATH, sha256(image), image)).status).toBe(201);
  for (const text of ["first", "second"]) {
    const index = JSON.stringify({ ...JSON.parse(indexOf([image])), annotations: { text } });
    expect((await putManifest(ecr.url, PATH, "main", index)).status).toBe(201);
    const served = await fetch(`${ecr.url}/v2/public.ecr.aws/local/hello/manifests/main`);
    expect(await served.text()).toBe(index);
  }
  const { imageDetails } = await client.send(new DescribeImagesCommand({ repositoryName: "hello" }));
  expect(imageDetails).toHaveLength(3);
  const missing = await putManifest(ecr.url, PATH, "bad", indexOf([`${image} `]));
  expect(missing.status).toBe(400);
  expect((await fetch(`${ecr.url}/v2/hello/manifests/main`)).status).toBe(404);
});

test("a token of its own is taken, another is refused", async () => {
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
  const token = authorizationData?.authorizationToken ?? "";
  expect(Number(authorizationData?.expiresAt)).toBeGreaterThan(Date.now());
  const ask = (authorization: string) =>
    fetch(`${ecr.url}/v2/${PATH}/tags/list`, { headers: { authorization } }).then(({ status }) => status);
  expect(await ask(`Bearer ${token}`)).toBe(200);
  // A password is not looked at here: the same one serves both registries of the host.
  expect(await ask("Basic QVdTOmFueQ==")).toBe(200);
  const challenged = await fetch(`${ecr.url}/v2/${PATH}/tags/list`, {
    headers: { authorization: "Bearer e30=" },
  });
  const [, realm = ""] = /realm="([^"]+)"/.exec(challenged.headers.get("www-authenticate") ?? "") ?? [];
  const exchange = (password: string) =>
    fetch(realm, { headers: { authorization: `Basic ${password}` } }).then(({ status }) => status);
  expect([await exchange(token), await exchange("QVdTOmFueQ==")]).toEqual([200, 401]);
  expect(await ask(`Bearer ${token.slice(0, -4)}`)).toBe(401);
  expect(await ask("Bearer e30=")).toBe(401);
});

test("a repository with images is deleted by force only", async () => {
  const remove = (force: boolean) =>
    client.send(new DeleteRepositoryCommand({ repositoryName: "hello", force }));
  await expect(remove(false)).rejects.toMatchObject({ name: "RepositoryNotEmptyException" });
  await remove(true);
  expect((await fetch(`${ecr.url}/v2/${PATH}/tags/list`)).status).toBe(404);
});
