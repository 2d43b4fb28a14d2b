import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type PlatformEndpoint, startPlatform } from "./platform-endpoint.ts";

let platform: PlatformEndpoint;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

const RoleArn = "arn:aws:iam::000000000000:role/reviewers";

test("a role is assumed, in a session of the caller's choice", async () => {
  const alice = new STSClient(platform.sdk("alice"));
  const { Credentials, AssumedRoleUser } = await alice.send(
    new AssumeRoleCommand({ RoleArn, RoleSessionName: "pipeline-hello" }),
  );
  const arn = "arn:aws:sts::000000000000:assumed-role/reviewers/pipeline-hello";
  expect(AssumedRoleUser?.Arn).toBe(arn);
  expect(Number(Credentials?.Expiration)).toBeGreaterThan(Date.now());
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = Credentials ?? {};
  const credentials = {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
  };
  const session = new STSClient({ ...platform.sdk(), credentials });
  expect((await session.send(new GetCallerIdentityCommand({}))).Arn).toBe(arn);
  alice.destroy();
  session.destroy();
});

test.each([
  ["no role", { RoleArn: "reviewers", RoleSessionName: "ok" }, "ValidationError"],
  ["no session's name", { RoleArn, RoleSessionName: "a b" }, "ValidationError"],
  ["another account", { RoleArn: RoleArn.replace("0000", "1111"), RoleSessionName: "ok" }, "AccessDenied"],
])("%s is refused", async (_what, input, name) => {
  const client = new STSClient(platform.sdk("alice"));
  await expect(client.send(new AssumeRoleCommand(input))).rejects.toMatchObject({ name });
  client.destroy();
});
