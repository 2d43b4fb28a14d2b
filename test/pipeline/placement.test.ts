import { describe, expect, test } from "@jest/globals";
import {
  isOurConstraint,
  ourConstraint,
  restrictionOf,
  withConstraint,
} from "../../shared/pipeline/constraints.ts";
import { type GateQuestion, gate, type HostGroup, type Hosts } from "../../shared/pipeline/placement.ts";
import { expectedTasks } from "../../shared/pipeline/shares.ts";

const provider = (
  name: string,
  architectures: HostGroup["architectures"],
  weight = 1,
  base = 0,
): HostGroup => ({
  name: `capacity provider ${name}`,
  provider: name,
  kind: "auto-scaling-group",
  base,
  weight,
  architectures,
});
const X86 = provider("x86", ["x86_64"], 3);
const GRAVITON = provider("graviton", ["arm64"]);
const MIXED: Hosts = { groups: [X86, GRAVITON], allowed: ["x86_64", "arm64"], notes: [] };

const WEB = { name: "web", image: "registry/hello@sha256:1", ours: true };
const PROXY = { name: "proxy", image: "envoyproxy/envoy:v1", ours: false };
const BOTH = { platforms: ["linux/amd64", "linux/arm64"] };
const AMD64 = { platforms: ["linux/amd64"] };

function ask(change: Partial<GateQuestion>) {
  return gate({
    service: "web",
    containers: [WEB, PROXY],
    images: { [WEB.image]: BOTH, [PROXY.image]: BOTH },
    hosts: MIXED,
    policy: "refuse",
    ...change,
  });
}

describe("the architecture gate", () => {
  test("lets through what runs on every host", () => {
    expect(ask({})).toEqual({ result: "ok", notes: [] });
  });

  test("names container, image, platform and hosts of a sidecar that lacks an architecture", () => {
    const answer = ask({ images: { [WEB.image]: BOTH, [PROXY.image]: AMD64 } });
    expect(answer).toMatchObject({
      result: "refused",
      missing: [{ container: "proxy", image: "envoyproxy/envoy:v1", platform: "linux/arm64" }],
      reason:
        "service web has arm64 hosts behind capacity provider graviton, but container proxy has no linux/arm64 image (envoyproxy/envoy:v1 is for linux/amd64)",
    });
    expect(answer).toHaveProperty("remedy", expect.stringContaining("missingArchitecture: constrain"));
  });

  test("asks nothing of an architecture that no host of the service has", () => {
    const hosts = { ...MIXED, groups: [X86] };
    expect(ask({ hosts, images: { [WEB.image]: AMD64, [PROXY.image]: AMD64 } }).result).toBe("ok");
  });

  test.each([
    ["linux/arm64/v8", "ok"],
    ["linux/arm64", "ok"],
    ["linux/arm/v7", "refused"],
    ["linux/amd64", "refused"],
    ["linux/amd64/v3", "refused"],
    ["windows/arm64", "refused"],
  ])("an arm64 host and an image of %s: %s", (platform, result) => {
    const hosts = { ...MIXED, groups: [GRAVITON] };
    const images = { [WEB.image]: { platforms: [platform] }, [PROXY.image]: BOTH };
    expect(ask({ hosts, images }).result).toBe(result);
  });

  test("an unknown image stops nothing and is told", () => {
    const answer = ask({ images: { [WEB.image]: BOTH, [PROXY.image]: { unknown: "nothing within 3 s" } } });
    expect(answer).toEqual({
      result: "ok",
      notes: ["the platforms of envoyproxy/envoy:v1 (container proxy) are unknown: nothing within 3 s"],
    });
  });

  test("an image that is gone is refused, whatever the policy", () => {
    const images = { [WEB.image]: { gone: "there is no image sha256:1 in hello" }, [PROXY.image]: BOTH };
    const answer = ask({ images, policy: "constrain" });
    expect(answer).toMatchObject({
      result: "refused",
      reason: "service web cannot start: container web: there is no image sha256:1 in hello",
    });
  });

  test("a platform of ours that no host has is a note; of other people's images it is none", () => {
    const many = { platforms: ["linux/amd64", "linux/arm/v7", "linux/arm64"] };
    expect(ask({ images: { [WEB.image]: many, [PROXY.image]: many } })).toEqual({
      result: "ok",
      notes: ["no host of service web runs linux/arm/v7 of container web"],
    });
  });

  test("no host at all under the constraints is refused", () => {
    const answer = ask({ hosts: { ...MIXED, groups: [X86], allowed: ["arm64"] } });
    expect(answer).toMatchObject({
      result: "refused",
      reason: expect.stringContaining(
        "its placement constraints allow arm64, it has capacity provider x86 (x86_64)",
      ),
    });
  });
});

describe("the policy `constrain`", () => {
  const images = { [WEB.image]: BOTH, [PROXY.image]: AMD64 };

  test("keeps the service to the hosts that fit, and names the providers that are left without", () => {
    expect(ask({ images, policy: "constrain" })).toMatchObject({
      result: "constrain",
      to: "x86_64",
      expression: "attribute:ecs.cpu-architecture in [x86_64]",
      present: false,
      idle: ["graviton"],
    });
  });

  test("a provider with hosts of both stays", () => {
    const hosts = { ...MIXED, groups: [provider("mixed", ["x86_64", "arm64"])] };
    expect(ask({ images, hosts, policy: "constrain" })).toMatchObject({ result: "constrain", idle: [] });
  });

  test("is no way out when no architecture runs all containers", () => {
    const each = { [WEB.image]: { platforms: ["linux/arm64"] }, [PROXY.image]: AMD64 };
    expect(ask({ images: each, policy: "constrain" }).result).toBe("refused");
  });

  test("says that the constraint is there already, or is needed no longer", () => {
    const hosts = { ...MIXED, ours: ourConstraint("x86_64") };
    expect(ask({ images, hosts, policy: "constrain" })).toMatchObject({ present: true });
    expect(ask({ hosts, policy: "constrain" })).toMatchObject({
      result: "ok",
      remove: ourConstraint("x86_64"),
    });
    expect(
      ask({ hosts: { ...hosts, ours: ourConstraint("arm64") }, images, policy: "constrain" }),
    ).toMatchObject({
      present: false,
    });
  });
});

describe("placement constraints", () => {
  test.each([
    ["attribute:ecs.cpu-architecture == arm64", ["arm64"]],
    ["attribute:ecs.cpu-architecture==x86_64", ["x86_64"]],
    ['(attribute:ecs.cpu-architecture == "arm64")', ["arm64"]],
    ["attribute:ecs.cpu-architecture != arm64", ["x86_64"]],
    ["attribute:ecs.cpu-architecture in [arm64]", ["arm64"]],
    ["attribute:ecs.cpu-architecture in [arm64, x86_64]", ["x86_64", "arm64"]],
    ["attribute:ecs.cpu-architecture !in [arm64]", ["x86_64"]],
    ["attribute:ecs.cpu-architecture not_in [x86_64]", ["arm64"]],
    ["attribute:ecs.cpu-architecture equals arm64", ["arm64"]],
    // No host calls itself so.
    ["attribute:ecs.cpu-architecture == ARM64", []],
    ["attribute:ecs.cpu-architecture == arm64 and attribute:stack == prod", ["arm64"]],
    ["attribute:stack == prod && attribute:ecs.cpu-architecture != x86_64", ["arm64"]],
    ["attribute:ecs.availability-zone in [us-east-1a]", ["x86_64", "arm64"]],
  ])("%s leaves %j", (expression, allowed) => {
    expect(restrictionOf(expression)).toEqual({ allowed, unclear: false });
  });

  test.each([
    "attribute:ecs.cpu-architecture == arm64 or attribute:stack == prod",
    "not (attribute:ecs.cpu-architecture == arm64)",
    "!(attribute:ecs.cpu-architecture == arm64)",
    "attribute:ecs.cpu-architecture =~ arm.*",
    "attribute:ecs.instance-type =~ t4g.*",
  ])("%s is not understood and restricts nothing", (expression) => {
    expect(restrictionOf(expression)).toEqual({ allowed: ["x86_64", "arm64"], unclear: true });
  });

  test("ours is known again, and a person's own of the same meaning is not taken for it", () => {
    expect(restrictionOf(ourConstraint("arm64"))).toEqual({ allowed: ["arm64"], unclear: false });
    expect(isOurConstraint(ourConstraint("arm64"))).toBe(true);
    expect(isOurConstraint("attribute:ecs.cpu-architecture == arm64")).toBe(false);
    const theirs = { type: "memberOf", expression: "attribute:ecs.cpu-architecture == arm64" } as const;
    const both = withConstraint([theirs], ourConstraint("arm64"));
    expect(both).toEqual([theirs, { type: "memberOf", expression: ourConstraint("arm64") }]);
    expect(withConstraint(both, ourConstraint("x86_64")).at(-1)).toEqual({
      type: "memberOf",
      expression: ourConstraint("x86_64"),
    });
    expect(withConstraint(both)).toEqual([theirs]);
  });
});

describe("how tasks are shared out", () => {
  const hosts = { x86_64: ["x86"], arm64: ["graviton"] };
  const item = (weight: number, base = 0) => ({ base, weight });

  test.each([
    ["by weight", { x86: item(3), graviton: item(1) }, 8, { x86_64: 6, arm64: 2 }],
    ["the base first", { x86: item(1, 2), graviton: item(1) }, 4, { x86_64: 3, arm64: 1 }],
    ["a base without weight", { x86: item(0, 1), graviton: item(1) }, 3, { x86_64: 1, arm64: 2 }],
    [
      "what is left over to the one who lacks most",
      { x86: item(3), graviton: item(1) },
      3,
      { x86_64: 2, arm64: 1 },
    ],
    ["fewer than the base", { x86: item(1, 5), graviton: item(1) }, 2, { x86_64: 2, arm64: 0 }],
    ["none wanted", { x86: item(3), graviton: item(1) }, 0, { x86_64: 0, arm64: 0 }],
    ["a provider nobody knows", { x86: item(1), other: item(1) }, 4, undefined],
    ["a launch type with hosts of both", undefined, 4, undefined],
  ])("%s", (_name, capacity, desired, expected) => {
    expect(expectedTasks(hosts, capacity, desired)).toEqual(expected);
  });

  test("hosts of both behind one provider tell nothing; of one architecture, everything", () => {
    const both = { x86_64: ["mixed"], arm64: ["mixed"] };
    expect(expectedTasks(both, { mixed: item(1) }, 4)).toBeUndefined();
    expect(expectedTasks({ arm64: ["launch type FARGATE"] }, undefined, 4)).toEqual({ arm64: 4 });
    expect(expectedTasks({}, undefined, 4)).toBeUndefined();
  });
});
