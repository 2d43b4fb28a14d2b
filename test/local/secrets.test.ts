import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  UpdateSecretCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { CallLog } from "../../local/aws/call-log.ts";
import { AwsEndpoint } from "../../local/aws/endpoint.ts";
import { FaultSwitch } from "../../local/aws/faults.ts";
import { createSecrets, type SecretsOptions } from "../../local/secrets/service.ts";
import { LocalServer } from "../../local/server.ts";
import type { LocalService } from "../../local/service.ts";
import { temporaryFolder } from "./codebuild-endpoint.ts";

interface Endpoint {
  readonly client: SecretsManagerClient;
  /** Applies an AWS::SecretsManager::Secret. @returns its ARN */
  apply(properties: Readonly<Record<string, unknown>>): Promise<string>;
  value(SecretId: string, VersionStage?: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let endpoint: Endpoint;

beforeAll(async () => {
  folder = await temporaryFolder();
  endpoint = await start("state");
});
afterAll(async () => {
  await endpoint.stop();
  await folder.remove();
});

async function start(state: string, options: SecretsOptions = {}): Promise<Endpoint> {
  const server = await LocalServer.listen(0);
  const say = (): void => {};
  const place = { accountId: "000000000000", region: "us-east-1", now: Date.now };
  const secrets = await createSecrets({ ...place, stateDir: join(folder.path, state) }, options).catch(
    async (error: unknown) => {
      await server.close();
      throw error;
    },
  );
  const services = new Map<string, LocalService>([["secretsmanager", secrets]]);
  const nothing: Parameters<LocalServer["serve"]>[0]["control"] = async (_, response) => {
    response.writeHead(404).end();
  };
  server.serve({
    endpoint: new AwsEndpoint({ ...place, services, faults: new FaultSwitch(), calls: new CallLog(), say }),
    services: services.values(),
    gateway: { handle: nothing },
    control: nothing,
    say,
  });
  const client = new SecretsManagerClient({
    endpoint: `http://127.0.0.1:${server.port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "alice", secretAccessKey: "alice" },
    maxAttempts: 1,
  });
  return {
    client,
    apply: async (properties) => {
      const create = secrets.resources?.["AWS::SecretsManager::Secret"];
      const made = await create?.({ logicalId: "Secret", type: "AWS::SecretsManager::Secret", properties });
      return made?.ref ?? "";
    },
    value: async (SecretId, VersionStage) => {
      const stage = VersionStage === undefined ? {} : { VersionStage };
      return (await client.send(new GetSecretValueCommand({ SecretId, ...stage }))).SecretString;
    },
    stop: async () => {
      client.destroy();
      await secrets.close();
      await server.close();
    },
  };
}

describe("a secret", () => {
  test("is found by name, by ARN and by ARN without its last characters", async () => {
    const { client, value } = endpoint;
    const made = await client.send(
      new CreateSecretCommand({ Name: "a/b", SecretString: "one", Description: "d" }),
    );
    const arn = made.ARN ?? "";
    expect(arn).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:a\/b-\w{6}$/);
    expect(await value("a/b")).toBe("one");
    expect(await value(arn)).toBe("one");
    expect(await value(arn.slice(0, -7))).toBe("one");
    await expect(value("a/c")).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: "Secrets Manager can't find the specified secret.",
    });
    await expect(
      client.send(new CreateSecretCommand({ Name: "a/b", SecretString: "two" })),
    ).rejects.toMatchObject({
      name: "ResourceExistsException",
    });
    await expect(client.send(new CreateSecretCommand({ Name: "no spaces" }))).rejects.toMatchObject({
      name: "InvalidParameterException",
    });
  });

  test("keeps the current version and the previous one, and labels of one's own", async () => {
    const { client, value } = endpoint;
    await client.send(new CreateSecretCommand({ Name: "staged", SecretString: "one" }));
    await client.send(new PutSecretValueCommand({ SecretId: "staged", SecretString: "two" }));
    await client.send(
      new PutSecretValueCommand({ SecretId: "staged", SecretString: "next", VersionStages: ["AWSPENDING"] }),
    );
    expect(await value("staged")).toBe("two");
    expect(await value("staged", "AWSPREVIOUS")).toBe("one");
    expect(await value("staged", "AWSPENDING")).toBe("next");
    const updated = await client.send(new UpdateSecretCommand({ SecretId: "staged", SecretString: "three" }));
    const described = await client.send(new DescribeSecretCommand({ SecretId: "staged" }));
    expect(described.VersionIdsToStages?.[updated.VersionId ?? ""]).toEqual(["AWSCURRENT"]);
    expect(
      Object.values(described.VersionIdsToStages ?? {})
        .flat()
        .sort(),
    ).toEqual(["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"]);
    expect(await value("staged", "AWSPREVIOUS")).toBe("two");
    expect(described.LastChangedDate).toBeInstanceOf(Date);
    await expect(value("staged", "AWSOTHER")).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });

  test("takes a repeated call for one, and refuses another value under the same token", async () => {
    const { client } = endpoint;
    const ClientRequestToken = "0123456789abcdef0123456789abcdef";
    const create = (SecretString: string) =>
      client.send(new CreateSecretCommand({ Name: "repeated", SecretString, ClientRequestToken }));
    const first = await create("one");
    expect((await create("one")).VersionId).toBe(first.VersionId);
    await expect(create("two")).rejects.toMatchObject({ name: "ResourceExistsException" });
    await expect(
      client.send(
        new PutSecretValueCommand({ SecretId: "repeated", SecretString: "two", ClientRequestToken }),
      ),
    ).rejects.toMatchObject({ name: "ResourceExistsException" });
  });

  test("may be bytes", async () => {
    const { client } = endpoint;
    const bytes = new Uint8Array([0, 255, 10]);
    await client.send(new CreateSecretCommand({ Name: "bytes", SecretBinary: bytes }));
    const { SecretBinary } = await client.send(new GetSecretValueCommand({ SecretId: "bytes" }));
    expect(new Uint8Array(SecretBinary ?? [])).toEqual(bytes);
  });

  test("is listed by name, deleted for a while or at once, and restored", async () => {
    const { client, value } = endpoint;
    for (const Name of ["list/a", "list/b"])
      await client.send(new CreateSecretCommand({ Name, SecretString: Name }));
    const names = async () => {
      const Filters = [{ Key: "name" as const, Values: ["list/"] }];
      const { SecretList } = await client.send(new ListSecretsCommand({ Filters }));
      return SecretList?.map(({ Name }) => Name);
    };
    expect(await names()).toEqual(["list/a", "list/b"]);
    const page = await client.send(new ListSecretsCommand({ MaxResults: 1 }));
    expect([page.SecretList?.length, typeof page.NextToken]).toEqual([1, "string"]);
    await client.send(new DeleteSecretCommand({ SecretId: "list/a" }));
    expect(await names()).toEqual(["list/b"]);
    await expect(value("list/a")).rejects.toMatchObject({ name: "InvalidRequestException" });
    await client.send(new RestoreSecretCommand({ SecretId: "list/a" }));
    expect(await value("list/a")).toBe("list/a");
    await client.send(new DeleteSecretCommand({ SecretId: "list/a", ForceDeleteWithoutRecovery: true }));
    await expect(value("list/a")).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });
});

describe("AWS::SecretsManager::Secret", () => {
  test("has the value of the template, until somebody puts another or the template changes", async () => {
    const { client, apply, value } = endpoint;
    const arn = await apply({ Name: "declared", SecretString: "one" });
    expect(await value(arn)).toBe("one");
    await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: "put" }));
    expect(await apply({ Name: "declared", SecretString: "one", Description: "now described" })).toBe(arn);
    expect(await value(arn)).toBe("put");
    await apply({ Name: "declared", SecretString: "two" });
    expect(await value(arn)).toBe("two");
  });

  test("generates what is asked for, once", async () => {
    const { apply, value } = endpoint;
    const properties = {
      Name: "generated",
      GenerateSecretString: {
        SecretStringTemplate: '{"user":"tandem"}',
        GenerateStringKey: "password",
        PasswordLength: "24",
        ExcludePunctuation: "true",
        ExcludeCharacters: "abc",
      },
    };
    await apply(properties);
    const made = await value("generated");
    const { user, password } = JSON.parse(made ?? "{}");
    expect(user).toBe("tandem");
    expect(password).toMatch(/^(?=.*[d-z])(?=.*[A-Z])(?=.*\d)[d-zA-Z\d]{24}$/);
    await apply(properties);
    expect(await value("generated")).toBe(made);
    await expect(apply({ Name: "wrong", GenerateSecretString: { PasswordLength: 0 } })).rejects.toThrow(
      /wrong.*PasswordLength/,
    );
    await expect(apply({ Name: "both", SecretString: "x", GenerateSecretString: {} })).rejects.toThrow(
      /together/,
    );
  });
});

describe("what is stored", () => {
  test("is there after a restart, and a seed fills what nobody has put", async () => {
    let seeded = "first";
    const options = { seed: { seeded: () => seeded, taken: () => seeded } };
    const declared = { Name: "seeded", GenerateSecretString: {} };
    const before = await start("kept", options);
    const arn = await before.apply(declared);
    await before.apply({ Name: "taken" });
    await before.client.send(new PutSecretValueCommand({ SecretId: "taken", SecretString: "mine" }));
    expect(await before.value("seeded")).toBe("first");
    await before.stop();

    seeded = "second";
    const after = await start("kept", options);
    expect(await after.value(arn)).toBe("first");
    expect(await after.apply(declared)).toBe(arn);
    await after.apply({ Name: "taken" });
    expect(await after.value("seeded")).toBe("second");
    expect(await after.value("seeded", "AWSPREVIOUS")).toBe("first");
    expect(await after.value("taken")).toBe("mine");
    await after.stop();
  });

  test("is refused by name when it is damaged", async () => {
    const before = await start("damaged");
    await before.apply({ Name: "some", SecretString: "x" });
    await before.stop();
    const file = join(folder.path, "damaged", "secretsmanager", "secrets.json");
    await writeFile(file, '{"version":1,"data":[{"name":1}]}');
    await expect(start("damaged")).rejects.toThrow(file);
  });
});
