import { cpuUnits, mebibytes } from "./demand.ts";

/**
 * The sizes of tasks on Fargate (Linux): for each number of CPU units its memory in MiB.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
 */
const sizes: ReadonlyMap<number, readonly number[]> = new Map([
  [256, [512, 1024, 2048]],
  [512, steps(1024, 4096, 1024)],
  [1024, steps(2048, 8192, 1024)],
  [2048, steps(4096, 16_384, 1024)],
  [4096, steps(8192, 30_720, 1024)],
  [8192, steps(16_384, 61_440, 4096)],
  [16_384, steps(32_768, 122_880, 8192)],
]);

function steps(from: number, to: number, by: number): number[] {
  return Array.from({ length: (to - from) / by + 1 }, (_, index) => from + index * by);
}

/** Whether Fargate has tasks of this size. */
export function isFargateSize(cpu: string, memory: string): boolean {
  return sizes.get(cpuUnits(cpu))?.includes(mebibytes(memory)) ?? false;
}
