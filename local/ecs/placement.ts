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
  /** `runtimePlatform.operatingSystemFamily`, where it is given. */
  readonly osFamily?: string;
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
  | "AGENT"
  | "INACTIVE";

export type Placement =
  | { readonly ok: true; readonly instance: ContainerInstance }
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
        return String(instance.agentConnected);
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

/** What an expression can say of a host only while tasks are placed on it. */
const changing = /task:group|runningTasksCount/;

/** A host while tasks are placed on it, one after the other. */
interface Slot {
  readonly instance: ContainerInstance;
  /** What no number of tasks changes. */
  readonly never: Refusal | undefined;
  /** The values of the strategy's `spread` fields. */
  readonly keys: readonly string[];
  readonly usedPorts: Set<number>;
  readonly groups: string[];
  freeCpu: number;
  freeMemory: number;
  tasks: number;
  groupTasks: number;
}

const closeness: readonly Refusal[] = [
  "RESOURCE:CPU",
  "RESOURCE:MEMORY",
  "RESOURCE:PORTS",
  "CONSTRAINT",
  "ATTRIBUTE",
  "AGENT",
  "INACTIVE",
];

const overHosts: PlacementStrategy = { type: "spread", field: "instanceId" };
/** Without a strategy the service scheduler spreads over availability zones, then over hosts. */
const defaultStrategy: readonly PlacementStrategy[] = [
  { type: "spread", field: "attribute:ecs.availability-zone" },
  overHosts,
];
const isHostField = (field: string | undefined): boolean =>
  field === undefined || field === "instanceId" || field === "host";

/**
 * Chooses hosts for tasks of one kind: first what a task needs (CPU, memory, ports), then the placement constraints, then the
 * placement strategy. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
 *
 * Each task takes its part of what the next one finds. What does not change from task to task is looked at once, so that a
 * thousand tasks on hundreds of hosts are placed in a moment.
 */
export class Placer {
  private readonly slots: readonly Slot[];
  private readonly demand: Demand;
  private readonly group: string;
  private readonly strategy: readonly PlacementStrategy[];
  private readonly dynamic: readonly Constraint[];
  /** For each `spread` of the strategy, how many of the group's tasks each value of its field has. */
  private readonly spreads: readonly Map<string, number>[];

  /** @param hosts the candidates: the instances of the capacity provider, or those of the launch type. */
  constructor(
    hosts: readonly Host[],
    demand: Demand,
    group: string,
    strategy: readonly PlacementStrategy[] = [],
  ) {
    this.demand = demand;
    this.group = group;
    this.strategy = [...(strategy.length > 0 ? strategy : defaultStrategy), overHosts];
    const isDynamic = ({ type, expression }: Constraint): boolean =>
      type === "distinctInstance" || changing.test(expression ?? "");
    this.dynamic = demand.constraints.filter(isDynamic);
    const fixed = demand.constraints.filter((constraint) => !isDynamic(constraint));
    this.slots = hosts.map((host) => this.slotOf(host, fixed));
    this.spreads = this.strategy.map((_one, index) => {
      const counts = new Map<string, number>();
      for (const { keys, groupTasks } of this.slots) add(counts, keys[index] ?? "", groupTasks);
      return counts;
    });
  }

  /** Places one task. */
  place(): Placement {
    let best: Slot | undefined;
    let closest: { readonly reason: Refusal; readonly instance: ContainerInstance } | undefined;
    for (const slot of this.slots) {
      const reason = slot.never ?? this.refusal(slot);
      if (reason === undefined) {
        if (best === undefined || this.compare(slot, best) < 0) best = slot;
      } else if (closest === undefined || closeness.indexOf(reason) < closeness.indexOf(closest.reason)) {
        closest = { reason, instance: slot.instance };
      }
    }
    if (best !== undefined) {
      this.take(best);
      return { ok: true, instance: best.instance };
    }
    if (closest === undefined) return { ok: false, reason: "NO_INSTANCE" };
    return { ok: false, reason: closest.reason, closest: closest.instance };
  }

  private slotOf(host: Host, fixed: readonly Constraint[]): Slot {
    const { instance, freeCpu, freeMemory, tasks, groupTasks } = host;
    const subjects = subjectsOf(host);
    return {
      instance,
      never: this.neverReason(instance, subjects, fixed),
      keys: this.strategy.map(({ type, field }) =>
        type !== "spread" ? "" : isHostField(field) ? instance.arn : String(subjects(field ?? "") ?? ""),
      ),
      usedPorts: new Set(host.usedPorts),
      groups: [...host.groups],
      freeCpu,
      freeMemory,
      tasks,
      groupTasks,
    };
  }

  private neverReason(
    instance: ContainerInstance,
    subjects: Subjects,
    fixed: readonly Constraint[],
  ): Refusal | undefined {
    const { architecture, osFamily } = this.demand;
    if (instance.status !== "ACTIVE") return "INACTIVE";
    if (!instance.agentConnected) return "AGENT";
    if (architecture !== undefined && architecture !== instance.architecture) return "ATTRIBUTE";
    if (osFamily !== undefined && osFamily !== subjects("attribute:ecs.os-family")) return "ATTRIBUTE";
    return fixed.every(({ expression }) => parseExpression(expression ?? "")(subjects))
      ? undefined
      : "CONSTRAINT";
  }

  /** Why the host cannot take one more; `undefined` when it can. Ordered from what fits least to what fits most. */
  private refusal(slot: Slot): Refusal | undefined {
    const { demand } = this;
    const met = this.dynamic.every(({ type, expression }) =>
      type === "distinctInstance"
        ? slot.groupTasks === 0
        : parseExpression(expression ?? "")(subjectsOf(slot)),
    );
    if (!met) return "CONSTRAINT";
    if (demand.hostPorts.some((port) => slot.usedPorts.has(port))) return "RESOURCE:PORTS";
    if (slot.freeMemory < demand.memory) return "RESOURCE:MEMORY";
    if (slot.freeCpu < demand.cpu) return "RESOURCE:CPU";
    return undefined;
  }

  /** `spread` and `binpack` as orders; `random` keeps the order of registration, so that a run can be repeated. */
  private compare(one: Slot, other: Slot): number {
    for (const [index, { type, field }] of this.strategy.entries()) {
      let difference = 0;
      if (type === "binpack") {
        const byCpu = field?.toLowerCase() === "cpu";
        difference = byCpu ? one.freeCpu - other.freeCpu : one.freeMemory - other.freeMemory;
      } else if (type === "spread") {
        const counts = this.spreads[index];
        difference = (counts?.get(one.keys[index] ?? "") ?? 0) - (counts?.get(other.keys[index] ?? "") ?? 0);
      }
      if (difference !== 0) return difference;
    }
    return one.tasks - other.tasks;
  }

  private take(slot: Slot): void {
    const { cpu, memory, hostPorts } = this.demand;
    slot.freeCpu -= cpu;
    slot.freeMemory -= memory;
    for (const port of hostPorts) slot.usedPorts.add(port);
    slot.tasks += 1;
    slot.groupTasks += 1;
    if (!slot.groups.includes(this.group)) slot.groups.push(this.group);
    for (const [index, counts] of this.spreads.entries()) add(counts, slot.keys[index] ?? "", 1);
  }
}

function add(counts: Map<string, number>, key: string, number: number): void {
  counts.set(key, (counts.get(key) ?? 0) + number);
}
