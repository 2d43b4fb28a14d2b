import {
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ListContainerInstancesCommand,
  ListTasksCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { pickToStop } from "../../local/ecs/shrink.ts";
import {
  byArchitecture,
  createWeb,
  deploymentEnds,
  describeWeb,
  mixedCluster,
  register,
} from "./ecs-cluster.ts";
import type { EcsEndpoint } from "./ecs-endpoint.ts";
import { both } from "./ecs-images.ts";
import { image, startQuickly } from "./ecs-launch.ts";

let endpoint: EcsEndpoint;
beforeEach(async () => {
  endpoint = await startQuickly({ simulatedStartMs: 10, simulatedStopMs: 10, settleMs: 5 });
});
afterEach(() => endpoint.stop());

/** All pages of a list, and how many there were. */
async function pages(
  list: (nextToken?: string) => Promise<{ readonly arns?: string[]; readonly nextToken?: string }>,
): Promise<{ readonly arns: readonly string[]; readonly calls: number }> {
  const arns: string[] = [];
  let nextToken: string | undefined;
  let calls = 0;
  do {
    const answer = await list(nextToken);
    arns.push(...(answer.arns ?? []));
    nextToken = answer.nextToken;
    calls += 1;
  } while (nextToken !== undefined);
  return { arns, calls };
}

test("a service of 1,000 tasks on 200 hosts is there, is read by page, and is rolled", async () => {
  await mixedCluster(endpoint, "staging", { x86: 100, graviton: 100 });
  await createWeb(endpoint, await register(endpoint, await image(endpoint)), {
    desiredCount: 1000,
    capacityProviderStrategy: [
      { capacityProvider: "x86", weight: 1 },
      { capacityProvider: "graviton", weight: 3 },
    ],
  });
  await deploymentEnds(endpoint);

  const tasks = await pages(async (nextToken) => {
    const { taskArns, ...rest } = await endpoint.ecs.send(
      new ListTasksCommand({ cluster: "staging", serviceName: "web", ...(nextToken && { nextToken }) }),
    );
    return { ...(taskArns && { arns: taskArns }), ...(rest.nextToken && { nextToken: rest.nextToken }) };
  });
  expect([tasks.arns.length, tasks.calls]).toEqual([1000, 10]);
  const counts: Record<string, number> = {};
  for (let first = 0; first < 1000; first += 100) {
    const described = await endpoint.ecs.send(
      new DescribeTasksCommand({ cluster: "staging", tasks: tasks.arns.slice(first, first + 100) }),
    );
    for (const [architecture, count] of Object.entries(byArchitecture(described.tasks ?? []))) {
      counts[architecture] = (counts[architecture] ?? 0) + count;
    }
  }
  expect(counts).toEqual({ x86_64: 250, arm64: 750 });
  await expect(
    endpoint.ecs.send(new DescribeTasksCommand({ cluster: "staging", tasks: tasks.arns.slice(0, 101) })),
  ).rejects.toThrow("At most 100 tasks");

  const hosts = await pages(async (nextToken) => {
    const answer = await endpoint.ecs.send(
      new ListContainerInstancesCommand({ cluster: "staging", ...(nextToken && { nextToken }) }),
    );
    return {
      ...(answer.containerInstanceArns && { arns: answer.containerInstanceArns }),
      ...(answer.nextToken && { nextToken: answer.nextToken }),
    };
  });
  expect([hosts.arns.length, hosts.calls]).toEqual([200, 2]);
  const { containerInstances = [] } = await endpoint.ecs.send(
    new DescribeContainerInstancesCommand({
      cluster: "staging",
      containerInstances: hosts.arns.slice(0, 100),
    }),
  );
  // Spread: no host has more than one task more than another of its provider.
  const running = containerInstances.map(({ runningTasksCount }) => runningTasksCount ?? 0);
  expect(Math.max(...running) - Math.min(...running)).toBeLessThanOrEqual(1);

  await endpoint.ecs.send(
    new UpdateServiceCommand({
      cluster: "staging",
      service: "web",
      taskDefinition: await register(endpoint, await image(endpoint, both("two"))),
    }),
  );
  await deploymentEnds(endpoint);
  expect((await describeWeb(endpoint)).runningCount).toBe(1000);
  // It takes a few seconds. Something quadratic would take minutes, which is what the limit is for.
}, 60_000);

test("of a thousand tasks those beyond their provider's share stop first, from the fullest hosts", () => {
  const tasks = Array.from({ length: 1000 }, (_, index) => ({
    arn: `task/${index}`,
    capacityProviderName: index < 700 ? "x86" : "graviton",
    instanceArn: `host/${index < 700 ? index % 100 : 100 + (index % 100)}`,
  }));
  const strategy = [
    { capacityProvider: "x86", weight: 1, base: 0 },
    { capacityProvider: "graviton", weight: 1, base: 0 },
  ];
  const picked = pickToStop(tasks, 500, strategy);
  const left = tasks.filter((task) => !picked.includes(task));
  const count = (name: string): number => left.filter((one) => one.capacityProviderName === name).length;
  expect([count("x86"), count("graviton")]).toEqual([250, 250]);
  const perHost = new Map<string, number>();
  for (const { instanceArn } of left) perHost.set(instanceArn, (perHost.get(instanceArn) ?? 0) + 1);
  expect(Math.max(...perHost.values())).toBe(3);
});
