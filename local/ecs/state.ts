import { AwsError } from "../service.ts";
import { definitionName, lastPart } from "./arns.ts";
import type { Host } from "./placement.ts";
import { StoppedTasks } from "./stopped-tasks.ts";
import type { Task } from "./task.ts";
import type {
  AutoScalingGroup,
  CapacityProvider,
  Cluster,
  ContainerInstance,
  LaunchTemplate,
  Service,
  TaskDefinition,
} from "./types.ts";

/** What the tasks on a container instance have taken. */
export interface Usage {
  cpu: number;
  memory: number;
  readonly ports: Set<number>;
  readonly tasks: Set<Task>;
}

/** Everything this ECS knows, in memory. What of it survives a restart is for `store.ts`. */
export class EcsState {
  readonly clusters = new Map<string, Cluster>();
  readonly capacityProviders = new Map<string, CapacityProvider>();
  /** By ARN. */
  readonly instances = new Map<string, ContainerInstance>();
  readonly services = new Map<string, Service>();
  readonly launchTemplates = new Map<string, LaunchTemplate>();
  readonly autoScalingGroups = new Map<string, AutoScalingGroup>();
  /** By family; index = revision - 1. */
  readonly definitions = new Map<string, TaskDefinition[]>();
  /** Tasks that are not STOPPED, by ARN. */
  readonly tasks = new Map<string, Task>();
  readonly stopped: StoppedTasks;
  private readonly byCluster = new Map<string, Set<Task>>();
  private readonly byService = new Map<string, Set<Task>>();
  private readonly usage = new Map<string, Usage>();

  constructor(now: () => number) {
    this.stopped = new StoppedTasks(now);
  }

  /** Adds or replaces a revision. */
  putDefinition(definition: TaskDefinition): void {
    const revisions = this.definitions.get(definition.family) ?? [];
    revisions[definition.revision - 1] = definition;
    this.definitions.set(definition.family, revisions);
  }

  /** A definition by its ARN. */
  definitionOf(arn: string): TaskDefinition | undefined {
    const { family, revision } = definitionName(arn);
    return this.definitions.get(family)?.[(revision ?? 0) - 1];
  }

  /**
   * A cluster by name or ARN (`default` when none is named).
   *
   * @throws AwsError ClusterNotFoundException
   */
  cluster(nameOrArn: string | undefined): Cluster {
    const cluster = this.clusters.get(lastPart(nameOrArn ?? "default"));
    if (cluster === undefined) throw new AwsError("ClusterNotFoundException", "Cluster not found.");
    return cluster;
  }

  /** A service by name or ARN within a cluster, inactive ones included; `undefined` when there is none. */
  service(cluster: Cluster, nameOrArn: string): Service | undefined {
    return this.services.get(`${cluster.arn.replace(":cluster/", ":service/")}/${lastPart(nameOrArn)}`);
  }

  servicesOf(cluster: string): Service[] {
    return [...this.services.values()].filter((service) => service.cluster === cluster);
  }

  instancesOf(cluster: string): ContainerInstance[] {
    return [...this.instances.values()].filter((one) => one.cluster === cluster && one.status !== "INACTIVE");
  }

  tasksOf(cluster: string): ReadonlySet<Task> {
    return this.byCluster.get(cluster) ?? new Set();
  }

  tasksOfService(serviceArn: string): ReadonlySet<Task> {
    return this.byService.get(serviceArn) ?? new Set();
  }

  usageOf(instanceArn: string): Usage {
    const known = this.usage.get(instanceArn);
    if (known !== undefined) return known;
    const usage: Usage = { cpu: 0, memory: 0, ports: new Set(), tasks: new Set() };
    this.usage.set(instanceArn, usage);
    return usage;
  }

  addTask(task: Task): void {
    this.tasks.set(task.arn, task);
    into(this.byCluster, task.cluster, task);
    if (task.serviceArn !== undefined) into(this.byService, task.serviceArn, task);
    if (task.instanceArn === undefined) return;
    const usage = this.usageOf(task.instanceArn);
    usage.cpu += task.cpu;
    usage.memory += task.memory;
    for (const port of task.hostPorts) usage.ports.add(port);
    usage.tasks.add(task);
  }

  /** Moves a task that has stopped to the history, and gives back what it had taken. */
  retireTask(task: Task): void {
    if (!this.tasks.delete(task.arn)) return;
    this.byCluster.get(task.cluster)?.delete(task);
    if (task.serviceArn !== undefined) this.byService.get(task.serviceArn)?.delete(task);
    this.stopped.add(task);
    if (task.instanceArn === undefined) return;
    const usage = this.usageOf(task.instanceArn);
    usage.cpu -= task.cpu;
    usage.memory -= task.memory;
    for (const port of task.hostPorts) usage.ports.delete(port);
    usage.tasks.delete(task);
  }

  /** The Managed Instances providers of a cluster. */
  managedProvidersOf(cluster: string): Set<string> {
    const own = [...this.capacityProviders.values()].filter(
      (provider) => provider.cluster === cluster && provider.managedInstancesProvider !== undefined,
    );
    return new Set(own.map(({ name }) => name));
  }

  /** The cluster's instances with what is free on them, for a task of `group`. */
  hostsOf(cluster: string, group: string): Host[] {
    return this.instancesOf(cluster).map((instance) => {
      const usage = this.usageOf(instance.arn);
      const groups = new Map<string, number>();
      for (const task of usage.tasks) groups.set(task.group, (groups.get(task.group) ?? 0) + 1);
      return {
        instance,
        freeCpu: instance.cpu - usage.cpu,
        freeMemory: instance.memory - usage.memory,
        usedPorts: usage.ports,
        tasks: usage.tasks.size,
        groupTasks: groups.get(group) ?? 0,
        groups: [...groups.keys()],
      };
    });
  }
}

function into(index: Map<string, Set<Task>>, key: string, task: Task): void {
  const known = index.get(key);
  if (known === undefined) index.set(key, new Set([task]));
  else known.add(task);
}
