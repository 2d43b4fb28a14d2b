import type { Failure } from "./events.ts";
import type { TaskDefinitionDocument } from "./task-definition.ts";

/** MiB from, to, and in which steps, by CPU units. */
type Range = readonly [from: number, to: number, by: number];

/** Linux tasks: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size */
const SIZES: ReadonlyMap<number, Range> = new Map([
  [512, [1024, 4096, 1024]],
  [1024, [2048, 8192, 1024]],
  [2048, [4096, 16_384, 1024]],
  [4096, [8192, 30_720, 1024]],
  [8192, [16_384, 61_440, 4096]],
  [16_384, [32_768, 122_880, 8192]],
]);

/**
 * Whether a definition for Fargate has a memory that its CPU does not go with. A CPU that is not in the list is left to ECS:
 * the list has grown before.
 * @param isFargate whether the service runs there; a definition that requires Fargate is looked at anyhow
 */
export function fargateSizeFault(document: TaskDefinitionDocument, isFargate: boolean): Failure | undefined {
  const { cpu, memory, requiresCompatibilities: required } = document;
  if (!isFargate && !(Array.isArray(required) && required.includes("FARGATE"))) return undefined;
  const remedy = "mend `cpu` and `memory` in the task definition";
  const units = amount(cpu, "vcpu");
  const mebibytes = amount(memory, "gb");
  if (units === undefined || mebibytes === undefined) {
    return { reason: "the task definition says no `cpu` or `memory`, and Fargate needs both", remedy };
  }
  const range: Range | undefined = units === 256 ? [512, 2048, 512] : SIZES.get(units);
  if (range === undefined) return undefined;
  const [from, to, by] = range;
  const fits = mebibytes >= from && mebibytes <= to && mebibytes % by === 0;
  if (fits && !(units === 256 && mebibytes === 1536)) return undefined;
  const valid = units === 256 ? "512, 1024 or 2048" : `${from} to ${to} in steps of ${by}`;
  return {
    reason: `Fargate has no ${mebibytes} MiB of memory for ${units} CPU units, only ${valid}`,
    remedy,
  };
}

/** `512`, `.5 vCPU`, `1 GB`: both units count in 1024ths. */
function amount(value: unknown, unit: "vcpu" | "gb"): number | undefined {
  const [, digits, suffix] = /^\s*(\d*\.?\d+)\s*([a-z]*)\s*$/i.exec(String(value ?? "")) ?? [];
  if (digits === undefined) return undefined;
  return suffix?.toLowerCase() === unit ? Number(digits) * 1024 : Number(digits);
}
