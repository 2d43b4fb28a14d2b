import { readFile } from "node:fs/promises";
import {
  DescribeTasksCommand,
  RegisterContainerInstanceCommand,
  type RegisterTaskDefinitionCommandInput,
  RunTaskCommand,
  type RunTaskCommandInput,
  type Task,
} from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { esbuildBinary } from "../../examples/hello/esbuild-binary.ts";
import { selectEngine } from "../../local/engine/select.ts";
import { architectureOf, createRepository, mixedCluster, register, taskIs } from "./ecs-cluster.ts";
import { type EcsEndpoint, startEcs } from "./ecs-endpoint.ts";
import { pushIndex } from "./ecs-images.ts";

const withEngine = process.env.TANDEM_TEST_ENGINE === "podman" ? describe : describe.skip;

withEngine("one-off tasks as containers of podman", () => {
  let endpoint: EcsEndpoint;

  beforeAll(async () => {
    endpoint = await startEcs({ engineFor: (host) => selectEngine("podman", host, `once${process.pid}`) });
    await mixedCluster(endpoint);
    await createRepository(endpoint, "hello");
    await endpoint.ecs.send(
      new RegisterContainerInstanceCommand({
        cluster: "staging",
        instanceIdentityDocument: JSON.stringify({ instanceId: "mi-1", architecture: "arm64" }),
      }),
    );
  }, 60_000);
  afterAll(async () => {
    await endpoint.stop();
  }, 60_000);

  /** A program that prints its version, or fails for a wrong option. */
  const define = async (arm64: string, more: Partial<RegisterTaskDefinitionCommandInput> = {}) => {
    const program = async (architecture: "amd64" | "arm64", platform: string) => ({
      architecture,
      files: { esbuild: await readFile(await esbuildBinary(platform)) },
      entryPoint: ["/esbuild"],
      text: arm64,
    });
    const images = [await program("amd64", "linux-x64"), await program("arm64", arm64)];
    const image = `${endpoint.host}/hello@${await pushIndex(endpoint.url, "hello", images)}`;
    const logConfiguration = {
      logDriver: "awslogs" as const,
      options: { "awslogs-group": "/ecs/once", "awslogs-stream-prefix": "once" },
    };
    return register(endpoint, image, {
      family: "once",
      containerDefinitions: [
        { name: "web", image, memory: 128, portMappings: [{ containerPort: 8080 }], logConfiguration },
      ],
      ...more,
    });
  };

  /** Runs a task to its end. */
  async function run(more: Partial<RunTaskCommandInput>, ...command: string[]): Promise<Task | undefined> {
    const { tasks = [], failures } = await endpoint.ecs.send(
      new RunTaskCommand({
        cluster: "staging",
        taskDefinition: "once",
        overrides: { containerOverrides: [{ name: "web", command }] },
        ...more,
      }),
    );
    expect(failures).toEqual([]);
    const taskArn = tasks[0]?.taskArn ?? "";
    await endpoint.event(
      `the end of ${taskArn}`,
      ({ resources, detail }) =>
        resources[0] === taskArn && JSON.stringify(detail).includes('"lastStatus":"STOPPED"'),
      60_000,
    );
    await taskIs(endpoint, taskArn, "STOPPED");
    const described = await endpoint.ecs.send(
      new DescribeTasksCommand({ cluster: "staging", tasks: [taskArn] }),
    );
    return described.tasks?.[0];
  }
  const graviton = { capacityProviderStrategy: [{ capacityProvider: "graviton", weight: 1 }] };
  const logOf = (task: Task | undefined): string =>
    endpoint.logs.get(`/ecs/once once/web/${task?.taskArn?.split("/").at(-1)}`)?.join("\n") ?? "";

  test("their command runs on the architecture they are sent to, and its exit code and log stay", async () => {
    await define("linux-arm64");
    const placed: readonly (readonly [Partial<RunTaskCommandInput>, string])[] = [
      [{ capacityProviderStrategy: [{ capacityProvider: "x86", weight: 1 }] }, "x86_64"],
      [graviton, "arm64"],
      [{ launchType: "EXTERNAL" }, "arm64"],
    ];
    for (const [where, architecture] of placed) {
      const good = await run(where, "--version");
      expect(architectureOf(good ?? {})).toBe(architecture);
      expect(good).toMatchObject({ stopCode: "EssentialContainerExited", containers: [{ exitCode: 0 }] });
      expect(logOf(good)).toMatch(/^\d+\.\d+\.\d+$/m);
    }
    const bad = await run(graviton, "--no-such-option");
    expect(bad?.containers?.[0]?.exitCode).toBe(1);
    expect(logOf(bad)).toContain("no-such-option");
  }, 120_000);

  test("Fargate's run on the architecture of their definition", async () => {
    await define("linux-arm64", {
      networkMode: "awsvpc",
      cpu: "256",
      memory: "512",
      runtimePlatform: { cpuArchitecture: "ARM64" },
    });
    const network = { networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-a"] } } };
    const task = await run({ launchType: "FARGATE", ...network }, "--version");
    expect(architectureOf(task ?? {})).toBe("arm64");
    expect(task).toMatchObject({ launchType: "FARGATE", containers: [{ exitCode: 0 }] });
  }, 60_000);

  test("a program of the other architecture under the right platform is not executed on arm64", async () => {
    await define("linux-x64");
    const broken = await run(graviton, "--version");
    expect(broken?.containers?.[0]).toMatchObject({
      exitCode: 255,
      reason: "exec /esbuild: exec format error",
    });
    expect(logOf(broken)).toContain("exec format error");
    const good = await run(
      { capacityProviderStrategy: [{ capacityProvider: "x86", weight: 1 }] },
      "--version",
    );
    expect(good?.containers?.[0]?.exitCode).toBe(0);
  }, 60_000);
});
