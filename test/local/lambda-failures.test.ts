import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { invoke, isRunning, type LambdaEndpoint, startLambdaEndpoint } from "./lambda-endpoint.ts";

let local: LambdaEndpoint;
beforeEach(async () => {
  local = await startLambdaEndpoint();
});
afterEach(() => local.close());

describe("failing functions", () => {
  test("a thrown error is the answer, marked as the function's", async () => {
    await local.deploy("thrower", {
      "index.mjs": `
        class NoSuchRun extends Error { name = "NoSuchRun"; }
        export const handler = async () => { throw new NoSuchRun("run 7 does not exist"); };`,
    });
    const { status, error, payload } = await invoke(local, "thrower");
    expect({ status, error }).toEqual({ status: 200, error: "Unhandled" });
    expect(payload).toMatchObject({ errorType: "NoSuchRun", errorMessage: "run 7 does not exist" });
    expect(payload.trace[0]).toBe("NoSuchRun: run 7 does not exist");
  });

  test("an unhandled rejection ends the environment; the next invocation has a new one", async () => {
    await local.deploy("careless", {
      "index.mjs": `
        export const handler = async ({ fail }) => {
          if (!fail) return process.pid;
          Promise.reject(new TypeError("nobody awaits me"));
          await new Promise((resolve) => setTimeout(resolve, 1000));
        };`,
    });
    const before = (await invoke(local, "careless")).payload;
    const { error, payload } = await invoke(local, "careless", { fail: true });
    expect(error).toBe("Unhandled");
    expect(payload).toMatchObject({
      errorType: "Runtime.UnhandledPromiseRejection",
      errorMessage: "TypeError: nobody awaits me",
    });
    const after = (await invoke(local, "careless")).payload;
    expect(after).not.toBe(before);
  });

  test("a process that ends is Runtime.ExitError", async () => {
    await local.deploy("quitter", { "index.mjs": `export const handler = async () => process.exit(3);` });
    const { payload } = await invoke(local, "quitter");
    expect(payload.errorType).toBe("Runtime.ExitError");
    expect(payload.errorMessage).toMatch(/Runtime exited with error: exit status 3$/);
  });

  test("a time-out kills the process, with what it had started", async () => {
    await local.deploy(
      "slow",
      {
        "index.mjs": `
          import { spawn } from "node:child_process";
          export const handler = async () => {
            const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
            console.log("pids", process.pid, child.pid);
            await new Promise(() => setInterval(() => {}, 1000));
          };`,
      },
      { Timeout: 1 },
    );
    const { payload, tail } = await invoke(local, "slow");
    expect(payload).toEqual({
      errorType: "Sandbox.Timedout",
      errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]+ Error: Task timed out after 1.00 seconds$/),
    });
    expect(tail).toMatch(/Task timed out after 1.00 seconds\nEND/);
    const pids = (/pids (\d+) (\d+)/.exec(tail) ?? []).slice(1).map(Number);
    expect(pids).toHaveLength(2);
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test.each([
    ["index.mjs", `import "left-pad";`, "index.handler", "Runtime.ImportModuleError"],
    ["index.mjs", `export const handler = (;`, "index.handler", "Runtime.UserCodeSyntaxError"],
    ["index.mjs", `export const other = 1;`, "index.handler", "Runtime.HandlerNotFound"],
    ["index.mjs", `export const handler = 1;`, "elsewhere.handler", "Runtime.ImportModuleError"],
    [
      "index.mjs",
      `export const handler = (event, context, callback) => callback(null, 1);`,
      "index.handler",
      "Runtime.CallbackHandlerDeprecated",
    ],
    [
      "index.mjs",
      `export const handler = async () => "x".repeat(7e6);`,
      "index.handler",
      "Function.ResponseSizeTooLarge",
    ],
    ["index.mjs", `export const handler = async () => 1n;`, "index.handler", "Runtime.MarshalError"],
    ["index.mjs", `throw new RangeError("at load");`, "index.handler", "RangeError"],
  ])("%s with %s and handler %s answers %s", async (file, text, handler, errorType) => {
    await local.deploy("broken", { [file]: text }, { Handler: handler });
    const { error, payload } = await invoke(local, "broken");
    expect(error).toBe("Unhandled");
    expect(payload.errorType).toBe(errorType);
  });
});
