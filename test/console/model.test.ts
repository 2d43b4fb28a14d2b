import { describe, expect, test } from "@jest/globals";
import { apart, changesOf } from "../../console/model/changes.ts";
import { matches } from "../../console/model/match.ts";
import { pipelineAddress, type Route, routeOf, runAddress, runsAddress } from "../../console/model/route.ts";
import { sharesOf, togetherOf } from "../../console/model/weights.ts";
import { AWAY_MS, nextDelay, type Situation } from "../../console/net/pace.ts";

describe("addresses", () => {
  const none = { query: "", pipeline: "", status: "", limit: 50 };
  test.each<[string, Route]>([
    ["/console", { page: "pipelines", query: "" }],
    ["/console/", { page: "pipelines", query: "" }],
    ["/console/?q=shop", { page: "pipelines", query: "shop" }],
    ["/console/inbox", { page: "inbox" }],
    ["/console/runs", { page: "runs", filter: none }],
    [
      "/console/runs?limit=200&status=failed",
      { page: "runs", filter: { ...none, status: "failed", limit: 200 } },
    ],
    ["/console/runs?limit=5000", { page: "runs", filter: none }],
    ["/console/runs/shop-4", { page: "run", id: "shop-4" }],
    ["/console/pipelines/a%20b", { page: "pipeline", name: "a b" }],
    ["/console/pipelines/%E0%A4%A", { page: "pipeline", name: "%E0%A4%A" }],
    ["/console/runs/a/b", { page: "unknown", path: "/console/runs/a/b" }],
  ])("%s", (address, route) => {
    const { pathname, search } = new URL(address, "http://localhost");
    expect(routeOf(pathname, search)).toEqual(route);
  });

  test("what is written is what is read", () => {
    for (const name of ["shop", "a/b", "ü?#", "100%"]) {
      const read = (address: string) => routeOf(new URL(address, "http://localhost").pathname, "");
      expect(read(runAddress(name))).toEqual({ page: "run", id: name });
      expect(read(pipelineAddress(name))).toEqual({ page: "pipeline", name });
    }
    const filter = { query: "a&b", pipeline: "x y", status: "failed", limit: 100 };
    const { pathname, search } = new URL(runsAddress(filter), "http://localhost");
    expect(routeOf(pathname, search)).toEqual({ page: "runs", filter });
  });
});

test("every word of a search must be somewhere, in any case and order", () => {
  const line = ["shop-43", "refs/heads/main", undefined, "Succeeded"];
  expect(["", "shop", "SUCC main", "43 shop"].map((query) => matches(query, line))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(matches("shop failed", line)).toBe(false);
});

describe("when the API is asked again", () => {
  const calm: Situation = { pace: "fast", hidden: false, unchanged: 0, failed: 0, idleMs: 0 };
  const delayOf = (change: Partial<Situation>) => nextDelay({ ...calm, ...change });

  test("soon while something moves, and a little later with each answer without news", () => {
    expect(delayOf({})).toBe(2000);
    expect(delayOf({ unchanged: 5 })).toBe(2000);
    expect(delayOf({ unchanged: 10 })).toBeCloseTo(4023, 0);
    expect(delayOf({ unchanged: 1000 })).toBe(10_000);
  });

  test("now and then while nothing moves, and never where nothing can", () => {
    expect(delayOf({ pace: "slow" })).toBe(30_000);
    expect(delayOf({ pace: "never" })).toBeUndefined();
  });

  test("seldom behind other tabs, and not at all after ten minutes without news", () => {
    expect(delayOf({ hidden: true })).toBe(30_000);
    expect(delayOf({ hidden: true, unchanged: 20 })).toBeUndefined();
    expect(delayOf({ hidden: true, pace: "slow" })).toBeUndefined();
  });

  test("not when nobody has touched anything for a while", () => {
    expect(delayOf({ idleMs: AWAY_MS + 1 })).toBeUndefined();
  });

  test("later and later while it fails, whatever moves", () => {
    expect([1, 2, 3, 10].map((failed) => delayOf({ failed, pace: "never" }))).toEqual([
      4000, 8000, 16_000, 60_000,
    ]);
    expect(delayOf({ failed: 1, hidden: true })).toBeUndefined();
  });
});

describe("what a release changes in a service", () => {
  test("its images, its task definition, its shares", () => {
    const service = {
      cluster: "production",
      service: "web",
      status: "pending",
      images: { web: { from: "shop@sha256:1", to: "shop@sha256:2" } },
      changes: [{ path: "cpu", from: "256" }],
      capacity: { from: { x86: { base: 1, weight: 1 } }, to: { graviton: { base: 0, weight: 3 } } },
    };
    expect(changesOf(service)).toEqual([
      { path: "web.image", from: "shop@sha256:1", to: "shop@sha256:2" },
      { path: "cpu", from: "256" },
      { path: "capacityProviderStrategy", from: "x86 base 1 weight 1", to: "graviton weight 3" },
    ]);
  });

  test("only what differs between two values is marked", () => {
    expect(apart("shop@sha256:12aa", "shop@sha256:13aa")).toEqual({ before: "shop@sha256:1", after: "aa" });
    expect(apart("aa", "aaa")).toEqual({ before: "aa", after: "" });
    expect(apart("", "on")).toEqual({ before: "", after: "" });
  });
});

describe("the shares of a service's tasks", () => {
  const capacity = (weights: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, { base: 0, weight }]));
  test.each<[Readonly<Record<string, number>>, Readonly<Record<string, number>>]>([
    [
      { x86: 1, graviton: 3 },
      { x86: 25, graviton: 75 },
    ],
    [
      { a: 1, b: 1, c: 1 },
      { a: 34, b: 33, c: 33 },
    ],
    [
      { a: 2, b: 2, c: 3 },
      { a: 29, b: 29, c: 42 },
    ],
    [
      { a: 0, b: 0 },
      { a: 0, b: 0 },
    ],
    [{ only: 7 }, { only: 100 }],
    [{}, {}],
  ])("%j are %j", (weights, shares) => {
    expect(sharesOf(capacity(weights))).toEqual(shares);
    expect([0, 100]).toContain(togetherOf(shares));
  });

  test("a service without capacity providers has none", () => {
    expect(sharesOf(undefined)).toEqual({});
  });
});
