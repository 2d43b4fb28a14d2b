import { describe, expect, test } from "@jest/globals";
import {
  capacityFrom,
  capacityOf,
  isSameCapacity,
  providerNamed,
  sameProviderFault,
  withWeights,
} from "../../shared/pipeline/capacity.ts";
import { deploymentConfiguration, ecsBakes, withoutPauses } from "../../shared/pipeline/service-update.ts";
import { preparedFor, quarantined, target } from "./rolling.ts";

const SERVICE = {
  strategy: "ROLLING",
  maximumPercent: 200,
  minimumHealthyPercent: 100,
  deploymentCircuitBreaker: { enable: false, rollback: false },
} as const;

const LAMBDA = {
  targetType: "AWS_LAMBDA",
  hookTargetArn: "arn:aws:lambda:fn",
  lifecycleStages: ["PRE_SCALE_UP"],
};
const OURS = {
  targetType: "PAUSE",
  lifecycleStages: ["POST_TEST_TRAFFIC_SHIFT"],
  timeoutConfiguration: { timeoutInMinutes: 1440, action: "ROLLBACK" },
};

describe("the deployment configuration", () => {
  test("stays the service's own where the pipeline is silent", () => {
    expect(deploymentConfiguration(SERVICE, target("web"), {}, ["x86_64", "arm64"])).toBeUndefined();
    expect(deploymentConfiguration(undefined, target("web"), {}, [])).toBeUndefined();
  });

  test("is the service's with what the pipeline says, and keeps what it does not know", () => {
    const current = { ...SERVICE, earlySuccessCriteria: { enable: true } };
    const canary = target("web", {
      strategy: { type: "canary", percent: 10, stepMinutes: 5 },
      bakeMinutes: 15,
    });
    expect(deploymentConfiguration(current, canary, {}, ["arm64"])).toEqual({
      ...current,
      strategy: "CANARY",
      canaryConfiguration: { canaryPercent: 10, canaryBakeTimeInMinutes: 5 },
      bakeTimeInMinutes: 15,
    });
    const linear = target("web", { strategy: { type: "linear", percent: 20, stepMinutes: 2 } });
    expect(deploymentConfiguration(SERVICE, linear, {}, [])).toMatchObject({
      strategy: "LINEAR",
      linearConfiguration: { stepPercent: 20, stepBakeTimeInMinutes: 2 },
    });
    const blueGreen = target("web", { strategy: { type: "blue-green" } });
    expect(deploymentConfiguration(SERVICE, blueGreen, {}, [])).toMatchObject({ strategy: "BLUE_GREEN" });
  });

  test("is left alone when it says what the pipeline says, in whatever order", () => {
    const first = target("web", { alarms: ["5xx"], circuitBreaker: { rollback: true } });
    const made = deploymentConfiguration(SERVICE, first, {}, ["arm64"]);
    expect(made).toBeDefined();
    const reversed = Object.fromEntries(Object.entries(made ?? {}).reverse());
    expect(
      deploymentConfiguration({ ...reversed, lifecycleHooks: undefined }, first, {}, ["arm64"]),
    ).toBeUndefined();
  });

  test("healthy tasks of one architecture do not reset the count of the other's failures", () => {
    const breaker = target("web", {
      circuitBreaker: { rollback: true, threshold: { type: "count", value: 4 } },
    });
    expect(deploymentConfiguration(SERVICE, breaker, {}, ["x86_64", "arm64"])).toMatchObject({
      deploymentCircuitBreaker: {
        enable: true,
        rollback: true,
        resetOnHealthyTask: false,
        thresholdConfiguration: { type: "COUNT", value: 4 },
      },
    });
    expect(
      deploymentConfiguration(SERVICE, breaker, {}, ["arm64"])?.deploymentCircuitBreaker,
    ).not.toHaveProperty("resetOnHealthyTask");
    const percent = target("web", {
      circuitBreaker: { rollback: false, threshold: { type: "percent", value: 50 } },
    });
    expect(deploymentConfiguration(SERVICE, percent, {}, [])).toMatchObject({
      deploymentCircuitBreaker: {
        rollback: false,
        thresholdConfiguration: { type: "BOUNDED_PERCENT", value: 50 },
      },
    });
  });

  test("a threshold that somebody has set stays, where the pipeline names none", () => {
    const current = {
      ...SERVICE,
      deploymentCircuitBreaker: {
        enable: true,
        rollback: true,
        thresholdConfiguration: { type: "COUNT", value: 3 },
      },
    };
    const breaker = target("web", { circuitBreaker: { rollback: true } });
    expect(deploymentConfiguration(current, breaker, {}, ["arm64"])).toBeUndefined();
    expect(deploymentConfiguration(current, breaker, {}, ["x86_64", "arm64"])).toMatchObject({
      deploymentCircuitBreaker: { thresholdConfiguration: { value: 3 }, resetOnHealthyTask: false },
    });
  });

  test("alarms take the release back where the circuit breaker would", () => {
    const rings = target("web", { alarms: ["web-5xx", "web-latency"] });
    expect(deploymentConfiguration(SERVICE, rings, {}, [])).toMatchObject({
      alarms: { alarmNames: ["web-5xx", "web-latency"], enable: true, rollback: true },
    });
    const stays = target("web", { alarms: ["web-5xx"], circuitBreaker: { rollback: false } });
    expect(deploymentConfiguration(SERVICE, stays, {}, [])).toMatchObject({ alarms: { rollback: false } });
  });
});

describe("pauses", () => {
  const stage = { pauseAt: ["POST_TEST_TRAFFIC_SHIFT"] } as const;

  test("are put there beside the hooks of others, once", () => {
    const made = deploymentConfiguration({ ...SERVICE, lifecycleHooks: [LAMBDA] }, target("web"), stage, []);
    expect(made?.lifecycleHooks).toEqual([LAMBDA, OURS]);
    expect(deploymentConfiguration(made, target("web"), stage, [])).toBeUndefined();
  });

  test("are taken off on a way back, and nothing else is", () => {
    const current = { ...SERVICE, lifecycleHooks: [OURS, LAMBDA] };
    expect(withoutPauses(current)).toEqual({ ...SERVICE, lifecycleHooks: [LAMBDA] });
    expect(deploymentConfiguration(current, target("web"), { pauseAt: [] }, [])).toEqual(
      withoutPauses(current),
    );
    expect(withoutPauses({ ...SERVICE, lifecycleHooks: [LAMBDA] })).toBeUndefined();
    expect(withoutPauses(SERVICE)).toBeUndefined();
    expect(withoutPauses(undefined)).toBeUndefined();
    expect(deploymentConfiguration(SERVICE, target("web"), { pauseAt: [] }, [])).toBeUndefined();
  });
});

test("ECS itself bakes in every strategy but rolling", () => {
  expect(ecsBakes(target("web"), SERVICE)).toBe(false);
  expect(ecsBakes(target("web"), undefined)).toBe(false);
  expect(ecsBakes(target("web"), { strategy: "CANARY" })).toBe(true);
  expect(ecsBakes(target("web", { strategy: { type: "blue-green" } }), SERVICE)).toBe(true);
  expect(ecsBakes(target("web", { strategy: { type: "rolling" } }), { strategy: "CANARY" })).toBe(false);
  const rolling = target("web", { bakeMinutes: 5 });
  expect(deploymentConfiguration(SERVICE, rolling, {}, [])).toBeUndefined();
});

describe("the capacity of a step", () => {
  const base = { x86: { base: 1, weight: 3 }, graviton: { base: 0, weight: 1 } };
  const shift = [
    { weights: { x86: 1, graviton: 1 }, bakeMinutes: 0 },
    { weights: { x86: 0 }, bakeMinutes: 0 },
  ];
  const shifting = target("web", { shift });
  const of = (step: number, change = {}, quarantine?: ReturnType<typeof quarantined>["quarantine"]) =>
    capacityOf(
      shifting,
      {
        prepared: preparedFor("web", { baseCapacity: base, ...change }),
        ...(quarantine === undefined ? {} : { quarantine }),
      },
      step,
    );

  test("the release keeps the service's, unless the pipeline has its own", () => {
    expect(of(0)).toBeUndefined();
    expect(of(0, { capacity: { graviton: { base: 0, weight: 1 } } })).toEqual({
      graviton: { base: 0, weight: 1 },
    });
  });

  test("each shift changes the weights it names, and no base", () => {
    expect(of(1)).toEqual({ x86: { base: 1, weight: 1 }, graviton: { base: 0, weight: 1 } });
    expect(of(2)).toEqual({ x86: { base: 1, weight: 0 }, graviton: { base: 0, weight: 1 } });
  });

  test("what is in quarantine gets nothing, in every step; whoever is left gets it all", () => {
    const { quarantine } = quarantined("web");
    expect(of(0, {}, quarantine)).toEqual({ x86: { base: 1, weight: 3 }, graviton: { base: 0, weight: 0 } });
    expect(of(2, {}, quarantine)).toEqual({ x86: { base: 1, weight: 1 }, graviton: { base: 0, weight: 0 } });
    expect(of(0, { idle: ["x86"] })).toEqual({
      x86: { base: 0, weight: 0 },
      graviton: { base: 0, weight: 1 },
    });
  });

  test("a service with a launch type has none", () => {
    expect(capacityOf(shifting, { prepared: preparedFor("web") }, 1)).toBeUndefined();
    expect(capacityFrom([])).toBeUndefined();
    expect(capacityFrom(undefined)).toBeUndefined();
  });

  test("two strategies are the same whatever their order", () => {
    const a = { x86: { base: 1, weight: 0 }, graviton: { base: 0, weight: 1 } };
    const b = { graviton: { base: 0, weight: 1 }, x86: { base: 1, weight: 0 } };
    expect(isSameCapacity(a, b)).toBe(true);
    expect(isSameCapacity(a, withWeights(b, { x86: 1 }))).toBe(false);
    expect(isSameCapacity(undefined, undefined)).toBe(true);
    expect(isSameCapacity(a, undefined)).toBe(false);
    expect(withWeights(a, { spot: 2 })).toEqual({ ...a, spot: { base: 0, weight: 2 } });
  });
});

test("a provider is meant by its name, or by how its name ends where that is one", () => {
  const share = { base: 0, weight: 1 };
  const two = { "production-x86": share, "production-graviton": share };
  expect(["production-x86", "graviton", "aviton", "spot"].map((name) => providerNamed(two, name))).toEqual([
    "production-x86",
    "production-graviton",
    "aviton",
    "spot",
  ]);
  const spot = { ...two, "spot-graviton": share };
  expect(providerNamed(spot, "graviton")).toBe("graviton");
  expect(providerNamed({ ...spot, graviton: share }, "graviton")).toBe("graviton");
  const arn = "arn:aws:ecs:us-east-1:000000000000:capacity-provider/production-graviton";
  expect(providerNamed(two, arn)).toBe("production-graviton");
});

test("two names of one provider are no two providers", () => {
  const share = { base: 0, weight: 1 };
  const two = { "production-x86": share, "production-graviton": share };
  const arn = "arn:aws:ecs:us-east-1:000000000000:capacity-provider/production-x86";
  expect(sameProviderFault(two, ["production-graviton", "production-x86", "graviton"])).toBe(
    "production-graviton and graviton both mean the capacity provider production-graviton",
  );
  expect(sameProviderFault(two, [arn, "x86"])).toBe(
    `${arn} and x86 both mean the capacity provider production-x86`,
  );
  expect(sameProviderFault(two, ["graviton", "x86", "spot"])).toBeUndefined();
});
