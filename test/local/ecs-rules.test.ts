import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { nextProvider, providerToShrink } from "../../local/ecs/capacity.ts";
import { failuresAfter, failureThreshold, restartDelayMs } from "../../local/ecs/circuit-breaker.ts";
import { ExpressionError, parseExpression } from "../../local/ecs/expression.ts";
import { architectureOf, resourcesOf } from "../../local/ecs/instance-types.ts";
import { isComplete, type RollingState, rollingLimits, rollingStep } from "../../local/ecs/rolling.ts";
import type { StrategyItem } from "../../local/ecs/types.ts";

describe("capacity provider strategies", () => {
  const item = (capacityProvider: string, weight: number, base = 0): StrategyItem => ({
    capacityProvider,
    weight,
    base,
  });

  /** The providers that so many tasks go to, one after the other. */
  function spread(strategy: readonly StrategyItem[], tasks: number): Record<string, number> {
    const counts = new Map<string, number>();
    for (let task = 0; task < tasks; task++) {
      const provider = nextProvider(strategy, counts);
      if (provider !== undefined) counts.set(provider, (counts.get(provider) ?? 0) + 1);
    }
    return Object.fromEntries(counts);
  }

  test.each([
    ["weights share", [item("x86", 1), item("graviton", 1)], 4, { x86: 2, graviton: 2 }],
    ["a weight of 3 takes three quarters", [item("x86", 1), item("graviton", 3)], 8, { x86: 2, graviton: 6 }],
    ["the base comes first", [item("x86", 1, 2), item("graviton", 3)], 2, { x86: 2 }],
    [
      "the base does not count for the weights",
      [item("x86", 1, 2), item("graviton", 3)],
      6,
      { x86: 3, graviton: 3 },
    ],
    [
      "a weight of 0 gets nothing, not even its base",
      [item("x86", 0, 1), item("graviton", 1)],
      4,
      { graviton: 4 },
    ],
  ])("%s", (_what, strategy, tasks, expected) => {
    expect(spread(strategy, tasks)).toEqual(expected);
  });

  test("any number of tasks beyond the base keeps to the weights, within one task", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 80 }),
        (a, b, tasks) => {
          const { x86 = 0, graviton = 0 } = spread([item("x86", a), item("graviton", b)], tasks);
          expect(x86 + graviton).toBe(tasks);
          expect(Math.abs(x86 - (tasks * a) / (a + b))).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  test("tasks are taken from the provider with most beyond its share", () => {
    const strategy = [item("x86", 1, 1), item("graviton", 1)];
    expect(
      providerToShrink(
        strategy,
        new Map([
          ["x86", 2],
          ["graviton", 2],
        ]),
      ),
    ).toBe("graviton");
    expect(
      providerToShrink(
        strategy,
        new Map([
          ["x86", 1],
          ["graviton", 1],
        ]),
      ),
    ).toBe("graviton");
    expect(
      providerToShrink(
        strategy,
        new Map([
          ["x86", 2],
          ["old", 1],
        ]),
      ),
    ).toBe("old");
  });
});

describe("rolling updates", () => {
  const none = { healthy: 0, starting: 0, unhealthy: 0 };
  const state = (
    more: Partial<RollingState>,
    minimumHealthyPercent = 100,
    maximumPercent = 200,
  ): RollingState => {
    const desiredCount = more.desiredCount ?? 4;
    const limits = rollingLimits(desiredCount, { minimumHealthyPercent, maximumPercent });
    return { desiredCount, limits, current: none, former: none, mayStart: true, ...more };
  };

  test.each([
    [4, 100, 200, { lower: 4, upper: 8 }],
    [3, 50, 150, { lower: 2, upper: 4 }],
    [1, 50, 150, { lower: 1, upper: 1 }],
    [10, 33, 133, { lower: 4, upper: 13 }],
  ])(
    "%i tasks at %i to %i percent: the lower limit is rounded up, the upper one down",
    (desired, minimum, maximum, expected) => {
      expect(rollingLimits(desired, { minimumHealthyPercent: minimum, maximumPercent: maximum })).toEqual(
        expected,
      );
    },
  );

  test("100 / 200: all new tasks start, no old one goes before a new one is healthy", () => {
    const four = { ...none, healthy: 4 };
    expect(rollingStep(state({ former: four }))).toMatchObject({ start: 4, stopFormer: none });
    const half = state({ former: four, current: { ...none, healthy: 2, starting: 2 } });
    expect(rollingStep(half)).toMatchObject({ start: 0, stopFormer: { healthy: 2 } });
  });

  test("50 / 100: old tasks make room first", () => {
    const first = rollingStep(state({ former: { ...none, healthy: 4 } }, 50, 100));
    expect(first).toMatchObject({ start: 0, stopFormer: { healthy: 2 } });
    const second = rollingStep(state({ former: { ...none, healthy: 2 } }, 50, 100));
    expect(second).toMatchObject({ start: 2, stopFormer: none });
  });

  test("an unhealthy task is replaced before it is stopped, where there is room", () => {
    const sick = { healthy: 3, starting: 0, unhealthy: 1 };
    expect(rollingStep(state({ current: sick }))).toMatchObject({ start: 1, stopCurrent: none });
    expect(rollingStep(state({ current: { ...sick, healthy: 4 } }))).toMatchObject({
      stopCurrent: { unhealthy: 1 },
    });
    expect(rollingStep(state({ current: sick }, 50, 100))).toMatchObject({
      start: 0,
      stopCurrent: { unhealthy: 1 },
    });
  });

  test("scaling in stops what has not started yet first", () => {
    const tooMany = state({ desiredCount: 2, current: { healthy: 3, starting: 1, unhealthy: 0 } });
    expect(rollingStep(tooMany).stopCurrent).toEqual({ healthy: 1, starting: 1, unhealthy: 0 });
  });

  const tasks = fc.record({ healthy: fc.nat(6), starting: fc.nat(6), unhealthy: fc.nat(3) });
  test("no step leaves fewer healthy tasks than the lower limit, or starts more than the upper one allows", () => {
    fc.assert(
      fc.property(
        fc.nat(8),
        fc.nat(100),
        fc.integer({ min: 101, max: 300 }),
        tasks,
        tasks,
        (desired, minimum, maximum, current, former) => {
          const now = state({ desiredCount: desired, current, former }, minimum, maximum);
          const step = rollingStep(now);
          const healthy = current.healthy + former.healthy;
          const left = healthy - step.stopCurrent.healthy - step.stopFormer.healthy;
          expect(left).toBeGreaterThanOrEqual(Math.min(healthy, now.limits.lower, desired));
          const before = [current, former]
            .flatMap((one) => Object.values(one))
            .reduce((sum, one) => sum + one, 0);
          if (step.start > 0) expect(before + step.start).toBeLessThanOrEqual(now.limits.upper);
        },
      ),
    );
  });

  test("from any state, steps end with the desired count and nothing else", () => {
    fc.assert(
      fc.property(
        fc.nat(8),
        fc.nat(99),
        fc.integer({ min: 125, max: 300 }),
        tasks,
        tasks,
        (desired, minimum, maximum, current, former) => {
          let now = state(
            { desiredCount: desired, current, former },
            minimum,
            Math.max(maximum, desired === 0 ? 0 : 100 + 100 / desired),
          );
          for (let round = 0; round < 40; round++) now = afterStep(now);
          expect(now.current).toEqual({ healthy: desired, starting: 0, unhealthy: 0 });
          expect(isComplete(now, 0)).toBe(true);
          expect(now.former).toEqual(none);
        },
      ),
    );
  });

  /** What a step makes of a state, if every task that is starting becomes healthy. */
  function afterStep(now: RollingState): RollingState {
    const { start, stopCurrent, stopFormer } = rollingStep(now);
    const { current, former } = now;
    return {
      ...now,
      current: {
        healthy: current.healthy - stopCurrent.healthy + current.starting - stopCurrent.starting,
        starting: start,
        unhealthy: current.unhealthy - stopCurrent.unhealthy,
      },
      former: {
        healthy: former.healthy - stopFormer.healthy,
        starting: former.starting - stopFormer.starting,
        unhealthy: former.unhealthy - stopFormer.unhealthy,
      },
    };
  }
});

describe("the circuit breaker", () => {
  const breaker = { enable: true, rollback: true };

  test.each([
    [1, undefined, 3],
    [6, undefined, 3],
    [7, undefined, 4],
    [1000, undefined, 200],
    [4, { type: "COUNT", value: 7 }, 7],
    [4, { type: "BOUNDED_PERCENT", value: 100 }, 4],
    [4, { type: "UNBOUNDED_PERCENT", value: 50 }, 2],
    [1000, { type: "UNBOUNDED_PERCENT", value: 50 }, 500],
  ] as const)("%i tasks, %o: after %i failures", (desired, thresholdConfiguration, expected) => {
    const configured =
      thresholdConfiguration === undefined ? breaker : { ...breaker, thresholdConfiguration };
    expect(failureThreshold(configured, desired)).toBe(expected);
  });

  test("a healthy task sets the count back, unless told otherwise", () => {
    expect(failuresAfter(2, "failed", breaker)).toBe(3);
    expect(failuresAfter(2, "healthy", breaker)).toBe(0);
    expect(failuresAfter(2, "healthy", { ...breaker, resetOnHealthyTask: false })).toBe(2);
  });

  test("the pause before a restart doubles up to its limit", () => {
    expect([0, 1, 2, 3, 9].map((failures) => restartDelayMs(failures, 100, 1000))).toEqual([
      0, 100, 200, 400, 1000,
    ]);
  });
});

describe("the cluster query language", () => {
  const host = (subject: string): string | readonly string[] | undefined =>
    ({
      "attribute:ecs.cpu-architecture": "arm64",
      "attribute:ecs.instance-type": "t4g.small",
      "attribute:rack": "12",
      "task:group": ["service:web", "family:job"],
    })[subject];

  test.each([
    ["attribute:ecs.cpu-architecture == arm64", true],
    ["attribute:ecs.cpu-architecture == x86_64", false],
    ["attribute:ecs.cpu-architecture != x86_64", true],
    ["attribute:ecs.cpu-architecture equals arm64 and attribute:rack exists", true],
    ["attribute:ecs.cpu-architecture == x86_64 or attribute:ecs.instance-type =~ t4g.*", true],
    ["attribute:ecs.instance-type in [t3.small, t4g.small]", true],
    ["attribute:ecs.instance-type not_in [t3.small]", true],
    ["attribute:none !exists", true],
    ["attribute:none == x", false],
    ["attribute:rack > 9", true],
    ["not (attribute:rack == 12 || attribute:none exists)", false],
    ["task:group == service:web", true],
    ['attribute:ecs.cpu-architecture == "arm64"', true],
  ])("%s", (text, expected) => {
    expect(parseExpression(text)(host)).toBe(expected);
  });

  test.each([
    "attribute:a ==",
    "attribute:a like b",
    "(attribute:a exists",
    "attribute:a in b",
    "attribute:a == b c",
    "attribute:a =~ [",
    "attribute:a =~ *",
  ])("%s is refused", (text) => {
    expect(() => parseExpression(text)).toThrow(ExpressionError);
  });
});

describe("instance types", () => {
  test.each([
    ["t3.small", "x86_64"],
    ["t4g.small", "arm64"],
    ["m7gd.2xlarge", "arm64"],
    ["c6gn.large", "arm64"],
    ["a1.medium", "arm64"],
    ["g4dn.xlarge", "x86_64"],
    ["g5g.xlarge", "arm64"],
    ["m7i-flex.large", "x86_64"],
    ["x2gd.medium", "arm64"],
  ])("%s is %s", (type, architecture) => {
    expect(architectureOf(type)).toBe(architecture);
  });

  test("have the vCPUs and the memory of their size", () => {
    expect(resourcesOf("t4g.small")).toEqual({ cpu: 2048, memory: 1945 });
    expect(resourcesOf("c7g.xlarge")).toEqual({ cpu: 4096, memory: 7782 });
  });
});
