import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decide, quorum } from "../../shared/pipeline/approvals.ts";
import type { ApprovalRule } from "../../shared/pipeline/definition.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { isSamePerson, type Person, personOf } from "../../shared/pipeline/identities.ts";
import {
  APPROVAL,
  approvalBy,
  DAY,
  definition,
  INDEX,
  PRODUCTION,
  runAfter,
  STAGING,
  stageOf,
  started,
  T0,
  UNTIL_GATED,
  UNTIL_PUBLISHED,
} from "./given.ts";

function person(name: string, ...groups: readonly string[]): Person {
  return { name, identity: `arn:aws:sts::000000000000:assumed-role/${groups[0] ?? "none"}/${name}`, groups };
}
const bob = person("bob", "release-managers");

/** A run at the gate of production, under another rule, with more events. */
function gated(rule: Partial<ApprovalRule> = {}, ...events: readonly RunEvent[]) {
  const [, ...rest] = UNTIL_GATED;
  const stages = [STAGING, { ...PRODUCTION, approval: { ...APPROVAL, ...rule } }];
  const groups = { auditors: ["eve", "mallory@example.com"] };
  const people = {
    author: "Ada <ada@example.com>",
    committer: "Cy <cy@example.com>",
    pusher: "arn:aws:iam::0:user/pam",
  };
  return runAfter(started({ definition: definition({ stages, groups }), people }), ...rest, ...events);
}

const ask = { stage: "production", decision: "approve", release: INDEX } as const;

describe("a person decides", () => {
  test("an approval carries who, what and why", () => {
    expect(decide(gated(), { ...ask, comment: "looks good" }, bob, T0 + 5)).toEqual({
      type: "decided",
      event: {
        type: "approval.given",
        at: T0 + 5,
        stage: "production",
        release: INDEX,
        person: "bob",
        identity: bob.identity,
        comment: "looks good",
      },
    });
  });

  test("a refusal too", () => {
    expect(decide(gated(), { ...ask, decision: "refuse" }, bob, T0)).toMatchObject({
      type: "decided",
      event: { type: "approval.refused", person: "bob" },
    });
  });

  test("approving twice is no error, and no second event", () => {
    expect(decide(gated({}, approvalBy("bob")), ask, person("BOB", "release-managers"), T0)).toEqual({
      type: "already",
      message: "BOB has approved production already",
    });
  });

  test.each([
    ["a member of a listed group", { from: ["auditors"] }, person("Eve")],
    ["a member listed by address", { from: ["auditors"] }, person("mallory")],
    ["the author, where that is allowed", { selfApproval: true }, person("ada", "release-managers")],
  ] as const)("%s may", (_what, rule, who) => {
    expect(decide(gated(rule), ask, who, T0).type).toBe("decided");
  });

  test("the author may refuse", () => {
    expect(decide(gated(), { ...ask, decision: "refuse" }, person("ada", "release-managers"), T0).type).toBe(
      "decided",
    );
  });
});

describe("a decision that is not taken says why", () => {
  const ended: RunEvent = { type: "run.finished", at: T0, outcome: "failed", reason: "x" };

  test.each([
    [
      "an unknown stage",
      gated(),
      { ...ask, stage: "prod" },
      bob,
      T0,
      "unknown-stage",
      'pipeline hello has no stage "prod"; it has staging, production',
    ],
    [
      "a stage without approval",
      gated(),
      { ...ask, stage: "staging" },
      bob,
      T0,
      "no-approval",
      "stage staging of hello-1 asks for no approval",
    ],
    [
      "too early",
      runAfter(...UNTIL_PUBLISHED),
      ask,
      bob,
      T0,
      "not-waiting",
      "stage production of hello-1 does not wait for an approval: it is pending",
    ],
    [
      "too late",
      gated({}, ended),
      ask,
      bob,
      T0,
      "not-waiting",
      "stage production of hello-1 does not wait for an approval: it is failed",
    ],
    [
      "another release",
      gated(),
      { ...ask, release: "sha256:old" },
      bob,
      T0,
      "other-release",
      `stage production of hello-1 is about the release ${INDEX}; look at it again before you decide`,
    ],
    [
      "a stranger",
      gated(),
      ask,
      person("carol", "developers"),
      T0,
      "not-a-member",
      "only members of release-managers decide on stage production",
    ],
    [
      "a group that exists in JavaScript only",
      gated({ from: ["constructor"] }),
      ask,
      bob,
      T0,
      "not-a-member",
      "only members of constructor decide on stage production",
    ],
    [
      "the author",
      gated(),
      ask,
      person("ada", "release-managers"),
      T0,
      "self-approval",
      "you are the author of this commit; somebody else must approve it",
    ],
    [
      "the author by address",
      gated(),
      ask,
      person("ADA@example.com", "release-managers"),
      T0,
      "self-approval",
      "you are the author of this commit; somebody else must approve it",
    ],
    [
      "the committer",
      gated(),
      ask,
      person("cy", "release-managers"),
      T0,
      "self-approval",
      "you are the committer of this commit; somebody else must approve it",
    ],
    [
      "whoever pushed",
      gated(),
      ask,
      person("pam", "release-managers"),
      T0,
      "self-approval",
      "you are the pusher of this commit; somebody else must approve it",
    ],
    [
      "after the gate's time",
      gated(),
      ask,
      bob,
      T0 + 7 * DAY,
      "expired",
      "the approval of stage production expired at 2026-11-28 09:00 UTC",
    ],
  ] as const)("%s", (_what, run, request, who, now, code, message) => {
    expect(decide(run, request, who, now)).toMatchObject({ type: "problem", problem: { code }, message });
  });
});

describe("people are counted", () => {
  test.each([
    [1, [], false],
    [1, ["bob"], true],
    [2, ["bob"], false],
    [2, ["bob", "Bob", "bob@example.com"], false],
    [2, ["bob", "carol"], true],
  ] as const)("of %i required, %j: %s", (required, names, reached) => {
    const run = gated({ required }, ...names.map((name) => approvalBy(name)));
    expect(quorum(stageOf(run)).reached).toBe(reached);
  });
});

describe("who is who", () => {
  test.each([
    ["arn:aws:iam::123456789012:user/ada", "ada"],
    ["arn:aws:iam::123456789012:user/team/ada", "ada"],
    ["arn:aws:sts::123456789012:assumed-role/release-managers/ada", "ada"],
    ["arn:aws-cn:sts::123456789012:assumed-role/r/ada@example.com", "ada@example.com"],
    ["arn:aws:iam::123456789012:root", "root"],
    ["Ada Lovelace <ada@example.com>", "ada@example.com"],
    ["ada", "ada"],
  ])("%s is %s", (identity, name) => {
    expect(personOf(identity)).toBe(name);
  });

  test.each([
    ["ada", "ADA", true],
    [" ada", "ada", true],
    ["ada", "ada@example.com", true],
    ["ada@example.com", "ada@example.org", false],
    ["ada", "adam", false],
    ["", "ada", false],
  ])("%j and %j: %s", (a, b, same) => {
    expect(isSamePerson(a, b)).toBe(same);
  });

  test("it does not matter who is asked about whom, and everybody is himself", () => {
    const name = fc.oneof(
      fc.string(),
      fc.emailAddress(),
      fc.constantFrom("ada", "Ada", "ada@x.org", "@", "ada@"),
    );
    fc.assert(fc.property(name, name, (a, b) => isSamePerson(a, b) === isSamePerson(b, a)));
    fc.assert(fc.property(name, (a) => isSamePerson(a, a)));
  });
});
