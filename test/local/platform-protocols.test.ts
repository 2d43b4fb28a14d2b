import { DescribeTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { decodeCbor, encodeCbor } from "../../local/aws/cbor.ts";
import { temporaryCredentials } from "../../local/aws/people.ts";
import { type PlatformEndpoint, startPlatform } from "./platform-endpoint.ts";

/** A signature of a key that nobody has issued, which is therefore not checked. */
const AUTHORIZATION =
  "AWS4-HMAC-SHA256 Credential=zed/20261121/us-east-1/probe/aws4_request, SignedHeaders=host, Signature=00";

let platform: PlatformEndpoint;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

const post = (
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
  path = "/",
): Promise<Response> =>
  fetch(platform.url + path, {
    method: "POST",
    headers: { authorization: AUTHORIZATION, ...headers },
    body: typeof body === "string" ? body : new Uint8Array(body),
  });

const json = (operation: string, body = "{}"): Promise<Response> =>
  post({ "x-amz-target": `Probe_20260101.${operation}`, "content-type": "application/x-amz-json-1.1" }, body);

describe("AWS JSON", () => {
  test("hands the input to the operation, and names the caller", async () => {
    const response = await json("Echo", '{"a":[1,"é"]}');
    expect(response.status).toBe(200);
    expect(response.headers.get("x-amzn-requestid")).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get("content-type")).toBe("application/x-amz-json-1.1");
    expect(await response.json()).toEqual({
      input: { a: [1, "é"] },
      caller: "arn:aws:iam::000000000000:user/zed",
    });
  });

  test("answers a documented error with its code", async () => {
    const response = await json("Refuse");
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      __type: "ResourceNotFoundException",
      message: "there is no such thing",
    });
  });

  test("answers a defect with InternalFailure, and says so to the person at the terminal", async () => {
    const response = await json("Break");
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ __type: "InternalFailure" });
    expect(platform.said).toContain("probe.Break failed inside the local endpoint: out of order");
  });

  test.each([
    ["Missing", "does not emulate probe Missing"],
    ["constructor", "does not emulate probe constructor"],
  ])("names service and operation when %s is not emulated", async (operation, message) => {
    const response = await json(operation);
    expect(await response.json()).toEqual({
      __type: "UnknownOperationException",
      message: expect.stringContaining(message),
    });
  });

  test.each(["{", "[]", "7"])("refuses the body %s", async (body) => {
    expect(await (await json("Echo", body)).json()).toMatchObject({ __type: "SerializationException" });
  });

  test("refuses a request that nobody has signed, with the remedy", async () => {
    const response = await fetch(platform.url, {
      method: "POST",
      headers: { "x-amz-target": "Probe_20260101.Echo" },
    });
    expect(response.status).toBe(403);
    const error = await response.json();
    expect(error).toMatchObject({ __type: "MissingAuthenticationTokenException" });
    expect(JSON.stringify(error)).toContain("AWS_ACCESS_KEY_ID");
  });
});

describe("RPC v2 CBOR, which the AWS CLI speaks to CodeBuild", () => {
  const headers = { "smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor" };
  const path = "/service/Probe_20260101/operation/";

  test("carries input and output", async () => {
    const response = await post(headers, encodeCbor({ ids: ["a"], limit: 300 }), `${path}Echo`);
    expect(response.headers.get("smithy-protocol")).toBe("rpc-v2-cbor");
    expect(decodeCbor(Buffer.from(await response.arrayBuffer()))).toEqual({
      input: { ids: ["a"], limit: 300 },
      caller: "arn:aws:iam::000000000000:user/zed",
    });
  });

  test("carries errors", async () => {
    const response = await post(headers, encodeCbor({}), `${path}Refuse`);
    expect(response.status).toBe(400);
    expect(decodeCbor(Buffer.from(await response.arrayBuffer()))).toMatchObject({
      __type: "ResourceNotFoundException",
    });
  });

  test("refuses what is no CBOR", async () => {
    const response = await post(headers, Buffer.from([0x9f, 0x01]), `${path}Echo`);
    expect(decodeCbor(Buffer.from(await response.arrayBuffer()))).toMatchObject({
      __type: "SerializationException",
    });
  });

  test.each<[string, unknown]>([
    // RFC 8949, appendix A.
    ["00", 0],
    ["1818", 24],
    ["1903e8", 1000],
    ["1b000000e8d4a51000", 1_000_000_000_000],
    ["3903e7", -1000],
    ["f93c00", 1],
    ["fa47c35000", 100_000],
    ["fb3ff199999999999a", 1.1],
    ["c11a514b67b0", 1_363_896_240],
    ["4401020304", "AQIDBA=="],
    ["62c3bc", "ü"],
    ["9f018202039f0405ffff", [1, [2, 3], [4, 5]]],
    ["bf6346756ef563416d7421ff", { Fun: true, Amt: -2 }],
    ["7f657374726561646d696e67ff", "streaming"],
  ])("reads %s", (hex, value) => {
    expect(decodeCbor(Buffer.from(hex, "hex"))).toEqual(value);
  });

  test("says of a timestamp that it is one", () => {
    expect(encodeCbor({ created: 0, at: 0 }, new Set(["created"])).toString("hex")).toBe(
      `a2${"67"}${Buffer.from("created").toString("hex")}c100${"62"}${Buffer.from("at").toString("hex")}00`,
    );
  });

  test("writes what it reads", () => {
    const value = {
      a: [0, 23, 24, 255, 256, 65_536, 2 ** 33, -1, -500, 1.5],
      b: { "": null, t: true },
      c: "x".repeat(300),
    };
    expect(decodeCbor(encodeCbor(value))).toEqual(value);
  });
});

describe("signatures", () => {
  test.each([
    ["alice", "arn:aws:sts::000000000000:assumed-role/release-managers/alice"],
    ["carol", "arn:aws:sts::000000000000:assumed-role/developers/carol"],
    ["mallory", "arn:aws:iam::000000000000:user/mallory"],
    ["somebody", "arn:aws:iam::000000000000:user/somebody"],
  ])("%s is %s", async (person, arn) => {
    const sts = new STSClient(platform.sdk(person));
    const identity = await sts.send(new GetCallerIdentityCommand({}));
    expect(identity).toMatchObject({ Arn: arn, Account: "000000000000" });
    sts.destroy();
  });

  test("a function's credentials name its role and session", async () => {
    const arn = "arn:aws:sts::000000000000:assumed-role/pipeline/on-push";
    const credentials = temporaryCredentials({ arn, accountId: "000000000000", userId: "AROAX:on-push" });
    const sts = new STSClient({ ...platform.sdk(), credentials });
    expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Arn: arn,
      UserId: "AROAX:on-push",
    });
    const forged = new STSClient({
      ...platform.sdk(),
      credentials: { ...credentials, secretAccessKey: "guess" },
    });
    await expect(forged.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: "SignatureDoesNotMatch",
    });
    sts.destroy();
    forged.destroy();
  });

  test("a known person with another secret is refused in either protocol", async () => {
    const credentials = { accessKeyId: "alice", secretAccessKey: "bob" };
    const sts = new STSClient({ ...platform.sdk(), credentials });
    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: "SignatureDoesNotMatch",
    });
    const dynamodb = new DynamoDBClient({ ...platform.sdk(), credentials });
    const describe = new DescribeTableCommand({ TableName: "any" });
    await expect(dynamodb.send(describe)).rejects.toMatchObject({ name: "InvalidSignatureException" });
    sts.destroy();
    dynamodb.destroy();
  });

  test("a signature of long ago is refused", async () => {
    const credentials = { accessKeyId: "alice", secretAccessKey: "alice" };
    const sts = new STSClient({ ...platform.sdk(), credentials, systemClockOffset: -20 * 60 * 1000 });
    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toThrow(/expired/);
    sts.destroy();
  });
});
