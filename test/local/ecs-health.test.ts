import { UpdateServiceCommand } from "@aws-sdk/client-ecs";
import { afterEach, expect, test } from "@jest/globals";
import type { ContainerRuntime } from "../../local/engine.ts";
import {
  createRepository,
  createWeb,
  deploymentEnds,
  describeWeb,
  mixedCluster,
  register,
  tasksOfWeb,
} from "./ecs-cluster.ts";
import { type EcsEndpoint, startEcs } from "./ecs-endpoint.ts";
import { both, pushIndex } from "./ecs-images.ts";

let endpoint: EcsEndpoint;
afterEach(() => endpoint.stop());

/** Containers whose health check passes unless their command is `sick`. */
const containers: ContainerRuntime = {
  run: async ({ image, command, ports }) => {
    const end: { now: (code: number) => void } = { now: () => undefined };
    const exited = new Promise<number>((resolve) => {
      end.now = resolve;
    });
    return {
      runtimeId: "stand-in",
      imageDigest: image.slice(image.indexOf("@") + 1),
      ports,
      exited,
      exec: async () => (command?.[0] === "sick" ? 1 : 0),
      stop: async () => end.now(0),
    };
  },
};

test("a deployment whose tasks fail their health checks is never complete, and trips the breaker", async () => {
  endpoint = await startEcs({
    engineFor: async () => ({ name: "podman", description: "a stand-in", containers }),
    deps: { timings: { settleMs: 5, firstRestartMs: 5, longestRestartMs: 10 } },
  });
  await mixedCluster(endpoint);
  await createRepository(endpoint, "hello");
  const image = `${endpoint.host}/hello@${await pushIndex(endpoint.url, "hello", both("one"))}`;
  const definition = (command: string) =>
    register(endpoint, image, {
      containerDefinitions: [
        {
          name: "web",
          image,
          memory: 128,
          command: [command],
          healthCheck: { command: ["CMD", "/check"], interval: 5, timeout: 2, retries: 1 },
        },
      ],
    });
  const well = await definition("well");
  await createWeb(endpoint, well, {
    deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
  });
  await deploymentEnds(endpoint);
  expect((await tasksOfWeb(endpoint)).map(({ healthStatus }) => healthStatus)).toEqual(
    Array(4).fill("HEALTHY"),
  );

  const sick = await definition("sick");
  await endpoint.ecs.send(
    new UpdateServiceCommand({ cluster: "staging", service: "web", taskDefinition: sick }),
  );
  await deploymentEnds(endpoint, "SERVICE_DEPLOYMENT_FAILED");
  await deploymentEnds(endpoint);
  const stopped = (await tasksOfWeb(endpoint, "STOPPED")).filter(
    ({ taskDefinitionArn }) => taskDefinitionArn === sick,
  );
  expect(stopped.some(({ stoppedReason }) => stoppedReason === "Task failed container health checks")).toBe(
    true,
  );
  const running = await tasksOfWeb(endpoint);
  expect(running.map(({ taskDefinitionArn }) => taskDefinitionArn)).toEqual(Array(4).fill(well));
  expect((await describeWeb(endpoint)).deployments?.[0]?.rolloutState).toBe("COMPLETED");
});
