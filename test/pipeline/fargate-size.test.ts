import { describe, expect, test } from "@jest/globals";
import { fargateSizeFault } from "../../shared/pipeline/fargate-size.ts";

const fault = (cpu: string, memory: string) => fargateSizeFault({ cpu, memory }, true)?.reason;

describe("sizes of tasks on Fargate", () => {
  test.each([
    ["256", "512"],
    ["256", "2048"],
    ["512", "4096"],
    [".5 vCPU", "1 GB"],
    ["1024", "8192"],
    ["8192", "61440"],
    ["16384", "122880"],
    ["65536", "1"],
  ])("%s CPU with %s of memory is none of ours to refuse", (cpu, memory) => {
    expect(fault(cpu, memory)).toBeUndefined();
  });

  test.each([
    ["256", "1536", "512, 1024 or 2048"],
    ["256", "4096", "512, 1024 or 2048"],
    ["1 vCPU", "1 GB", "2048 to 8192 in steps of 1024"],
    ["8192", "17408", "16384 to 61440 in steps of 4096"],
    ["16384", "131072", "32768 to 122880 in steps of 8192"],
  ])("%s CPU with %s of memory is named with what would do", (cpu, memory, valid) => {
    expect(fault(cpu, memory)).toContain(`only ${valid}`);
  });

  test("one is needed; elsewhere any will do, unless the definition is made for Fargate", () => {
    expect(fargateSizeFault({ cpu: "256" }, true)?.reason).toContain("says no `cpu` or `memory`");
    expect(fargateSizeFault({ cpu: "256" }, false)).toBeUndefined();
    const made = { cpu: "256", memory: "4096", requiresCompatibilities: ["EC2", "FARGATE"] };
    expect(fargateSizeFault(made, false)).toMatchObject({ remedy: expect.stringContaining("mend") });
  });
});
