import { describe, expect, test } from "@jest/globals";
import { deploymentConfigurationSchema } from "../../local/ecs/deployment-configuration.ts";
import { shiftsOf } from "../../local/ecs/strategies/shifts.ts";
import { courseBack, courseOf } from "../../local/ecs/strategies/stages.ts";
import { WeightedChoice } from "../../local/load-balancer/forward.ts";

const configuration = (given: Record<string, unknown>) => deploymentConfigurationSchema.parse(given);
const percents = (given: Record<string, unknown>, served = true): number[] =>
  shiftsOf(configuration(given), served).map(({ percent }) => percent);
const names = (course: ReturnType<typeof courseOf>): string[] =>
  course.map(({ stage, step }) => (step === 0 ? stage : `${stage} ${step}`));

describe("the traffic shifts of a strategy", () => {
  test.each<[Record<string, unknown>, number[]]>([
    [{}, []],
    [{ strategy: "BLUE_GREEN" }, [100]],
    [{ strategy: "CANARY" }, [5, 100]],
    [{ strategy: "CANARY", canaryConfiguration: { canaryPercent: 0.1 } }, [0.1, 100]],
    [{ strategy: "CANARY", canaryConfiguration: { canaryPercent: 100 } }, [100]],
    [{ strategy: "LINEAR" }, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]],
    [{ strategy: "LINEAR", linearConfiguration: { stepPercent: 33.3 } }, [33.3, 66.6, 99.9, 100]],
  ])("%j: %j", (given, expected) => {
    expect(percents(given)).toEqual(expected);
  });

  test("where nothing serves yet, everything comes at once", () => {
    expect(percents({ strategy: "LINEAR" }, false)).toEqual([100]);
  });

  test("the last one has no bake time of its own", () => {
    const shifts = shiftsOf(
      configuration({ strategy: "LINEAR", linearConfiguration: { stepPercent: 50 } }),
      true,
    );
    expect(shifts.map(({ bakeMinutes }) => bakeMinutes)).toEqual([6, 0]);
  });
});

describe("the stages of a deployment", () => {
  test("a rolling update shifts no traffic", () => {
    expect(names(courseOf(0, false))).toEqual([
      "PRE_SCALE_UP",
      "SCALE_UP",
      "POST_SCALE_UP",
      "BAKE_TIME",
      "CLEAN_UP",
    ]);
  });

  test("each traffic shift has its two stages", () => {
    expect(names(courseOf(2, true))).toEqual([
      "RECONCILE_SERVICE",
      "PRE_SCALE_UP",
      "SCALE_UP",
      "POST_SCALE_UP",
      "TEST_TRAFFIC_SHIFT",
      "POST_TEST_TRAFFIC_SHIFT",
      "PRE_PRODUCTION_TRAFFIC_SHIFT",
      "PRODUCTION_TRAFFIC_SHIFT",
      "PRE_PRODUCTION_TRAFFIC_SHIFT 1",
      "PRODUCTION_TRAFFIC_SHIFT 1",
      "POST_PRODUCTION_TRAFFIC_SHIFT 1",
      "BAKE_TIME",
      "CLEAN_UP",
    ]);
  });

  test("a rollback shifts back only what was shifted", () => {
    expect(names(courseBack({ test: false, production: false }))).toEqual(["SCALE_UP", "CLEAN_UP"]);
    expect(names(courseBack({ test: true, production: true }))).toEqual([
      "SCALE_UP",
      "PRODUCTION_TRAFFIC_SHIFT",
      "TEST_TRAFFIC_SHIFT",
      "CLEAN_UP",
    ]);
  });
});

test("weights divide every stretch of requests as exactly as can be", () => {
  const choice = new WeightedChoice();
  const groups = [
    { TargetGroupArn: "blue", Weight: 90 },
    { TargetGroupArn: "green", Weight: 10 },
    { TargetGroupArn: "none", Weight: 0 },
  ];
  for (let stretch = 0; stretch < 3; stretch++) {
    const chosen = Array.from({ length: 10 }, () => choice.next(groups));
    expect(chosen.filter((group) => group === "green")).toHaveLength(1);
    expect(chosen).not.toContain("none");
  }
  expect(choice.next([{ TargetGroupArn: "none", Weight: 0 }])).toBeUndefined();
});
