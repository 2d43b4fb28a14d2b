import type {
  Deployment,
  ServiceDeploymentStatus,
  Service as ServiceDescription,
  Task,
} from "@aws-sdk/client-ecs";
import type { Aws } from "../../../shared/effects/aws.ts";
import { AwsError } from "./aws-error.ts";
import type { FakeEcr } from "./ecr.ts";
import type { FakeEcs } from "./ecs.ts";
import { primaryOf, type RunningTask, type Service, type ServiceDeployment } from "./ecs-service.ts";
import { digestOf } from "./names.ts";
import { describeOneOff, type OneOffTasks } from "./one-off-tasks.ts";
import { deploymentArn, describeDeployment, revisionArn } from "./pauses.ts";

/** Every cluster has one host of each architecture, each behind its own capacity provider. */
const HOSTS: Readonly<Record<string, string>> = { x86: "x86_64", graviton: "arm64" };

export interface EcsApiHooks {
  /** Whether somebody else registers in the same family at this very moment. */
  readonly isCrowded: () => boolean;
  /** A service is to change; told after it has. */
  readonly onUpdate: (service: Service, before: ServiceDeployment, after: ServiceDeployment) => void;
  /** Somebody has answered a pause that waited. */
  readonly onAnswer: (hookId: string | undefined, action: "CONTINUE" | "ROLLBACK") => void;
  readonly oneOffs: OneOffTasks;
  /** Whether hosts name the platform's own image, or the index it was pulled by. */
  readonly reportsPlatformDigest: boolean;
}

/** The operations of ECS that the effects use. */
export function ecsApi(ecs: FakeEcs, ecr: FakeEcr, hooks: EcsApiHooks): Aws["ecs"] {
  const { definitions } = ecs;
  const demandCluster = (cluster: string | undefined) => {
    if (!ecs.hasCluster(cluster)) throw new AwsError("ClusterNotFoundException", `no cluster ${cluster}`);
  };
  return {
    describeServices: async ({ cluster, services = [] }) => {
      demandCluster(cluster);
      ecs.expire();
      const found = services.map((name) => ecs.service(cluster, name));
      return {
        services: found.flatMap((service) => (service === undefined ? [] : [describeService(service)])),
        failures: services.flatMap((name, at) =>
          found[at] === undefined ? [{ arn: name, reason: "MISSING" }] : [],
        ),
      };
    },

    describeTaskDefinition: async ({ taskDefinition, include = [] }) => {
      const { definition, tags } = definitions.get(taskDefinition);
      return { taskDefinition: definition, ...(include.includes("TAGS") ? { tags: [...tags] } : {}) };
    },

    listTaskDefinitions: async ({ familyPrefix, maxResults = 100 }) => ({
      taskDefinitionArns: [...definitions.list(familyPrefix, maxResults)],
    }),

    registerTaskDefinition: async (input) => {
      if (hooks.isCrowded()) {
        const what = "Too many concurrent attempts to create a new revision of the specified family.";
        throw new AwsError("ClientException", what);
      }
      const { definition, tags } = definitions.register(input);
      return { taskDefinition: definition, tags: [...tags] };
    },

    updateService: async ({ cluster, service: name, taskDefinition, capacityProviderStrategy, ...rest }) => {
      demandCluster(cluster);
      const service = ecs.service(cluster, name);
      if (service === undefined) throw new AwsError("ServiceNotFoundException", `no service ${name}`);
      if (service.status !== "ACTIVE") throw new AwsError("ServiceNotActiveException", `${name} is gone`);
      const before = primaryOf(service);
      const revision = taskDefinition === undefined ? before.revision : definitions.get(taskDefinition);
      if (capacityProviderStrategy !== undefined) service.strategy = capacityProviderStrategy;
      if (rest.placementConstraints !== undefined) service.constraints = rest.placementConstraints;
      if (rest.deploymentConfiguration !== undefined) service.configuration = rest.deploymentConfiguration;
      if (revision !== before.revision || rest.forceNewDeployment === true) {
        hooks.onUpdate(service, before, ecs.deploy(service, revision));
      }
      return { service: describeService(service) };
    },

    listServiceDeployments: async ({ cluster, service: name, createdAt, status = [], maxResults = 20 }) => {
      const service = ecs.service(cluster, name);
      if (service === undefined) throw new AwsError("ServiceNotFoundException", `no service ${name}`);
      const after = createdAt?.after?.getTime() ?? 0;
      const found = service.history
        .filter((one) => one.createdAt >= after)
        .filter((one) => status.length === 0 || status.includes(statusOf(service, one)))
        .reverse();
      return {
        serviceDeployments: found.slice(0, maxResults).map((one) => ({
          serviceDeploymentArn: deploymentArn(service, one),
          targetServiceRevisionArn: revisionArn(service, one),
          status: statusOf(service, one),
          statusReason: one.reason,
        })),
      };
    },

    describeServiceRevisions: async ({ serviceRevisionArns = [] }) => ({
      serviceRevisions: ecs.services.flatMap((service) =>
        service.history.flatMap((one) => {
          const serviceRevisionArn = revisionArn(service, one);
          return serviceRevisionArns.includes(serviceRevisionArn)
            ? [
                {
                  serviceRevisionArn,
                  taskDefinition: one.revision.arn,
                  capacityProviderStrategy: [...one.strategy],
                },
              ]
            : [];
        }),
      ),
    }),

    describeServiceDeployments: async ({ serviceDeploymentArns = [] }) => {
      ecs.expire();
      return {
        serviceDeployments: ecs.services.flatMap((service) =>
          service.history
            .filter((one) => serviceDeploymentArns.includes(deploymentArn(service, one)))
            .map((one) => describeDeployment(service, one)),
        ),
      };
    },

    continueServiceDeployment: async ({ serviceDeploymentArn, hookId, action = "CONTINUE" }) => {
      if (!ecs.answer(serviceDeploymentArn, hookId, action))
        throw new AwsError("InvalidParameterException", `${hookId} does not wait`);
      hooks.onAnswer(hookId, action);
      return { serviceDeploymentArn };
    },

    runTask: async (input) => {
      demandCluster(input.cluster);
      definitions.get(input.taskDefinition);
      return { tasks: [describeOneOff(hooks.oneOffs.run(input))] };
    },

    stopTask: async ({ task }) => {
      hooks.oneOffs.stop(task);
      return {};
    },

    describeClusters: async ({ clusters = [] }) => ({
      clusters: clusters.map((clusterName) => ({ clusterName, defaultCapacityProviderStrategy: [] })),
    }),

    describeCapacityProviders: async ({ capacityProviders = [] }) => ({
      capacityProviders: capacityProviders.map((name) => ({
        name,
        autoScalingGroupProvider: { autoScalingGroupArn: `autoScalingGroupName/${name}` },
      })),
    }),

    listContainerInstances: async ({ cluster }) => {
      demandCluster(cluster);
      return { containerInstanceArns: Object.keys(HOSTS) };
    },

    describeContainerInstances: async ({ containerInstances = [] }) => ({
      containerInstances: containerInstances.map((arn) => ({
        containerInstanceArn: arn,
        ec2InstanceId: `i-${arn}`,
        capacityProviderName: arn,
        agentConnected: true,
        attributes: [{ name: "ecs.cpu-architecture", value: HOSTS[arn] ?? "" }],
      })),
    }),

    listTasks: async ({ cluster, serviceName }) => {
      demandCluster(cluster);
      const tasks = ecs.service(cluster, serviceName)?.tasks ?? [];
      return { taskArns: tasks.map(({ arn }) => arn) };
    },

    describeTasks: async ({ cluster, tasks = [] }) => {
      const all = ecs.services.flatMap((service) => (service.cluster === cluster ? service.tasks : []));
      const found = all.filter(({ arn }) => tasks.includes(arn));
      const once = tasks.flatMap((arn) => hooks.oneOffs.find(arn) ?? []);
      return {
        tasks: [
          ...found.map((task) => describeTask(task, ecr, hooks.reportsPlatformDigest)),
          ...once.map(describeOneOff),
        ],
      };
    },
  };
}

function describeService(service: Service): ServiceDescription {
  return {
    serviceName: service.name,
    serviceArn: service.arn,
    clusterArn: service.cluster,
    status: service.status,
    desiredCount: service.desired,
    taskDefinition: primaryOf(service).revision.arn,
    capacityProviderStrategy: service.strategy,
    placementConstraints: service.constraints,
    deploymentConfiguration: service.configuration,
    deployments: service.deployments.map(
      ({ id, status, revision, rolloutState, reason }): Deployment => ({
        id,
        status,
        taskDefinition: revision.arn,
        rolloutState,
        rolloutStateReason: reason,
      }),
    ),
  };
}

function statusOf(service: Service, deployment: ServiceDeployment): ServiceDeploymentStatus {
  if (deployment.isRolledBack) return "ROLLBACK_IN_PROGRESS";
  if (deployment.rolloutState === "COMPLETED") return "SUCCESSFUL";
  return primaryOf(service) === deployment && deployment.rolloutState === "IN_PROGRESS"
    ? "IN_PROGRESS"
    : "STOPPED";
}

function describeTask(task: RunningTask, ecr: FakeEcr, reportsPlatformDigest: boolean): Task {
  const { deployment, architecture } = task;
  return {
    taskArn: task.arn,
    taskDefinitionArn: deployment.revision.arn,
    startedBy: deployment.id,
    lastStatus: task.exitCode !== undefined ? "STOPPED" : task.isRunning ? "RUNNING" : "PENDING",
    ...(task.exitCode === undefined
      ? {}
      : { desiredStatus: "STOPPED", stopCode: "EssentialContainerExited" as const }),
    attributes: [{ name: "ecs.cpu-architecture", value: architecture }],
    containers: Object.entries(deployment.revision.images).map(([name, image]) => ({
      name,
      image,
      ...(task.exitCode === undefined ? {} : { exitCode: task.exitCode, reason: "exec format error" }),
      imageDigest: pulledDigest(image, architecture, ecr, reportsPlatformDigest),
    })),
  };
}

/** What a host says it has pulled for `REGISTRY/NAME@DIGEST` or `NAME:TAG`. */
function pulledDigest(
  image: string,
  architecture: RunningTask["architecture"],
  ecr: FakeEcr,
  reportsPlatformDigest: boolean,
): string {
  const [uri = "", digest] = image.split("@");
  if (digest === undefined) return digestOf(image);
  if (!reportsPlatformDigest) return digest;
  const index = ecr.index(uri.slice(uri.indexOf("/") + 1), digest) ?? {};
  const platform = architecture === "x86_64" ? "linux/amd64" : "linux/arm64";
  return index[platform] ?? Object.values(index)[0] ?? digest;
}
