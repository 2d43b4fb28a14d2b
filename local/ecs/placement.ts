import { parseExpression, type Subjects } from "./expression.ts";
import type { Constraint, ContainerInstance, PlacementStrategy } from "./types.ts";

/** What a task needs of its host. */
export interface Demand {
  readonly cpu: number;
  readonly memory: number;
  /** The fixed host ports; a port is used once per host. */
  readonly hostPorts: readonly number[];
  readonly constraints: readonly Constraint[];
  /** `runtimePlatform.cpuArchitecture`, as the attribute spells it. */
  readonly architecture?: string;
}

/** A container instance with what is still free on it. */
export interface Host {
  readonly instance: ContainerInstance;
  readonly freeCpu: number;
  readonly freeMemory: number;
  readonly usedPorts: ReadonlySet<number>;
  /** All its tasks, and those of the group (service or family) that is being placed. */
  readonly tasks: number;
  readonly groupTasks: number;
  /** The groups of its tasks, for `task:group`. */
  readonly groups: readonly string[];
}

export type Refusal =
  | "RESOURCE:CPU"
  | "RESOURCE:MEMORY"
  | "RESOURCE:PORTS"
  | "ATTRIBUTE"
  | "CONSTRAINT"
  | "AGENT";

export type Placement =
  | { readonly ok: true; readonly host: Host }
  | { readonly ok: false; readonly reason: Refusal | "NO_INSTANCE"; readonly closest?: ContainerInstance };

/** The subjects of the query language that a container instance answers to. */
export function subjectsOf(host: Pick<Host, "instance" | "tasks" | "groups">): Subjects {
  const { instance } = host;
  return (subject) => {
    if (subject.startsWith("attribute:")) {
      const name = subject.slice("attribute:".length);
      const attribute = instance.attributes.find((candidate) => candidate.name === name);
      return attribute === undefined ? undefined : (attribute.value ?? "");
    }
    switch (subject) {
      case "ec2InstanceId":
        return instance.ec2InstanceId;
      case "agentConnected":
        return "true";
      case "registeredAt":
        return new Date(instance.registeredAt).toISOString();
      case "runningTasksCount":
        return String(host.tasks);
      case "task:group":
        return host.groups;
      default:
        return undefined;
    }
  };
}

function meets(constraint: Constraint, host: Host): boolean {
  if (constraint.type === "distinctInstance") return host.groupTasks === 0;
  return parseExpression(constraint.expression ?? "")(subjectsOf(host));
}

/** Why the host cannot take the task; `undefined` when it can. Ordered from what fits least to what fits most. */
function refusal(host: Host, demand: Demand): Refusal | undefined {
  if (host.instance.status !== "ACTIVE") return "AGENT";
  if (demand.architecture !== undefined && demand.architecture !== host.instance.architecture)
    return "ATTRIBUTE";
  if (!demand.constraints.every((constraint) => meets(constraint, host))) return "CONSTRAINT";
  if (demand.hostPorts.some((port) => host.usedPorts.has(port))) return "RESOURCE:PORTS";
  if (host.freeMemory < demand.memory) return "RESOURCE:MEMORY";
  if (host.freeCpu < demand.cpu) return "RESOURCE:CPU";
  return undefined;
}

const closeness: readonly Refusal[] = [
  "RESOURCE:CPU",
  "RESOURCE:MEMORY",
  "RESOURCE:PORTS",
  "CONSTRAINT",
  "ATTRIBUTE",
  "AGENT",
];

type Order = (one: Host, other: Host) => number;

/** `spread` and `binpack` as orders; `random` keeps the order of registration, so that a run can be repeated. */
function orderOf(strategy: PlacementStrategy, hosts: readonly Host[]): Order {
  if (strategy.type === "random") return () => 0;
  if (strategy.type === "binpack") {
    return strategy.field?.toLowerCase() === "cpu"
      ? (one, other) => one.freeCpu - other.freeCpu
      : (one, other) => one.freeMemory - other.freeMemory;
  }
  const field = strategy.field ?? "instanceId";
  if (field === "instanceId" || field === "host") return (one, other) => one.groupTasks - other.groupTasks;
  const fieldOf = (host: Host): string => String(subjectsOf(host)(field) ?? "");
  const counts = new Map<string, number>();
  for (const host of hosts) counts.set(fieldOf(host), (counts.get(fieldOf(host)) ?? 0) + host.groupTasks);
  return (one, other) => (counts.get(fieldOf(one)) ?? 0) - (counts.get(fieldOf(other)) ?? 0);
}

const spreadOverHosts: PlacementStrategy = { type: "spread", field: "instanceId" };
/** Without a strategy the service scheduler spreads over availability zones, then over hosts. */
const defaultStrategy: readonly PlacementStrategy[] = [
  { type: "spread", field: "attribute:ecs.availability-zone" },
  spreadOverHosts,
];

/**
 * Chooses the host of a task: first what it needs (CPU, memory, ports), then the placement constraints, then the
 * placement strategy. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
 *
 * @param hosts the candidates: the instances of the capacity provider, or of the cluster.
 */
export function place(
  hosts: readonly Host[],
  demand: Demand,
  strategy: readonly PlacementStrategy[] = [],
): Placement {
  const fitting: Host[] = [];
  let closest: { readonly reason: Refusal; readonly instance: ContainerInstance } | undefined;
  for (const host of hosts) {
    const reason = refusal(host, demand);
    if (reason === undefined) fitting.push(host);
    else if (closest === undefined || closeness.indexOf(reason) < closeness.indexOf(closest.reason)) {
      closest = { reason, instance: host.instance };
    }
  }
  const orders = [...(strategy.length > 0 ? strategy : defaultStrategy), spreadOverHosts].map((one) =>
    orderOf(one, hosts),
  );
  const byStrategy: Order = (one, other) => {
    for (const order of orders) {
      const difference = order(one, other);
      if (difference !== 0) return difference;
    }
    return one.tasks - other.tasks;
  };
  const best = fitting.toSorted(byStrategy)[0];
  if (best !== undefined) return { ok: true, host: best };
  if (closest === undefined) return { ok: false, reason: "NO_INSTANCE" };
  return { ok: false, reason: closest.reason, closest: closest.instance };
}

const closestIs: Readonly<Record<Refusal, string>> = {
  "RESOURCE:CPU": "has insufficient CPU units available",
  "RESOURCE:MEMORY": "has insufficient memory available",
  "RESOURCE:PORTS": "is already using a port required by your task",
  ATTRIBUTE: "is missing an attribute required by your task",
  CONSTRAINT: 'encountered error "MemberOf placement constraint unsatisfied."',
  AGENT: 'encountered error "AGENT"',
};

/**
 * The end of the service event "(service web) was unable to place a task …".
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
 */
export function explainRefusal(placement: Extract<Placement, { ok: false }>): string {
  const start = "was unable to place a task because no container instance met all of its requirements.";
  if (placement.reason === "NO_INSTANCE" || placement.closest === undefined) {
    return `${start} Reason: No Container Instances were found in your cluster.`;
  }
  const id = placement.closest.arn.slice(placement.closest.arn.lastIndexOf("/") + 1);
  return `${start} The closest matching container-instance ${id} ${closestIs[placement.reason]}.`;
}

/** The host after it has taken a task of the group. */
export function withTask(host: Host, demand: Demand, group: string): Host {
  return {
    ...host,
    freeCpu: host.freeCpu - demand.cpu,
    freeMemory: host.freeMemory - demand.memory,
    usedPorts: new Set([...host.usedPorts, ...demand.hostPorts]),
    tasks: host.tasks + 1,
    groupTasks: host.groupTasks + 1,
    groups: host.groups.includes(group) ? host.groups : [...host.groups, group],
  };
}
