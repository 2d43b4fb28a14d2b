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

/**
 * The architecture of an EC2 instance type: Graviton families carry a `g` among the letters after the
 * generation (`t4g`, `m7gd`, `c6gn`), and `a1` is the first of them.
 * https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
 */
export function architectureOf(instanceType: string): Architecture {
  const options = /^[a-z]+\d+([a-z-]*)\./.exec(instanceType)?.[1] ?? "";
  return instanceType.startsWith("a1.") || options.split("-")[0]?.includes("g") ? "arm64" : "x86_64";
}

/** CPU units (1024 per vCPU) and memory (MiB) that an instance of the type registers with ECS. */
export function resourcesOf(instanceType: string): { readonly cpu: number; readonly memory: number } {
  const [family = "", size = ""] = instanceType.split(".");
  const letter = family.replace(/\d.*$/, "");
  const small = letter === "t" ? burstable[size] : undefined;
  const vcpus = small?.[0] ?? vcpusOfSize[size] ?? 2;
  const memory = small?.[1] ?? vcpus * (memoryPerVcpu[letter[0] ?? "m"] ?? 4096);
  return { cpu: vcpus * 1024, memory: Math.floor(memory * usable) };
}
