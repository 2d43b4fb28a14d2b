import { describe, expect, test } from "@jest/globals";
import { fargateSizeFault } from "../../shared/pipeline/fargate-size.ts";

const fault = (cpu: string, memory: string) => fargateSizeFault({ cpu, memory }, true)?.reason;

describe("sizes of tasks on Fargate", () => {
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size, in MiB
  describe.each([
    { cpu: 512, from: 1024, to: 4096, by: 1024 },
    { cpu: 1024, from: 2048, to: 8192, by: 1024 },
    { cpu: 2048, from: 4096, to: 16_384, by: 1024 },
    { cpu: 4096, from: 8192, to: 30_720, by: 1024 },
    { cpu: 8192, from: 16_384, to: 61_440, by: 4096 },
    { cpu: 16_384, from: 32_768, to: 122_880, by: 8192 },
  ])("$cpu CPU: $from to $to MiB in steps of $by", ({ cpu, from, to, by }) => {
    test("the bounds, and every step between them, will do", () => {
      for (let memory = from; memory <= to; memory += by) {
        expect(fault(String(cpu), String(memory))).toBeUndefined();
        expect(fault(`${cpu / 1024} vCPU`, `${memory / 1024} GB`)).toBeUndefined();
      }
    });

    test.each([
      ["a step below", from - by],
      ["just below", from - 1],
      ["just above the lower bound", from + 1],
      ["between two steps", from + by / 2],
      ["just below the upper bound", to - 1],
      ["just above", to + 1],
      ["a step above", to + by],
    ])("%s, %i MiB, is named with what would do", (_where, memory) => {
      expect(fault(String(cpu), String(memory))).toBe(
        `Fargate has no ${memory} MiB of memory for ${cpu} CPU units, only ${from} to ${to} in steps of ${by}`,
      );
    });
  });

  test.each(["512", "1024", "2048"])("256 CPU with %s MiB will do", (memory) => {
    expect(fault("256", memory)).toBeUndefined();
    expect(fault(".25 vCPU", memory)).toBeUndefined();
  });

  test.each(["511", "513", "1536", "2047", "2049", "3072", "4096"])(
    "256 CPU with %s MiB will not",
    (memory) => {
      expect(fault("256", memory)).toBe(
        `Fargate has no ${memory} MiB of memory for 256 CPU units, only 512, 1024 or 2048`,
      );
    },
  );

  test("a CPU that the list does not have is left to ECS", () => {
    expect(fault("65536", "1")).toBeUndefined();
  });

  test("one is needed; elsewhere any will do, unless the definition is made for Fargate", () => {
    expect(fargateSizeFault({ cpu: "256" }, true)?.reason).toContain("says no `cpu` or `memory`");
    expect(fargateSizeFault({ cpu: "256" }, false)).toBeUndefined();
    const made = { cpu: "256", memory: "4096", requiresCompatibilities: ["EC2", "FARGATE"] };
    expect(fargateSizeFault(made, false)).toMatchObject({ remedy: expect.stringContaining("mend") });
  });
});
