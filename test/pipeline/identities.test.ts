import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decide, isMember } from "../../shared/pipeline/approvals.ts";
import { canonicalName, isSameAmong, namesOf, type Person } from "../../shared/pipeline/identities.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import {
  APPROVAL,
  definition,
  INDEX,
  PRODUCTION,
  runAfter,
  STAGING,
  started,
  T0,
  UNTIL_GATED,
} from "./given.ts";

const ISSUER = "https://issuer.example/pool";
const GROUP = "release-managers";

const iam = (name: string): Person => ({
  name,
  identity: `arn:aws:sts::000000000000:assumed-role/${GROUP}/${name}`,
  groups: [GROUP],
});

const token = (name: string, change: Partial<Person> = {}): Person => ({
  name,
  identity: `${ISSUER}#${name}`,
  groups: [GROUP],
  ...change,
});

/** One person, by all the names that she has anywhere. */
const identities = {
  "Alice Smith": [
    "alice-gh",
    "a.smith@example.com",
    "arn:aws:iam::000000000000:user/asm",
    `${ISSUER}#4711`,
    "smith",
  ],
};

/** At production's gate, with two approvals asked for. */
function gated(people: Run["people"] = {}, required = 2): Run {
  const [, ...rest] = UNTIL_GATED;
  const stages = [STAGING, { ...PRODUCTION, approval: { ...APPROVAL, required } }];
  return runAfter(started({ definition: definition({ stages, identities }), people }), ...rest);
}

const ask = { stage: "production", decision: "approve", release: INDEX } as const;

/** A person by each of the ways in which she can come. */
const WAYS: readonly (readonly [string, Person])[] = [
  ["by the IAM user", { name: "asm", identity: "arn:aws:iam::000000000000:user/asm", groups: [GROUP] }],
  ["by a session of that name", iam("smith")],
  ["by a session under an address", iam("a.smith@example.com")],
  ["by the issuer's subject", token("x", { identity: `${ISSUER}#4711` })],
  ["by a verified address", token("y", { aliases: ["A.Smith@example.com"] })],
  ["by a login that nobody vouches for", token("z", { claimed: ["Alice-GH"] })],
];

describe("the author under another name", () => {
  const authors = [
    "alice-gh",
    "A. Smith <a.smith@example.com>",
    "arn:aws:iam::000000000000:user/asm",
    "arn:aws:sts::000000000000:assumed-role/developers/smith",
  ];
  test.each(WAYS.flatMap(([way, who]) => authors.map((author) => [way, author, who] as const)))(
    "%s does not approve the commit of %s",
    (_way, author, who) => {
      for (const role of ["author", "committer", "pusher", "starter"] as const)
        expect(decide(gated({ [role]: author }), ask, who, T0)).toMatchObject({
          problem: { code: "self-approval", as: role },
        });
    },
  );

  test("who started the run by token does not approve it by signature", () => {
    const starter = token("asmith", { aliases: ["alice.s@example.com"] });
    const people = { starter: starter.identity, starterNames: namesOf(undefined, starter) };
    expect(decide(gated(people), ask, iam("alice.s"), T0)).toMatchObject({
      problem: { code: "self-approval", as: "starter" },
    });
  });

  test("somebody else does", () => {
    for (const author of authors)
      expect(decide(gated({ author }), ask, iam("bob"), T0)).toMatchObject({ type: "decided" });
  });
});

describe("the quorum counts people", () => {
  test.each(WAYS.flatMap(([first, a]) => WAYS.map(([second, b]) => [first, second, a, b] as const)))(
    "%s and %s are one",
    (_first, _second, a, b) => {
      const run = gated();
      const given = decide(run, ask, a, T0);
      if (given.type !== "decided") throw new Error("the first may approve");
      const [, ...rest] = UNTIL_GATED;
      const after = runAfter(started({ definition: run.definition }), ...rest, given.event);
      expect(decide(after, ask, b, T0)).toMatchObject({ type: "already" });
      // Two of them at once: the second is judged when it is stored, too.
      const second = { ...given.event, ...decisionOf(run, b) };
      expect(
        runAfter(started({ definition: run.definition }), ...rest, given.event, second).stages[1]?.gate
          ?.approvals,
      ).toHaveLength(1);
    },
  );

  test("a name that only the first token told is remembered", () => {
    const run = gated();
    const first = decide(run, ask, token("u1", { aliases: ["carla@example.com"] }), T0);
    if (first.type !== "decided") throw new Error("the first may approve");
    const [, ...rest] = UNTIL_GATED;
    const after = runAfter(started({ definition: run.definition }), ...rest, first.event);
    expect(decide(after, ask, iam("carla"), T0)).toMatchObject({ type: "already" });
  });

  test("the record has the name of the definition, and the identity as it came", () => {
    expect(decide(gated(), ask, iam("smith"), T0)).toMatchObject({
      event: { person: "Alice Smith", identity: iam("smith").identity },
    });
  });
});

function decisionOf(run: Run, who: Person) {
  const result = decide(run, ask, who, T0);
  if (result.type !== "decided") throw new Error("may approve");
  return result.event;
}

describe("a group that the definition lists", () => {
  const listed = definition({ groups: { auditors: ["eve", "dan@example.com", "Alice Smith"] }, identities });
  const nobody = { groups: [] };

  test.each<[string, Person, boolean]>([
    ["by name", { ...iam("Eve"), ...nobody }, true],
    ["by the part before the @ of a listed address", { ...iam("dan"), ...nobody }, true],
    ["by a verified address", token("x", { ...nobody, aliases: ["Dan@example.com"] }), true],
    ["by the name that identities give", { ...iam("smith"), ...nobody }, true],
    ["not by an address of whichever domain", token("eve@evil.example", nobody), false],
    ["not by an alias of whichever domain", token("x", { ...nobody, aliases: ["eve@evil.example"] }), false],
    ["not by what nobody vouches for", token("x", { ...nobody, claimed: ["eve"] }), false],
    [
      "not by an unvouched name that identities know",
      token("x", { ...nobody, claimed: ["alice-gh"] }),
      false,
    ],
  ])("%s", (_how, who, member) => {
    expect(isMember(listed, "auditors", who)).toBe(member);
  });
});

describe("names", () => {
  const name = fc.constantFrom("alice-gh", "a.smith@example.com", "smith", "bob", "bob@example.com", "eve");

  test("it does not matter who is asked about whom", () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 1 }), fc.array(name, { minLength: 1 }), (a, b) => {
        expect(isSameAmong(identities, a, b)).toBe(isSameAmong(identities, b, a));
        expect(isSameAmong(identities, a, a)).toBe(true);
      }),
    );
  });

  test("without identities a person is who they say", () => {
    expect(canonicalName(undefined, iam("smith"))).toBe("smith");
    expect(canonicalName({}, token("x"))).toBe("x");
  });
});
