import type { Architecture } from "../engine.ts";

const vcpusOfSize: Readonly<Record<string, number>> = {
  medium: 1,
  large: 2,
  xlarge: 4,
  "2xlarge": 8,
  "4xlarge": 16,
  "8xlarge": 32,
  "12xlarge": 48,
  "16xlarge": 64,
  "24xlarge": 96,
};
const memoryPerVcpu: Readonly<Record<string, number>> = { c: 2048, m: 4096, r: 8192 };
/** The burstable types have two vCPUs up to `large`, and memory by size (MiB). */
const burstable: Readonly<Record<string, readonly [vcpus: number, memory: number]>> = {
  nano: [2, 512],
  micro: [2, 1024],
  small: [2, 2048],
  medium: [2, 4096],
  large: [2, 8192],
  xlarge: [4, 16_384],
  "2xlarge": [8, 32_768],
};
/** The part of the memory that the agent registers: kernel and agent keep the rest. */
const usable = 0.95;

const named = /^([a-z]+)\d+([a-z-]*)\.(nano|micro|small|medium|large|\d*xlarge|metal(?:-\d+xl)?)$/;

/** Whether the text has the form of an instance type's name, as in `m7g.2xlarge`. */
export const isInstanceType = (name: string): boolean => named.test(name);

/** The letters between generation and size: `gd` of `m7gd.large`, `i` of `m7i-flex.large`. */
const optionsOf = (instanceType: string): string =>
  /^[a-z]+\d+([a-z-]*)\./.exec(instanceType)?.[1]?.split("-")[0] ?? "";

/**
 * The architecture of an EC2 instance type: Graviton families carry a `g` among the letters after the
 * generation (`t4g`, `m7gd`, `c6gn`), and `a1` is the first of them.
 * https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
 */
export function architectureOf(instanceType: string): Architecture {
  return instanceType.startsWith("a1.") || optionsOf(instanceType).includes("g") ? "arm64" : "x86_64";
}

/** The CPU's maker, in the words of `cpuManufacturers`: `a` among the letters says AMD, Graviton is of AWS. */
export function manufacturerOf(instanceType: string): "amazon-web-services" | "amd" | "intel" {
  if (architectureOf(instanceType) === "arm64") return "amazon-web-services";
  return optionsOf(instanceType).includes("a") ? "amd" : "intel";
}

export const isBurstable = (instanceType: string): boolean => /^t\d/.test(instanceType);

/** The vCPUs and the memory (MiB) of an instance type. */
export function sizeOf(instanceType: string): { readonly vcpus: number; readonly memoryMiB: number } {
  const [family = "", size = ""] = instanceType.split(".");
  const letter = family.replace(/\d.*$/, "");
  const small = letter === "t" ? burstable[size] : undefined;
  const vcpus = small?.[0] ?? vcpusOfSize[size] ?? 2;
  return { vcpus, memoryMiB: small?.[1] ?? vcpus * (memoryPerVcpu[letter[0] ?? "m"] ?? 4096) };
}

/** CPU units (1024 per vCPU) and memory (MiB) that an instance of the type registers with ECS. */
export function resourcesOf(instanceType: string): { readonly cpu: number; readonly memory: number } {
  const { vcpus, memoryMiB } = sizeOf(instanceType);
  return { cpu: vcpus * 1024, memory: Math.floor(memoryMiB * usable) };
}

const generalFamilies = ["m5", "m6i", "m6a", "m6g", "m7i", "m7a", "m7g", "m8g"];
const otherFamilies = [
  "c5",
  "c6i",
  "c6a",
  "c6g",
  "c7i",
  "c7a",
  "c7g",
  "c8g",
  "r5",
  "r6i",
  "r6g",
  "r7i",
  "r7g",
  "r8g",
];
const burstableFamilies = ["t3", "t3a", "t4g"];

/** The instance types among which attribute-based selection chooses here: the general, compute, memory and burstable ones. */
export const catalogue: readonly string[] = [
  ...burstableFamilies.flatMap((family) => Object.keys(burstable).map((size) => `${family}.${size}`)),
  ...[...generalFamilies, ...otherFamilies].flatMap((family) =>
    Object.keys(vcpusOfSize)
      .filter((size) => size !== "medium" || architectureOf(`${family}.medium`) === "arm64")
      .map((size) => `${family}.${size}`),
  ),
];
