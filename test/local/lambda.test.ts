import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  ListFunctionsCommand,
  ResourceNotFoundException,
  TooManyRequestsException,
} from "@aws-sdk/client-lambda";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  functionArn,
  invoke,
  isRunning,
  type LambdaEndpoint,
  ROLE,
  startLambdaEndpoint,
} from "./lambda-endpoint.ts";

let local: LambdaEndpoint;
beforeEach(async () => {
  local = await startLambdaEndpoint();
});
afterEach(() => local.close());

describe("a function's environment", () => {
  test("runs an ES module bundle in a folder of the package with event, context and its own variables only", async () => {
    await local.deploy(
      "hello",
      {
        "functions/hello.mjs": `
          export const handler = async (event, context) => ({
            event, context: { ...context }, remaining: context.getRemainingTimeInMillis(),
            environment: process.env, send: typeof process.send, directory: process.cwd(),
          });`,
      },
      {
        Handler: "functions/hello.handler",
        Timeout: 5,
        MemorySize: 256,
        Environment: { Variables: { STAGE: "dev", LIMIT: 7 } },
      },
    );
    const { payload } = await invoke(local, "hello", { name: "tandem" });

    expect(payload.event).toEqual({ name: "tandem" });
    expect(payload.context).toEqual({
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      functionName: "hello",
      functionVersion: "$LATEST",
      invokedFunctionArn: functionArn("hello"),
      memoryLimitInMB: "256",
      logGroupName: "/aws/lambda/hello",
      logStreamName: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/),
    });
    expect(payload.remaining).toBeGreaterThan(4000);
    expect(payload.remaining).toBeLessThanOrEqual(5000);
    expect(payload.send).toBe("undefined");
    expect(payload.environment).toMatchObject({
      STAGE: "dev",
      LIMIT: "7",
      AWS_REGION: "us-east-1",
      AWS_ENDPOINT_URL: local.url,
      AWS_LAMBDA_FUNCTION_NAME: "hello",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "256",
    });
    // Nothing of whoever runs the tests.
    for (const name of ["PATH", "USER", "JEST_WORKER_ID", "NODE_OPTIONS"]) {
      expect(payload.environment).not.toHaveProperty(name);
    }
  });

  test("runs CommonJS, although a package.json above it says otherwise", async () => {
    await writeFile(join(local.stateDir, "package.json"), '{"type": "module"}');
    await local.deploy("classic", {
      "index.js": `
        const { basename } = require("node:path");
        exports.handler = async () => basename(__filename);`,
    });
    expect((await invoke(local, "classic")).payload).toBe("index.js");
  });

  test("offers the AWS SDK that the runtime contains, and acts as the function's role", async () => {
    await local.deploy("caller", {
      "index.mjs": `
        import { EventBridgeClient, ListRulesCommand } from "@aws-sdk/client-eventbridge";
        export const handler = async () => {
          const client = new EventBridgeClient({});
          await client.send(new ListRulesCommand({}));
          return process.env.AWS_SESSION_TOKEN;
        };`,
    });
    const { payload } = await invoke(local, "caller");
    const caller = JSON.parse(Buffer.from(payload, "base64").toString());
    expect(caller.arn).toBe("arn:aws:sts::000000000000:assumed-role/pipeline-role/caller");
  });

  test("gives variables that Node reads at its start to a process of its own", async () => {
    await local.deploy(
      "strict",
      { "index.mjs": `export const handler = async () => new Error("x").stack.split("\\n").length;` },
      { Environment: { Variables: { NODE_OPTIONS: "--stack-trace-limit=1" } } },
    );
    expect((await invoke(local, "strict")).payload).toBe(2);
  });

  test("stays warm for the next invocation, and serves one at a time", async () => {
    await local.deploy("counter", {
      "index.mjs": `
        let calls = 0, running = 0;
        export const handler = async () => {
          running++;
          calls++;
          await new Promise((resolve) => setTimeout(resolve, 20));
          const result = { pid: process.pid, calls, running };
          running--;
          return result;
        };`,
    });
    const first = (await invoke(local, "counter")).payload;
    const second = (await invoke(local, "counter")).payload;
    expect(second).toEqual({ pid: first.pid, calls: 2, running: 1 });
    const both = (await Promise.all([invoke(local, "counter"), invoke(local, "counter")])).map(
      ({ payload }) => payload,
    );
    expect(new Set(both.map(({ pid }) => pid)).size).toBe(2);
    expect(both.map(({ running }) => running)).toEqual([1, 1]);
  });
});

describe("logs", () => {
  test("everything an invocation printed stands between its START and END", async () => {
    await local.deploy("talker", {
      "index.mjs": `
        console.log("loading");
        export const handler = async (event, { awsRequestId }) => {
          console.log("one", { two: 2 });
          console.error("three");
          process.stdout.write("plain\\nno newline");
          return awsRequestId;
        };`,
    });
    const { payload: id, tail } = await invoke(local, "talker");
    const lines = local.log("talker").map((line) => line.replace(/^[0-9TZ:.-]{24}\t/, "TIME\t"));
    expect(lines.slice(0, -1)).toEqual([
      "TIME\tundefined\tINFO\tloading",
      `START RequestId: ${id} Version: $LATEST`,
      `TIME\t${id}\tINFO\tone { two: 2 }`,
      `TIME\t${id}\tERROR\tthree`,
      "plain",
      "no newline",
      `END RequestId: ${id}`,
    ]);
    expect(lines.at(-1)).toMatch(
      new RegExp(
        `^REPORT RequestId: ${id}\\tDuration: [\\d.]+ ms\\tBilled Duration: \\d+ ms\\tMemory Size: 128 MB` +
          `\\tMax Memory Used: \\d+ MB\\tInit Duration: [\\d.]+ ms$`,
      ),
    );
    expect(tail).toBe(`${local.log("talker").join("\n")}\n`);
  });
});

describe("the REST API", () => {
  test("Event is accepted at once and runs later", async () => {
    await local.deploy("later", {
      "index.mjs": `export const handler = async (event) => console.log("got", event.n);`,
    });
    const answer = await local.lambdaClient.send(
      new InvokeCommand({ FunctionName: functionArn("later"), InvocationType: "Event", Payload: '{"n": 3}' }),
    );
    expect(answer.StatusCode).toBe(202);
    await local.until(() => local.log("later").some((line) => line.endsWith("got 3")));
  });

  test("lists and shows functions", async () => {
    await local.deploy("b", { "index.mjs": "" });
    await local.deploy("a", { "index.mjs": "" }, { Timeout: 30, Description: "first" });
    const { Functions } = await local.lambdaClient.send(new ListFunctionsCommand({}));
    expect(Functions?.map(({ FunctionName }) => FunctionName)).toEqual(["a", "b"]);
    const shown = await local.lambdaClient.send(new GetFunctionConfigurationCommand({ FunctionName: "a" }));
    expect(shown).toMatchObject({
      FunctionArn: functionArn("a"),
      Timeout: 30,
      Description: "first",
      Role: ROLE,
    });
  });

  test("an unknown function and broken JSON are the documented errors", async () => {
    await expect(invoke(local, "nobody")).rejects.toThrow(ResourceNotFoundException);
    await local.deploy("known", { "index.mjs": "" });
    const broken = new InvokeCommand({ FunctionName: "known", Payload: "{" });
    await expect(local.lambdaClient.send(broken)).rejects.toMatchObject({
      name: "InvalidRequestContentException",
    });
  });

  test("reserved concurrency throttles a caller who waits", async () => {
    await local.deploy(
      "single",
      {
        "index.mjs": `export const handler = async () => { console.log("in"); await new Promise((r) => setTimeout(r, 2000)); };`,
      },
      { ReservedConcurrentExecutions: 1 },
    );
    const first = invoke(local, "single");
    await local.until(() => local.log("single").some((line) => line.endsWith("in")));
    await expect(invoke(local, "single")).rejects.toThrow(TooManyRequestsException);
    expect((await first).error).toBeUndefined();
  });

  test("the default limit makes callers wait instead", async () => {
    await local.close();
    local = await startLambdaEndpoint({ defaultConcurrency: 1 });
    await local.deploy("queue", {
      "index.mjs": `export const handler = async () => { await new Promise((r) => setTimeout(r, 20)); return process.pid; };`,
    });
    const answers = await Promise.all([1, 2, 3, 4].map(() => invoke(local, "queue")));
    expect(new Set(answers.map(({ payload }) => payload)).size).toBe(1);
  });
});

describe("warm environments", () => {
  test("end when they have been idle", async () => {
    await local.close();
    local = await startLambdaEndpoint({ idleMs: 50 });
    await local.deploy("idle", { "index.mjs": "export const handler = async () => process.pid;" });
    const { payload: pid } = await invoke(local, "idle");
    const started = Date.now();
    while (isRunning(pid) && Date.now() - started < 5000)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isRunning(pid)).toBe(false);
    expect((await invoke(local, "idle")).payload).not.toBe(pid);
  });

  test("print into the next invocation what they had left over", async () => {
    await local.deploy("leftover", {
      "index.mjs": `
        export const handler = async ({ n }) => {
          if (n === 1) setTimeout(() => console.log("left over"), 300);
          else await new Promise((resolve) => setTimeout(resolve, 1500));
        };`,
    });
    expect((await invoke(local, "leftover", { n: 1 })).tail).not.toContain("left over");
    expect((await invoke(local, "leftover", { n: 2 })).tail).toContain("left over");
  });
});

describe("deployment", () => {
  test("the same package twice keeps warm environments; another one replaces them", async () => {
    const version = (text: string) => ({
      "index.mjs": `export const handler = async () => ["${text}", process.pid];`,
    });
    await local.deploy("app", version("one"));
    const [, pid] = (await invoke(local, "app")).payload;
    await local.deploy("app", version("one"));
    expect((await invoke(local, "app")).payload).toEqual(["one", pid]);
    await local.deploy("app", version("two"));
    expect((await invoke(local, "app")).payload).toEqual(["two", expect.any(Number)]);
    expect(isRunning(pid)).toBe(false);
  });

  test("faults of a function's properties are named, all of them", async () => {
    await expect(
      local.deploy("bad", { "index.mjs": "" }, { Runtime: "python3.13", Timeout: 1000 }),
    ).rejects.toThrow(/Runtime: only the Node.js runtimes run locally; Timeout: /);
  });

  test("a package that is missing or broken is named, with the remedy", async () => {
    await expect(
      local.create("AWS::Lambda::Function", "F", {
        FunctionName: "f",
        Runtime: "nodejs24.x",
        Handler: "a.b",
        Role: ROLE,
      }),
    ).rejects.toThrow(/Function f: its package .*f\.zip cannot be read. Run `npx serverless package`/);
  });

  test("closing ends also an environment that is still loading", async () => {
    await local.deploy("loading", { "index.mjs": `await new Promise(() => setInterval(() => {}, 1000));` });
    const invoked = local.lambda.invoke("loading", {});
    const refused = expect(invoked).rejects.toThrow();
    const started = Date.now();
    await local.close();
    await refused;
    expect(Date.now() - started).toBeLessThan(5000);
    local = await startLambdaEndpoint();
  });

  test("closing leaves no process behind", async () => {
    await local.deploy("busy", {
      "index.mjs": `
        export const handler = async () => {
          console.log("pid", process.pid);
          await new Promise(() => setInterval(() => {}, 1000));
        };`,
    });
    local.lambda.invokeAsync("busy", {});
    await local.until(() => local.log("busy").some((line) => line.includes("pid")));
    const pid = Number(/pid (\d+)/.exec(local.log("busy").join("\n"))?.[1]);
    expect(isRunning(pid)).toBe(true);
    await local.close();
    expect(isRunning(pid)).toBe(false);
    local = await startLambdaEndpoint();
  });
});
