import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type PackagedProject, packagedProject } from "./platform-project.ts";

let project: PackagedProject;
let stateDir: string;
let running: ChildProcess[] = [];
beforeAll(async () => {
  project = await packagedProject();
  stateDir = await mkdtemp(join(tmpdir(), "tandem-kept-"));
});
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running = [];
});
afterAll(async () => {
  await project.remove();
  await rm(stateDir, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with the endpoint's address once the ready line is there. */
  readonly ready: Promise<string>;
  readonly exit: Promise<number | null>;
}

function run(
  options: { port?: number; state?: string; folder?: string; environment?: NodeJS.ProcessEnv } = {},
): Run {
  const child = spawn(
    process.execPath,
    [
      "--import",
      "tsx",
      join("test", "local", "platform-run-child.ts"),
      String(options.port ?? 0),
      options.folder ?? project.folder,
      ...(options.state === undefined ? [] : [options.state]),
    ],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...options.environment } },
  );
  running.push(child);
  let stdout = "";
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  const exit = once(child, "close").then(() => child.exitCode);
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      stdout += String(chunk);
      const address = /^ready (.*)\n/.exec(stdout)?.[1];
      if (address !== undefined) resolve(address);
    });
    exit.then(() => reject(new Error(`it ended before it was ready: ${stderr}`)));
  });
  // A run that is meant to fail is never ready.
  ready.catch(() => undefined);
  return { child, stdout: () => stdout, stderr: () => stderr, ready, exit };
}

/** The ids of living processes that have this text in command line or environment (Linux). */
async function processesNaming(text: string): Promise<readonly string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      const files = await Promise.all(
        ["cmdline", "environ"].map((file) => readFile(`/proc/${id}/${file}`, "utf8").catch(() => "")),
      );
      return files.join().includes(text) ? id : undefined;
    }),
  );
  return found.flatMap((id) => (id === undefined || id === String(process.pid) ? [] : [id]));
}

const temporaryState = (stderr: string): string =>
  /state is kept in (\S+), and removed/.exec(stderr)?.[1] ?? "";

describe("tandem local up", () => {
  test.each<NodeJS.Signals>(["SIGINT", "SIGTERM", "SIGHUP"])(
    "prints one line, serves the packaged functions, and leaves nothing behind on %s, also twice",
    async (signal) => {
      const local = run();
      const url = await local.ready;
      const answer = await fetch(`${url}/api/hello`);
      expect(await answer.json()).toEqual({
        path: "/api/hello",
        caller: "arn:aws:sts::000000000000:assumed-role/release-managers/local",
      });
      expect(local.stderr()).toContain("not emulated: AWS::Kinesis::Stream (Topic)");
      const state = temporaryState(local.stderr());
      expect(existsSync(state)).toBe(true);
      local.child.kill(signal);
      local.child.kill(signal);
      expect(await local.exit).toBe(0);
      expect(local.stdout()).toBe(`ready ${url}\n`);
      expect(existsSync(state)).toBe(false);
      if (process.platform === "linux") expect(await processesNaming(state)).toEqual([]);
    },
  );

  test("keeps its state, and takes over from a process that was killed", async () => {
    const first = run({ state: stateDir });
    await first.ready;
    first.child.kill("SIGKILL");
    await first.exit;
    const second = run({ state: stateDir });
    const url = await second.ready;
    const health = await fetch(`${url}/_local/health`);
    expect(await health.json()).toMatchObject({ status: "ready", engine: "none", stack: "shop-dev" });

    const third = run({ state: stateDir });
    expect(await third.exit).toBe(1);
    expect(third.stderr()).toMatch(
      new RegExp(`${stateDir} is in use by the running process ${second.child.pid}.*--state`),
    );
    second.child.kill("SIGTERM");
    expect(await second.exit).toBe(0);
    expect(existsSync(join(stateDir, "lock"))).toBe(false);
  });

  test("can be told to end while it starts", async () => {
    const local = run();
    await once(local.child.stderr ?? local.child, "data");
    local.child.kill("SIGINT");
    expect(await local.exit).toBe(0);
    expect(existsSync(temporaryState(local.stderr()))).toBe(false);
  });
});

describe("tandem local up refuses, in one line with the remedy,", () => {
  const refused = async (local: Run, message: RegExp): Promise<void> => {
    expect(await local.exit).toBe(1);
    expect(local.stdout()).toBe("");
    expect(local.stderr()).toMatch(message);
    expect(local.stderr()).not.toMatch(/^\s+at /m);
  };

  test("a port that is in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await refused(
      run({ port }),
      new RegExp(`^tandem local: port ${port} is in use: choose another with --port\n$`),
    );
    server.close();
  });

  test.each<[string, string, RegExp]>([
    ["is no folder", "file", /file is not a directory: .*--state/],
    [
      "is of a newer version",
      "newer",
      /tandem\.json was written by a newer version of Tandem \(99; .*--state/,
    ],
    ["is corrupt", "corrupt", /tandem\.json is not valid JSON .*--state/],
    ["holds corrupt stacks", "stacks", /stacks\.json does not hold stacks: .*--state/],
  ])("a state that %s", async (_what, name, message) => {
    const folder = await mkdtemp(join(tmpdir(), "tandem-bad-"));
    const file = async (path: string, text: string): Promise<void> => {
      await mkdir(join(folder, path, ".."), { recursive: true });
      await writeFile(join(folder, path), text);
    };
    await file("file", "");
    await file("newer/tandem.json", '{"version":99,"data":{}}');
    await file("corrupt/tandem.json", '{"vers');
    await file("stacks/cloudformation/stacks.json", '{"version":1,"data":[{}]}');
    await refused(run({ state: join(folder, name) }), message);
    expect(existsSync(join(folder, name, "lock"))).toBe(false);
    await rm(folder, { recursive: true });
  });

  test("a machine without git and bash", async () => {
    await refused(
      run({ environment: { PATH: "/nowhere" } }),
      /git \(.*\) and bash \(.*\) must be on the PATH: .*apt-get install git bash/,
    );
  });

  test("a folder that is no project", async () => {
    await refused(run({ folder: tmpdir() }), /there is no serverless\.yml in .*: run this in a checkout/);
  });

  test("a template whose resource cannot be created, after closing what was opened", async () => {
    const broken = await packagedProject((template) => ({
      Resources: {
        ...template.Resources,
        Route: { Type: "AWS::ApiGatewayV2::Route", Properties: { RouteKey: "x" } },
      },
    }));
    const local = run({ folder: broken.folder });
    await refused(local, /AWS::ApiGatewayV2::Route Route: ApiId: .*correct serverless\.yml/);
    expect(existsSync(temporaryState(local.stderr()))).toBe(false);
    await broken.remove();
  });

  test("a package that cannot be made, with the packager's words", async () => {
    const broken = await packagedProject();
    await broken.makeStale('console.error("Error:\\n  pipelines/hello.yml:3 unknown key"); process.exit(1);');
    await refused(
      run({ folder: broken.folder }),
      /packaging failed \(exit code 1\):\n.*Error:\n.*hello\.yml:3 unknown key\n.*npx serverless package/,
    );
    await broken.remove();
  });
});

test("a package older than its sources is made anew", async () => {
  const stale = await packagedProject();
  const template = join(stale.folder, ".serverless", "cloudformation-template-update-stack.json");
  const text = JSON.stringify({
    Resources: { Queue: { Type: "AWS::SQS::Queue", Properties: { QueueName: "anew" } } },
  });
  await stale.makeStale(
    `require("node:fs").writeFileSync(${JSON.stringify(template)}, ${JSON.stringify(text)});`,
  );
  const local = run({ folder: stale.folder });
  const url = await local.ready;
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "x-amz-target": "AmazonSQS.ListQueues",
      authorization:
        "AWS4-HMAC-SHA256 Credential=x/20261121/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0",
    },
    body: "{}",
  });
  expect(await response.json()).toEqual({ QueueUrls: [`${url}/000000000000/anew`] });
  local.child.kill("SIGTERM");
  expect(await local.exit).toBe(0);
  await stale.remove();
});
