import { isFargate } from "./assign.ts";
import { compatibilitiesOf } from "./compatibility.ts";
import { countTasks, deploymentTasks, type TaskCounts } from "./counts.ts";
import { currentDeployment, recordOf } from "./service-records.ts";
import type { EcsState } from "./state.ts";
import { requestedCount } from "./strategies/progress.ts";
import type { Task } from "./task.ts";
import type {
  CapacityProvider,
  Cluster,
  ContainerInstance,
  Deployment,
  Service,
  TaskDefinition,
} from "./types.ts";

/** AWS JSON writes times as epoch seconds. */
export const seconds = (milliseconds: number): number => milliseconds / 1000;

/** Leaves out the members that are undefined. */
export function present(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

const optional = (milliseconds: number | undefined, date: (milliseconds: number) => unknown): unknown =>
  milliseconds === undefined ? undefined : date(milliseconds);

/**
 * A task as DescribeTasks and `ECS Task State Change` show it.
 *
 * @param date epoch seconds for the API, ISO 8601 for events.
 */
export function describeTask(task: Task, date: (milliseconds: number) => unknown): Record<string, unknown> {
  return present({
    attachments: attachmentsOf(task),
    attributes: task.attributes,
    availabilityZone: task.availabilityZone,
    capacityProviderName: task.capacityProviderName,
    clusterArn: task.clusterArn,
    connectivity: task.connectivity,
    connectivityAt: optional(task.startedAt ?? task.pullStartedAt, date),
    containerInstanceArn: task.instanceArn,
    containers: task.containers.map((container) => describeContainer(task, container)),
    cpu: String(task.cpu),
    createdAt: date(task.createdAt),
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: false,
    group: task.group,
    healthStatus: task.healthStatus,
    inferenceAccelerators: [],
    lastStatus: task.lastStatus,
    launchType: task.launchType,
    memory: String(task.memory),
    overrides: task.overrides,
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html
    platformFamily: task.launchType === "FARGATE" ? "Linux" : undefined,
    platformVersion: task.launchType === "FARGATE" ? "1.4.0" : undefined,
    pullStartedAt: optional(task.pullStartedAt, date),
    pullStoppedAt: optional(task.pullStoppedAt, date),
    startedAt: optional(task.startedAt, date),
    startedBy: task.startedBy,
    stopCode: task.stopCode,
    stoppedAt: optional(task.stoppedAt, date),
    stoppedReason: task.stoppedReason,
    stoppingAt: optional(task.stoppingAt, date),
    taskArn: task.arn,
    taskDefinitionArn: task.taskDefinitionArn,
    version: task.version,
  });
}

/** The network interface of a task in network mode `awsvpc`. */
function attachmentsOf({ lastStatus, networkInterface }: Task): unknown[] {
  if (networkInterface === undefined) return [];
  const { attachmentId, networkInterfaceId, privateIpv4Address, subnetId } = networkInterface;
  return [
    {
      id: attachmentId,
      type: "ElasticNetworkInterface",
      status: lastStatus === "STOPPED" ? "DELETED" : "ATTACHED",
      details: [
        { name: "subnetId", value: subnetId },
        { name: "networkInterfaceId", value: networkInterfaceId },
        { name: "privateIPv4Address", value: privateIpv4Address },
      ],
    },
  ];
}

function describeContainer(task: Task, container: Task["containers"][number]): Record<string, unknown> {
  return present({
    containerArn: container.arn,
    taskArn: task.arn,
    name: container.name,
    image: container.image,
    imageDigest: container.imageDigest,
    runtimeId: container.runtimeId,
    lastStatus: container.lastStatus,
    exitCode: container.exitCode,
    reason: container.reason,
    networkBindings: container.ports.map(({ containerPort, hostPort }) => ({
      bindIP: "127.0.0.1",
      containerPort,
      hostPort,
      protocol: "tcp",
    })),
    networkInterfaces:
      task.networkInterface === undefined
        ? []
        : [
            {
              attachmentId: task.networkInterface.attachmentId,
              privateIpv4Address: task.networkInterface.privateIpv4Address,
            },
          ],
    healthStatus: container.healthStatus,
    cpu: String(container.cpu),
    memory: container.memory === undefined ? undefined : String(container.memory),
    memoryReservation:
      container.memoryReservation === undefined ? undefined : String(container.memoryReservation),
  });
}

export function describeCluster(state: EcsState, cluster: Cluster, withTags = true): Record<string, unknown> {
  const tasks = countTasks(state.tasksOf(cluster.name));
  return {
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    status: cluster.status,
    registeredContainerInstancesCount: state.instancesOf(cluster.name).length,
    runningTasksCount: tasks.running,
    pendingTasksCount: tasks.pending,
    activeServicesCount: state.servicesOf(cluster.name).filter(({ status }) => status === "ACTIVE").length,
    statistics: [],
    tags: withTags ? cluster.tags : [],
    settings: cluster.settings,
    capacityProviders: cluster.capacityProviders,
    defaultCapacityProviderStrategy: cluster.defaultStrategy,
  };
}

export function describeCapacityProvider(provider: CapacityProvider): Record<string, unknown> {
  return {
    capacityProviderArn: provider.arn,
    name: provider.name,
    status: provider.status,
    ...(provider.autoScalingGroupArn === undefined
      ? {
          type: "MANAGED_INSTANCES",
          cluster: provider.cluster,
          managedInstancesProvider: provider.managedInstancesProvider,
        }
      : {
          type: "EC2_AUTOSCALING",
          autoScalingGroupProvider: {
            ...provider.autoScalingGroupProvider,
            autoScalingGroupArn: provider.autoScalingGroupArn,
          },
        }),
    tags: provider.tags,
  };
}

const resource = (name: string, value: number): Record<string, unknown> => ({
  name,
  type: "INTEGER",
  doubleValue: 0,
  longValue: 0,
  integerValue: value,
});
/** The ports the agent keeps for itself: ssh, docker and its own. */
const reservedPorts = ["22", "2376", "2375", "51678", "51679"];
const ports = (values: readonly string[]): Record<string, unknown> => ({
  name: "PORTS",
  type: "STRINGSET",
  doubleValue: 0,
  longValue: 0,
  integerValue: 0,
  stringSetValue: values,
});

export function describeInstance(
  state: EcsState,
  instance: ContainerInstance,
  date: (milliseconds: number) => unknown = seconds,
): Record<string, unknown> {
  const used = state.usageOf(instance.arn);
  const tasks = countTasks(used.tasks);
  return present({
    containerInstanceArn: instance.arn,
    ec2InstanceId: instance.ec2InstanceId,
    capacityProviderName: instance.capacityProviderName,
    version: instance.version,
    versionInfo: { agentVersion: "1.99.0", dockerVersion: "DockerVersion: 25.0.8" },
    registeredResources: [
      resource("CPU", instance.cpu),
      resource("MEMORY", instance.memory),
      ports(reservedPorts),
    ],
    remainingResources: [
      resource("CPU", instance.cpu - used.cpu),
      resource("MEMORY", instance.memory - used.memory),
      ports([...reservedPorts, ...[...used.ports].map(String)]),
    ],
    status: instance.status,
    agentConnected: instance.agentConnected && instance.status !== "INACTIVE",
    runningTasksCount: tasks.running,
    pendingTasksCount: tasks.pending,
    attributes: instance.attributes,
    attachments: [],
    registeredAt: date(instance.registeredAt),
    tags: instance.tags,
  });
}

export function describeDefinition(definition: TaskDefinition): Record<string, unknown> {
  return present({
    ...definition.rest,
    taskDefinitionArn: definition.arn,
    containerDefinitions: definition.containerDefinitions,
    family: definition.family,
    revision: definition.revision,
    networkMode: definition.networkMode,
    status: definition.status,
    placementConstraints: definition.placementConstraints,
    compatibilities: compatibilitiesOf(definition),
    requiresCompatibilities: definition.requiresCompatibilities,
    runtimePlatform: definition.runtimePlatform,
    cpu: definition.cpu,
    memory: definition.memory,
    requiresAttributes: [],
    registeredAt: seconds(definition.registeredAt),
    registeredBy: definition.registeredBy,
    deregisteredAt: optional(definition.deregisteredAt, seconds),
    deleteRequestedAt: optional(definition.deleteRequestedAt, seconds),
  });
}

function describeDeployment(
  service: Service,
  deployment: Deployment,
  counts: TaskCounts,
): Record<string, unknown> {
  const revision = service.revisions.find(({ arn }) => arn === deployment.revisionArn);
  const strategy = revision?.capacityProviderStrategy ?? [];
  const current = service.deployments.find(({ status }) => status === "PRIMARY");
  const record = current === undefined ? undefined : recordOf(service, current);
  return present({
    id: deployment.id,
    status: deployment.status,
    taskDefinition: deployment.taskDefinitionArn,
    desiredCount: requestedCount(service, deployment, record),
    pendingCount: counts.pending,
    runningCount: counts.running,
    failedTasks: deployment.failedTasks,
    createdAt: seconds(deployment.createdAt),
    updatedAt: seconds(deployment.updatedAt),
    capacityProviderStrategy: strategy.length > 0 ? strategy : undefined,
    launchType: strategy.length > 0 ? undefined : (service.launchType ?? "EC2"),
    rolloutState: deployment.rolloutState,
    rolloutStateReason: deployment.rolloutStateReason,
  });
}

/** A service as DescribeServices shows it, tags only when they are asked for. */
export function describeService(
  state: EcsState,
  service: Service,
  withTags: boolean,
): Record<string, unknown> {
  const tasks = state.tasksOfService(service.arn);
  const counts = countTasks(tasks);
  const current = currentDeployment(service);
  const strategy = service.capacityProviderStrategy;
  return present({
    ...(isFargate(strategy, service.launchType)
      ? { platformVersion: "LATEST", platformFamily: "Linux" }
      : {}),
    ...service.configuration,
    serviceArn: service.arn,
    serviceName: service.name,
    clusterArn: state.cluster(service.cluster).arn,
    status: service.status,
    desiredCount: service.desiredCount,
    runningCount: counts.running,
    pendingCount: counts.pending,
    launchType: strategy.length > 0 ? undefined : (service.launchType ?? "EC2"),
    capacityProviderStrategy: strategy.length > 0 ? strategy : undefined,
    taskDefinition: service.taskDefinitionArn,
    deploymentConfiguration: service.deploymentConfiguration,
    deployments: service.deployments.map((one) =>
      describeDeployment(service, one, deploymentTasks(tasks, one.id)),
    ),
    deploymentController: { type: "ECS" },
    taskSets: [],
    events: service.events.map((event) => ({ ...event, createdAt: seconds(event.createdAt) })),
    createdAt: seconds(service.createdAt),
    createdBy: service.createdBy,
    currentServiceDeployment: current?.arn,
    currentServiceRevisions: currentRevisions(service, tasks),
    placementConstraints: service.placementConstraints,
    placementStrategy: service.placementStrategy,
    healthCheckGracePeriodSeconds: service.healthCheckGracePeriodSeconds,
    schedulingStrategy: "REPLICA",
    tags: withTags ? service.tags : undefined,
  });
}

function currentRevisions(service: Service, tasks: Iterable<Task>): unknown[] {
  const all = [...tasks];
  const current = service.deployments.find(({ status }) => status === "PRIMARY");
  const record = current === undefined ? undefined : recordOf(service, current);
  return service.deployments.map((deployment) => {
    const counts = deploymentTasks(all, deployment.id);
    return {
      arn: deployment.revisionArn,
      requestedTaskCount: requestedCount(service, deployment, record),
      runningTaskCount: counts.running,
      pendingTaskCount: counts.pending,
    };
  });
}
