import { CPU_ARCHITECTURES } from "./architectures.ts";
import type { CpuArchitecture } from "./definition.ts";

/**
 * The architectures of an EC2 instance type, or of all types that a pattern with `*` stands for. The letter after the
 * generation is the processor: `g` is Graviton (`m7g`, `c6gn`, `t4g`, `im4gn`); `a1` was before the rule, and `p6e-gb200` has a
 * Grace CPU.
 * https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
 */
export function architecturesOfType(type: string): readonly CpuArchitecture[] {
  const [family = ""] = type.split(".");
  if (family === "a1" || /-gb\d/.test(family) || /^[a-z]+\d+g/.test(family)) return ["arm64"];
  // `m6*` and `*` are of both; of `m6i*` the processor is known.
  if (family.includes("*") && !/^[a-z]+\d+[a-z]/.test(family)) return CPU_ARCHITECTURES;
  return ["x86_64"];
}

/** Attribute-based selection, of a launch template or of Managed Instances; undefined when it leaves both possible. */
export function architecturesOfRequirements(requirements: {
  readonly allowedInstanceTypes: readonly string[];
  readonly cpuManufacturers: readonly string[];
}): readonly CpuArchitecture[] | undefined {
  const { allowedInstanceTypes, cpuManufacturers } = requirements;
  const types = new Set(allowedInstanceTypes.flatMap(architecturesOfType));
  const makers = new Set(
    cpuManufacturers.map((name): CpuArchitecture => (name === "amazon-web-services" ? "arm64" : "x86_64")),
  );
  const left = CPU_ARCHITECTURES.filter(
    (one) => (types.size === 0 || types.has(one)) && (makers.size === 0 || makers.has(one)),
  );
  return left.length === CPU_ARCHITECTURES.length && makers.size === 0 && types.size === 0 ? undefined : left;
}
