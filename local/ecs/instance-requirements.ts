import { z } from "zod";
import { catalogue, isBurstable, isInstanceType, manufacturerOf, sizeOf } from "./instance-types.ts";

const rangeSchema = z.object({ min: z.coerce.number().default(0), max: z.coerce.number().optional() });

/**
 * Attribute-based selection of instance types, as far as it decides the architecture and the size; the other attributes are
 * kept and not looked at.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_InstanceRequirementsRequest.html
 */
export const instanceRequirementsSchema = z.looseObject({
  vCpuCount: rangeSchema.optional(),
  memoryMiB: rangeSchema.optional(),
  cpuManufacturers: z.array(z.enum(["intel", "amd", "amazon-web-services"])).optional(),
  allowedInstanceTypes: z.array(z.string()).max(400).optional(),
  excludedInstanceTypes: z.array(z.string()).max(400).optional(),
  burstablePerformance: z.enum(["included", "excluded", "required"]).optional(),
});
export type InstanceRequirements = z.infer<typeof instanceRequirementsSchema>;

/** `m7g.*` and the like. */
function matcher(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map(
    (pattern) => new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`),
  );
  return (name) => expressions.some((expression) => expression.test(name));
}

const within = (value: number, range: z.infer<typeof rangeSchema> | undefined): boolean =>
  range === undefined || (value >= range.min && (range.max === undefined || value <= range.max));

/** The instance types that meet the requirements, the smallest first. Burstable types only when they are asked for. */
export function matchingTypes(requirements: InstanceRequirements): readonly string[] {
  const { allowedInstanceTypes, excludedInstanceTypes = [], cpuManufacturers } = requirements;
  const isAllowed = allowedInstanceTypes === undefined ? undefined : matcher(allowedInstanceTypes);
  const isExcluded = matcher(excludedInstanceTypes);
  // Types that are named exactly count, whether the catalogue has them or not.
  const named = (allowedInstanceTypes ?? []).filter(isInstanceType);
  const burstable = requirements.burstablePerformance ?? (isAllowed === undefined ? "excluded" : "included");
  return [...new Set([...catalogue, ...named])]
    .filter((type) => isAllowed?.(type) ?? true)
    .filter((type) => !isExcluded(type))
    .filter((type) => cpuManufacturers?.includes(manufacturerOf(type)) ?? true)
    .filter((type) => burstable === "included" || isBurstable(type) === (burstable === "required"))
    .filter((type) => {
      const { vcpus, memoryMiB } = sizeOf(type);
      return within(vcpus, requirements.vCpuCount) && within(memoryMiB, requirements.memoryMiB);
    })
    .toSorted((one, other) => {
      const [a, b] = [sizeOf(one), sizeOf(other)];
      return a.vcpus - b.vcpus || a.memoryMiB - b.memoryMiB;
    });
}
