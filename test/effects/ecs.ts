import type { Deployment, Service, Tag, Task, TaskDefinition } from "@aws-sdk/client-ecs";
import type { Aws } from "../../shared/effects/aws.ts";
import { awsError } from "./fakes.ts";

/** An ECS with one cluster and one service, `web`, just as far as the effects look at it. */
export interface FakeEcs {
  /** What is to be answered; a test changes it at will. */
  readonly service: Service;
  readonly tasks: Task[];
  readonly revisions: Map<string, { readonly document: TaskDefinition; readonly tags: readonly Tag[] }>;
  readonly aws: Aws["ecs"];
}

export const BASE = "arn:aws:ecs:us-east-1:000000000000:task-definition/web:1";

const deployment = (id: string, taskDefinition: string, change: Deployment = {}): Deployment => ({
  id,
  status: "PRIMARY",
  rolloutState: "COMPLETED",
  taskDefinition,
  ...change,
});

/** @param cluster where `web` runs with revision 1, of the image `old`, four tasks, and the default strategy */
export function fakeEcs(cluster: string): FakeEcs {
  const service: Service = {
    serviceName: "web",
    serviceArn: `arn:aws:ecs:us-east-1:000000000000:service/${cluster}/web`,
    status: "ACTIVE",
    desiredCount: 4,
    taskDefinition: BASE,
    deployments: [deployment("ecs-svc/base", BASE)],
    capacityProviderStrategy: [{ capacityProvider: "x86", base: 0, weight: 1 }],
  };
  const tasks: Task[] = [];
  const revisions: FakeEcs["revisions"] = new Map([
    [
      BASE,
      {
        tags: [],
        document: {
          taskDefinitionArn: BASE,
          family: "web",
          revision: 1,
          containerDefinitions: [
            { name: "web", image: "old" },
            { name: "sidecar", image: "envoy:1" },
          ],
        },
      },
    ],
  ]);
  const aws: Aws["ecs"] = {
    async describeServices(input) {
      if (input.cluster !== cluster) throw awsError("ClusterNotFoundException", "Cluster not found.");
      return { services: input.services?.includes("web") ? [structuredClone(service)] : [] };
    },
    async describeTaskDefinition({ taskDefinition = "", include = [] }) {
      const found = revisions.get(taskDefinition);
      if (found === undefined) throw awsError("ClientException", "Unable to describe task definition.");
      return {
        taskDefinition: found.document,
        ...(include.includes("TAGS") ? { tags: [...found.tags] } : {}),
      };
    },
    async listTaskDefinitions() {
      return { taskDefinitionArns: [...revisions.keys()].reverse() };
    },
    async registerTaskDefinition({ tags = [], ...document }) {
      const revision = revisions.size + 1;
      const taskDefinitionArn = BASE.replace(/1$/, String(revision));
      revisions.set(taskDefinitionArn, { document: { ...document, taskDefinitionArn, revision }, tags });
      return { taskDefinition: { taskDefinitionArn } };
    },
    async updateService({ taskDefinition = service.taskDefinition ?? "", capacityProviderStrategy }) {
      const id = `ecs-svc/${taskDefinition.split(":").at(-1)}`;
      Object.assign(service, {
        taskDefinition,
        ...(capacityProviderStrategy === undefined ? {} : { capacityProviderStrategy }),
        deployments: [
          deployment(id, taskDefinition, { rolloutState: "IN_PROGRESS" }),
          ...(service.deployments ?? []).map((one) => ({ ...one, status: "ACTIVE" })),
        ],
      });
      return { service: structuredClone(service) };
    },
    listTasks: async () => ({ taskArns: tasks.flatMap(({ taskArn }) => taskArn ?? []) }),
    describeTasks: async ({ tasks: arns = [] }) => ({
      tasks: tasks.filter(({ taskArn }) => arns.includes(taskArn ?? "")),
    }),
    listServiceDeployments: async () => ({ serviceDeployments: [] }),
    describeServiceRevisions: async () => ({ serviceRevisions: [] }),
  };
  return { service, tasks, revisions, aws };
}

/** A running task of a deployment, with the digest its container was started from. */
export function task(
  n: number,
  startedBy: string,
  imageDigest: string,
  architecture = "arm64",
  change: Task = {},
): Task {
  return {
    taskArn: `task-${n}`,
    startedBy,
    lastStatus: "RUNNING",
    containers: [
      { name: "web", imageDigest },
      { name: "sidecar", imageDigest: "sha256:envoy" },
    ],
    attributes: [{ name: "ecs.cpu-architecture", value: architecture }],
    ...change,
  };
}
