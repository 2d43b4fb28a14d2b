import type { ImageIdentifier } from "@aws-sdk/client-ecr";
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
  /** Every image that its task definitions name is there, for both architectures. */
  readonly images: Pick<Aws["ecr"], "batchGetImage" | "describeImages">;
}

const REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com";
/** What the service runs before the release, and beside it. */
export const OLD = `${REGISTRY}/hello@sha256:${"0".repeat(64)}`;
export const SIDECAR = `${REGISTRY}/envoy:1`;

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
    clusterArn: `arn:aws:ecs:us-east-1:000000000000:cluster/${cluster}`,
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
            { name: "web", image: OLD },
            { name: "sidecar", image: SIDECAR },
          ],
        },
      },
    ],
  ]);
  const host = (capacityProviderName: string, value: string) => ({
    ec2InstanceId: `i-${capacityProviderName}`,
    capacityProviderName,
    agentConnected: true,
    attributes: [{ name: "ecs.cpu-architecture", value }],
  });
  const hosts = [host("x86", "x86_64"), host("graviton", "arm64")];
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
    async updateService({ taskDefinition = service.taskDefinition ?? "", ...changes }) {
      const { capacityProviderStrategy, placementConstraints, deploymentConfiguration } = changes;
      const revision = taskDefinition.split(":").at(-1);
      const again = (service.deployments ?? []).filter((one) => one.taskDefinition === taskDefinition).length;
      const id = `ecs-svc/${revision}${"+".repeat(again)}`;
      Object.assign(service, {
        taskDefinition,
        ...(capacityProviderStrategy === undefined ? {} : { capacityProviderStrategy }),
        ...(placementConstraints === undefined ? {} : { placementConstraints }),
        ...(deploymentConfiguration === undefined ? {} : { deploymentConfiguration }),
        deployments: [
          deployment(id, taskDefinition, { rolloutState: "IN_PROGRESS" }),
          ...(service.deployments ?? []).map((one) => ({ ...one, status: "ACTIVE" })),
        ],
      });
      return { service: structuredClone(service) };
    },
    describeClusters: async () => ({
      clusters: [{ clusterName: cluster, defaultCapacityProviderStrategy: [] }],
    }),
    describeCapacityProviders: async ({ capacityProviders = [] }) => ({
      capacityProviders: capacityProviders.map((name) => ({
        name,
        autoScalingGroupProvider: { autoScalingGroupArn: `autoScalingGroupName/${name}` },
      })),
    }),
    listContainerInstances: async () => ({
      containerInstanceArns: hosts.map(({ ec2InstanceId }) => ec2InstanceId),
    }),
    describeContainerInstances: async () => ({ containerInstances: hosts }),
    listTasks: async () => ({ taskArns: tasks.flatMap(({ taskArn }) => taskArn ?? []) }),
    describeTasks: async ({ tasks: arns = [] }) => ({
      tasks: tasks.filter(({ taskArn }) => arns.includes(taskArn ?? "")),
    }),
    listServiceDeployments: async () => ({ serviceDeployments: [] }),
    describeServiceDeployments: async () => ({ serviceDeployments: [] }),
    continueServiceDeployment: async ({ serviceDeploymentArn }) => ({ serviceDeploymentArn }),
    runTask: async () => ({ tasks: [{ taskArn: "arn:aws:ecs:us-east-1:000000000000:task/staging/1" }] }),
    stopTask: async () => ({}),
    describeServiceRevisions: async () => ({ serviceRevisions: [] }),
  };
  return { service, tasks, revisions, aws, images: IMAGES };
}

/** An index of an image for each architecture. @param digestOf what a platform's image is known by */
function bothPlatforms(digestOf: (platform: string) => string) {
  const manifests = ["amd64", "arm64"].map((architecture) => ({
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: digestOf(`linux/${architecture}`),
    size: 1,
    platform: { os: "linux", architecture },
  }));
  const mediaType = "application/vnd.oci.image.index.v1+json";
  return { imageManifest: JSON.stringify({ schemaVersion: 2, mediaType, manifests }) };
}

const BOTH = bothPlatforms(() => `sha256:${"1".repeat(64)}`);

const IMAGES: FakeEcs["images"] = {
  batchGetImage: async ({ imageIds = [] }) => ({
    images: imageIds.map((imageId) => ({ ...BOTH, imageId })),
  }),
  describeImages: async () => ({ imageDetails: [] }),
};

/** Indexes for both architectures, of which some of what they list is gone: the images of these platforms. */
export function imagesWithout(
  platforms: readonly string[],
  digestOf: (platform: string) => string,
): FakeEcs["images"] {
  const gone = platforms.map(digestOf);
  const isGone = ({ imageDigest = "" }: ImageIdentifier) => gone.includes(imageDigest);
  return {
    ...IMAGES,
    batchGetImage: async ({ imageIds = [] }) => ({
      images: imageIds
        .filter((imageId) => !isGone(imageId))
        .map((imageId) => ({ ...bothPlatforms(digestOf), imageId })),
      failures: imageIds
        .filter(isGone)
        .map((imageId) => ({ imageId, failureCode: "ImageNotFound" as const })),
    }),
  };
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
