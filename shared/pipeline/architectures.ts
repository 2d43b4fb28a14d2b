import type { CpuArchitecture } from "./definition.ts";
import { samePlatform } from "./platforms.ts";

/**
 * The two CPU architectures under their three names: ECS's attribute `ecs.cpu-architecture` (`x86_64`, `arm64`), a task
 * definition's `runtimePlatform.cpuArchitecture` (`X86_64`, `ARM64`) and OCI's platform (`linux/amd64`, `linux/arm64`).
 */

/** In the order in which they are always told. */
export const CPU_ARCHITECTURES: readonly CpuArchitecture[] = ["x86_64", "arm64"];

const PLATFORMS: Readonly<Record<CpuArchitecture, string>> = {
  x86_64: "linux/amd64",
  arm64: "linux/arm64",
};

/** From ECS's names in any case, and from OCI's; undefined for what no ECS host is. */
export function architectureOf(name: string): CpuArchitecture | undefined {
  switch (name.toLowerCase()) {
    case "x86_64":
    case "amd64":
      return "x86_64";
    case "arm64":
    case "aarch64":
      return "arm64";
    default:
      return undefined;
  }
}

/** The platform that a host of the architecture asks a registry for. */
export function platformOf(architecture: CpuArchitecture): string {
  return PLATFORMS[architecture];
}

/**
 * The architecture whose hosts run images of a platform; undefined when no ECS host does.
 *
 * `linux/arm/v7` runs on none: ECS Anywhere takes 64-bit Arm only, and whether a 64-bit Arm CPU still executes 32-bit
 * code depends on its model (Graviton4 does not) and its kernel. `linux/amd64/v3` is not pulled by a host that asks for `linux/amd64`.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html
 */
export function hostArchitectureOf(platform: string): CpuArchitecture | undefined {
  return CPU_ARCHITECTURES.find((architecture) => samePlatform(PLATFORMS[architecture], platform));
}

/** `x86_64` before `arm64`, then any other by name. */
export function inOrder(architectures: Iterable<string>): readonly string[] {
  const known: readonly string[] = CPU_ARCHITECTURES;
  const rank = (name: string) => (known.includes(name) ? known.indexOf(name) : known.length);
  return [...new Set(architectures)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}
