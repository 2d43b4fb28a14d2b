import { execFile, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Task, UpdateServiceCommand } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { esbuildBinary } from "../../examples/hello/esbuild-binary.ts";
import { freePort } from "../../local/engine/free-port.ts";
import { startAttached } from "../../local/engine/podman-container.ts";
import { removeStorage, storageOptions } from "../../local/engine/podman-storage.ts";
import { selectEngine } from "../../local/engine/select.ts";
import {
  architectureOf,
  byArchitecture,
  createRepository,
  createWeb,
  deploymentEnds,
  mixedCluster,
  register,
  tasksOfWeb,
} from "./ecs-cluster.ts";
import { type EcsEndpoint, startEcs } from "./ecs-endpoint.ts";
import { pushIndex } from "./ecs-images.ts";

const withEngine = process.env.TANDEM_TEST_ENGINE === "podman" ? describe : describe.skip;
const run = promisify(execFile);
const instance = `test${process.pid}`;

const mounts = async (): Promise<readonly string[]> =>
  (await readFile("/proc/self/mountinfo", "utf8")).split("\n").flatMap((line) => line.split(" ")[4] ?? []);

const answer = (task: Task): Promise<string> =>
  firstAnswer(task.containers?.[0]?.networkBindings?.[0]?.hostPort ?? 0);

/** The processes with a word in their command line. */
const processesOf = async (word: string): Promise<readonly string[]> => {
  const { stdout } = await run("ps", ["-eo", "args"]);
  return stdout.split("\n").filter((line) => line.includes(word));
};

/** The answer of a server that is still starting. */
async function firstAnswer(port: number): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await (await fetch(`http://127.0.0.1:${port}/`)).text();
    } catch (error) {
      if (attempt >= 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

withEngine("tasks as containers of podman", () => {
  let endpoint: EcsEndpoint;

  beforeAll(async () => {
    endpoint = await startEcs({ engineFor: (host) => selectEngine("podman", host, instance) });
    await mixedCluster(endpoint);
    await createRepository(endpoint, "hello");
  }, 60_000);
  afterAll(async () => {
    await endpoint.stop();
  }, 60_000);

  /** A web server whose page names its text and its architecture. */
  const web = async (text: string, arm64 = "linux-arm64"): Promise<string> => {
    const image = async (architecture: "amd64" | "arm64", platform: string) => ({
      architecture,
      text,
      files: {
        esbuild: await readFile(await esbuildBinary(platform)),
        "www/index.html": Buffer.from(`${text} on ${architecture}`),
      },
      entryPoint: ["/esbuild"],
      command: ["--serve=0.0.0.0:8080", "--servedir=/www"],
    });
    const images = [await image("amd64", "linux-x64"), await image("arm64", arm64)];
    return `${endpoint.host}/hello@${await pushIndex(endpoint.url, "hello", images)}`;
  };
  const definition = (image: string): Promise<string> =>
    register(endpoint, image, {
      containerDefinitions: [
        {
          name: "web",
          image,
          memory: 128,
          interactive: true,
          portMappings: [{ containerPort: 8080, hostPort: 0 }],
          logConfiguration: {
            logDriver: "awslogs",
            options: { "awslogs-group": "/ecs/web", "awslogs-stream-prefix": "web" },
          },
        },
      ],
    });

  test("each task answers on its own port, with its own architecture", async () => {
    await createWeb(endpoint, await definition(await web("one")), {
      deploymentConfiguration: {
        deploymentCircuitBreaker: { enable: true, rollback: true, resetOnHealthyTask: false },
      },
    });
    await deploymentEnds(endpoint);
    const tasks = await tasksOfWeb(endpoint);
    expect(byArchitecture(tasks)).toEqual({ x86_64: 2, arm64: 2 });
    for (const task of tasks) {
      expect(await answer(task)).toBe(`one on ${architectureOf(task) === "arm64" ? "arm64" : "amd64"}`);
      expect(task.attributes).not.toContainEqual({ name: "tandem.simulated", value: "true" });
      const id = task.taskArn?.split("/").at(-1);
      expect(endpoint.logs.get(`/ecs/web web/web/${id}`)?.join("\n")).toContain("8080");
    }
  }, 120_000);

  test("a rollout replaces the containers", async () => {
    const taskDefinition = await definition(await web("two"));
    await endpoint.ecs.send(new UpdateServiceCommand({ cluster: "staging", service: "web", taskDefinition }));
    await deploymentEnds(endpoint);
    const answers = await Promise.all((await tasksOfWeb(endpoint)).map(answer));
    expect(answers.toSorted()).toEqual(["two on amd64", "two on amd64", "two on arm64", "two on arm64"]);
  }, 120_000);

  test("an arm64 image that holds an x86_64 program fails as it would on Graviton, and is rolled back", async () => {
    const taskDefinition = await definition(await web("three", "linux-x64"));
    await endpoint.ecs.send(new UpdateServiceCommand({ cluster: "staging", service: "web", taskDefinition }));
    await deploymentEnds(endpoint, "SERVICE_DEPLOYMENT_FAILED");
    await deploymentEnds(endpoint);
    const failed = (await tasksOfWeb(endpoint, "STOPPED")).filter(
      (task) => task.stopCode === "EssentialContainerExited",
    );
    expect(failed.map(architectureOf)).toEqual(failed.map(() => "arm64"));
    expect(failed[0]?.containers?.[0]?.exitCode).toBe(255);
    const answers = await Promise.all((await tasksOfWeb(endpoint)).map(answer));
    expect(answers.every((text) => text.startsWith("two on"))).toBe(true);
  }, 120_000);

  test("a relay publishes ports where podman has no network to do so", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tandem-relay-"));
    const store = await storageOptions(folder);
    const image = await web("relayed");
    const arguments_ = ["pull", "--quiet", "--tls-verify=false", "--platform", "linux/arm64", image];
    const { stdout } = await run("podman", [...store, ...arguments_]);
    const lines: string[] = [];
    const port = await freePort();
    const container = await startAttached({
      run: {
        name: "relayed",
        image,
        architecture: "arm64",
        environment: {},
        ports: [{ containerPort: 8080, hostPort: 0 }],
        interactive: true,
        log: (line) => void lines.push(line),
      },
      instance,
      image: stdout.trim(),
      ports: [{ containerPort: 8080, hostPort: port }],
      network: "relay",
      store,
      folder,
    });
    try {
      expect(await firstAnswer(port)).toBe("relayed on arm64");
    } finally {
      await container.stop(1);
      await removeStorage(folder);
    }
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  }, 60_000);

  test("what a crash has left is removed by the next emulator", async () => {
    const image = await web("crashed");
    const fixture = fileURLToPath(new URL("engine-crash-fixture.ts", import.meta.url));
    const crashing = `${instance}c`;
    const child = spawn(process.execPath, ["--import", "tsx", fixture, endpoint.host, crashing, image], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    expect(await processesOf(crashing)).not.toEqual([]);
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await ended;

    await selectEngine("podman", endpoint.host, `${instance}d`);
    expect(await processesOf(crashing)).toEqual([]);
    expect((await mounts()).filter((point) => point.includes(crashing))).toEqual([]);
    expect((await readdir(tmpdir())).filter((name) => name.includes(crashing))).toEqual([]);
  }, 60_000);

  test("closing leaves no container and no mount", async () => {
    // Other tests mount things of their own meanwhile.
    const ours = async () => (await mounts()).filter((point) => point.includes(instance));
    expect(await ours()).not.toEqual([]);
    await endpoint.service.close();
    expect(await ours()).toEqual([]);
    expect(await processesOf(instance)).toEqual([]);
  }, 60_000);
});
