import { once } from "node:events";
import { createServer } from "node:http";
import { ECSClient } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  describeTaskDefinition,
  registerTaskDefinition,
} from "../../shared/effects/whole-task-definition.ts";

const DEFINITION = {
  family: "web",
  registeredAt: 1.5,
  revision: 7,
  notYetKnown: { a: 1 },
  containerDefinitions: [
    { name: "web", memory: 32, notYetKnown: ["kept"] },
    { name: "proxy", empty: null },
  ],
};

let sent = "";
const server = createServer((request, response) => {
  sent = "";
  request.on("data", (chunk) => {
    sent += String(chunk);
  });
  request.on("end", () => {
    response.setHeader("content-type", "application/x-amz-json-1.1");
    response.statusCode = sent.includes("gone") ? 400 : 200;
    const refusal = { __type: "ClientException", message: "Unable to describe task definition." };
    response.end(JSON.stringify(response.statusCode === 400 ? refusal : { taskDefinition: DEFINITION }));
  });
});
let ecs: ECSClient;

beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const credentials = { accessKeyId: "alice", secretAccessKey: "alice" };
  ecs = new ECSClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials,
    maxAttempts: 1,
  });
});
afterAll(async () => {
  ecs.destroy();
  server.close();
});

describe("a task definition with fields that the SDK does not know", () => {
  test("is described with them", async () => {
    const { taskDefinition } = await describeTaskDefinition(ecs, { taskDefinition: "web" });
    expect(taskDefinition).toEqual({
      ...DEFINITION,
      registeredAt: new Date(1500),
      containerDefinitions: [{ name: "web", memory: 32, notYetKnown: ["kept"] }, { name: "proxy" }],
    });
  });

  test("is registered with them", async () => {
    const { revision: _revision, registeredAt: _registeredAt, ...input } = DEFINITION;
    await registerTaskDefinition(ecs, input);
    expect(JSON.parse(sent)).toEqual(input);
  });

  test("a refusal is the SDK's", async () => {
    await expect(describeTaskDefinition(ecs, { taskDefinition: "gone" })).rejects.toMatchObject({
      name: "ClientException",
      message: "Unable to describe task definition.",
    });
  });
});
