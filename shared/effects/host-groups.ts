import type { ContainerInstance } from "@aws-sdk/client-ecs";
import { z } from "zod";
import { architectureOf, CPU_ARCHITECTURES } from "../pipeline/architectures.ts";
import type { CpuArchitecture } from "../pipeline/definition.ts";
import type { Failure } from "../pipeline/events.ts";
import type { HostGroup } from "../pipeline/placement.ts";
import type { TaskDefinitionDocument } from "../pipeline/task-definition.ts";
import { instanceArchitecture } from "./container-instances.ts";

/** The task definition that is about to be registered, as far as its hosts depend on it. */
export interface HostedDefinition {
  /** `runtimePlatform.cpuArchitecture`. */
  readonly architecture?: CpuArchitecture;
  /** The expressions of its `memberOf` constraints. */
  readonly expressions: readonly string[];
}

const hostedSchema = z.looseObject({
  runtimePlatform: z.looseObject({ cpuArchitecture: z.string().optional() }).optional(),
  placementConstraints: z.array(z.looseObject({ expression: z.string().optional() })).default([]),
});

export function hostedDefinition(document: TaskDefinitionDocument): HostedDefinition {
  const { runtimePlatform, placementConstraints } = hostedSchema.parse(document);
  const architecture = architectureOf(runtimePlatform?.cpuArchitecture ?? "");
  return {
    ...(architecture === undefined ? {} : { architecture }),
    expressions: placementConstraints.flatMap(({ expression }) => expression ?? []),
  };
}

/** The groups of hosts that get tasks; or why they cannot be told. */
export type Groups =
  | { readonly found: readonly HostGroup[]; readonly notes: readonly string[] }
  | { readonly failure: Failure };

/** A failure with its remedy. */
export function failed(reason: string, remedy: string): { readonly failure: Failure } {
  return { failure: { reason, remedy } };
}

/** Nothing tells what hosts will be there. */
export function noInstance(
  cluster: string,
  name: string,
  why = "no container instance is registered",
): Groups {
  return failed(
    `the architecture of the hosts behind ${name} of cluster ${nameOf(cluster)} is unknown: ${why}`,
    "start a host, or name the architecture as `runtimePlatform.cpuArchitecture` in the task definition",
  );
}

/** What is known of hosts nobody has seen: the one architecture that is allowed. */
export function known(
  architectures: readonly CpuArchitecture[],
  allowed: readonly CpuArchitecture[],
): readonly CpuArchitecture[] | undefined {
  if (architectures.length > 0) return architectures;
  return allowed.length === 1 ? allowed : undefined;
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html: X86_64 unless it says otherwise */
export function fargateArchitectures({ architecture }: HostedDefinition): readonly CpuArchitecture[] {
  return [architecture ?? "x86_64"];
}

/** Those of hosts that are there. */
export function architecturesOf(instances: readonly ContainerInstance[]): readonly CpuArchitecture[] {
  const found = new Set(instances.map(instanceArchitecture));
  return CPU_ARCHITECTURES.filter((one) => found.has(one));
}

/** The last part of an ARN, or the name itself. */
export function nameOf(arn: string): string {
  return arn.split("/").at(-1) ?? arn;
}
