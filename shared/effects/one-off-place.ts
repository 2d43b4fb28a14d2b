import type { RunTaskCommandInput, Service } from "@aws-sdk/client-ecs";
import { capacityOf, strategyItems } from "../pipeline/capacity.ts";
import { ourConstraint, withConstraint } from "../pipeline/constraints.ts";
import type { Capacity, CpuArchitecture, EcsDeployment, OneOffTask } from "../pipeline/definition.ts";
import type { Deployment } from "../pipeline/run.ts";
import type { TaskDefinitionDocument } from "../pipeline/task-definition.ts";
import { architectureGate } from "./architecture-gate.ts";
import type { Found } from "./find-service.ts";
import type { LookContext } from "./look-once.ts";

/** A one-off task, and the service it belongs to. */
export interface OneOff {
  readonly definition: OneOffTask;
  readonly target: EcsDeployment;
  readonly deployment: Deployment;
  /** The service as it is. */
  readonly current: Service;
  /** The release's revision. */
  readonly document: TaskDefinitionDocument;
}

type Place = Pick<RunTaskCommandInput, "capacityProviderStrategy" | "launchType" | "placementConstraints">;

/**
 * Where the task runs: where the service's tasks do, on the architecture that is asked for. A release that its hosts could not
 * run is refused before anything is done with it. On Fargate the revision alone says the architecture, and constraints are not
 * known: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
 */
export async function placeOneOff(
  context: LookContext,
  { target, deployment, current, document, definition }: OneOff,
): Promise<Found<Place>> {
  const { prepared } = deployment;
  const before = prepared.capacity ?? prepared.baseCapacity;
  const strategy = before === undefined ? undefined : strategyItems(before);
  const gate =
    prepared.hosts === undefined
      ? await architectureGate(context, target, current, document, strategy)
      : { found: prepared };
  if ("failure" in gate) return gate;
  const { hosts = {}, constrainTo, idle } = gate.found;
  const wanted = definition.architecture ?? deploymentArchitecture(deployment, constrainTo);
  const seen = { prepared: { ...prepared, ...(idle === undefined ? {} : { idle }) } };
  const capacity = capacityOf(undefined, { ...deployment, ...seen }, 0) ?? before;
  if (wanted === undefined) {
    return { found: { ...launchOf(current, capacity), ...constraintsOf(current, undefined) } };
  }
  const behind = hosts[wanted] ?? [];
  if (behind.length === 0) {
    const has = Object.keys(hosts).join(", ");
    return {
      failure: {
        reason: `no host of service ${target.service} is ${wanted}, where task ${definition.run} is to run; it has ${has}`,
        remedy: "mend the task's `architecture` in the pipeline, or give the service such hosts",
      },
    };
  }
  if (behind.some((name) => /^(?:launch type )?FARGATE/.test(name))) {
    return { found: launchOf(current, capacity) };
  }
  // ECS chooses the provider before it looks at constraints: only those that have such hosts are named.
  const fitting = Object.entries(capacity ?? {}).filter(([name]) => behind.includes(name));
  const only = capacity === undefined ? undefined : evenly(Object.fromEntries(fitting));
  return { found: { ...launchOf(current, only), ...constraintsOf(current, wanted) } };
}

/** What the service does without, its tasks do without. */
function deploymentArchitecture(
  { quarantine }: Deployment,
  constrainTo: CpuArchitecture | undefined,
): CpuArchitecture | undefined {
  if (quarantine === undefined) return constrainTo;
  return quarantine.architecture === "arm64" ? "x86_64" : "arm64";
}

/** A single task needs a provider with a weight, not a share. */
function evenly(capacity: Capacity): Capacity {
  return Object.fromEntries(Object.keys(capacity).map((name) => [name, { base: 0, weight: 1 }]));
}

function launchOf({ launchType }: Service, capacity: Capacity | undefined) {
  if (capacity !== undefined) return { capacityProviderStrategy: strategyItems(capacity) };
  return launchType === undefined ? {} : { launchType };
}

/** The service's own constraints, and ours; RunTask takes ten. */
function constraintsOf({ placementConstraints = [] }: Service, architecture: CpuArchitecture | undefined) {
  const own = placementConstraints.filter(({ type }) => type === "memberOf");
  const expression = architecture === undefined ? undefined : ourConstraint(architecture);
  const all = withConstraint(own, expression).slice(-10);
  return all.length === 0 ? {} : { placementConstraints: all.map((one) => ({ ...one })) };
}
