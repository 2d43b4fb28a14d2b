import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { decidePress, MOST_JUDGEMENTS } from "../../functions/slack-decision.ts";
import { advance, type Deps, loadRun, runStream } from "../../shared/advance.ts";
import { perform } from "../../shared/effects/perform.ts";
import { type Pressed, pressStream } from "../../shared/intake/slack-interaction.ts";
import type { ApprovalRule, PipelineDefinition } from "../../shared/pipeline/definition.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import { contextOf, fakeAws } from "../effects/fakes.ts";
import { type MessageWorld, messageWorld } from "../effects/message-world.ts";
import { APPROVAL, approvalBy, definition, PRODUCTION, STAGING, T0, UNTIL_GATED } from "../pipeline/given.ts";
import { HOOK, SLACK, VOIDED } from "../pipeline/told.ts";

let world: MessageWorld;
beforeEach(async () => {
  world = await messageWorld();
});
afterEach(() => world.close());

const PEOPLE = {
  alice: ["slack:T0000LOCAL/U0000ALICE"],
  bob: ["slack:T0000LOCAL/U000000BOB", "robert@example.com"],
  ada: ["slack:T0000LOCAL/U0000CAROL", "ada@example.com"],
};

/** The reason, and what to do. */
const NOT_A_MEMBER =
  /^only members of release-managers decide on stage production; ask one of them, or have somebody add \w+ to the group: .* under `groups` in the definition of hello/;

const link = () => `${world.url}/console/runs/hello-1`;

interface Given {
  readonly rule?: Partial<ApprovalRule>;
  readonly change?: Partial<PipelineDefinition>;
  readonly more?: readonly RunEvent[];
  /** What happens when the message has been sent. */
  readonly after?: readonly RunEvent[];
  /** Whom the user pool has in `release-managers`; an error: it does not tell. */
  readonly members?: readonly string[] | Error;
}

/** A run at the gate of production, told to Slack. */
async function given({
  rule,
  change,
  more = [],
  after = [],
  members = ["alice", "Robert@example.com", "ada"],
}: Given = {}) {
  const store = memoryStore();
  const approval = { ...APPROVAL, required: 2, ...rule };
  const at = definition({
    stages: [STAGING, { ...PRODUCTION, approval }],
    identities: PEOPLE,
    messages: [SLACK, HOOK],
    ...change,
  });
  const events = [...UNTIL_GATED, ...more].map((event) =>
    event.type === "run.started" ? { ...event, definition: at } : event,
  );
  await store.streams.append(runStream("hello-1"), 0, events);
  const { aws } = fakeAws({});
  const context = { ...contextOf(aws, store), messenger: world.messenger };
  const deps: Deps = {
    store,
    now: () => T0,
    // No stage is entered or deployed here; messages are sent.
    perform: async (run, command) =>
      command.type === "send-messages" ? perform(context, run, command) : { events: [], wake: [] },
  };
  await advance(deps, "hello-1");
  const asked = await world.slack.said("hello-1: approval wanted for production");
  const { version } = await store.streams.load(runStream("hello-1"));
  if (after.length > 0) await store.streams.append(runStream("hello-1"), version, after);
  const lines: string[] = [];
  let presses = 0;
  let pool = members;
  const log = { info: () => {}, warn: (message: string) => void lines.push(message) };
  const directory = {
    members: async () => {
      if (pool instanceof Error) throw pool;
      return pool;
    },
  };
  return {
    asked,
    lines,
    store,
    deps,
    /** The user pool tells this from now on. */
    mend: (names: readonly string[]) => {
      pool = names;
    },
    events: async () => (await store.streams.load(runStream("hello-1"))).events,
    /** Judges a press and gives what the person reads. */
    press: async (
      user: string,
      change: Partial<Pressed["press"]> = {},
      responseUrl?: string,
      again?: string,
    ) => {
      presses += 1;
      const id = again ?? `v0=${presses}`;
      await store.streams.append(pressStream(id), 0, [{ at: T0 }]);
      const pressed: Pressed = {
        id,
        press: { run: "hello-1", stage: "production", question: "gate 0", ...change },
        ...{ user, team: "T0000LOCAL", channel: "C0123456789" },
        responseUrl: responseUrl ?? (await replyAddress(user)),
      };
      await decidePress({ deps, messenger: world.messenger, directory, log }, pressed);
      return (await world.slack.told(user)).at(-1);
    },
    approvals: async () => (await loadRun(store, "hello-1")).run?.stages[1]?.gate?.approvals ?? [],
  };

  /** Slack opens one for each press; this one's own request comes to nothing. */
  async function replyAddress(user: string): Promise<string> {
    const names: Readonly<Record<string, "alice" | "bob" | "carol" | "mallory">> = {
      U0000ALICE: "alice",
      U000000BOB: "bob",
      U0000CAROL: "carol",
      U00MALLORY: "mallory",
    };
    return world.slack.responseUrl(asked, names[user] ?? "mallory");
  }
}

describe("who may approve at Slack", () => {
  test("whom the definition knows, and the user pool has in the group, by any of the listed names", async () => {
    const { press, approvals, store } = await given();
    expect(await press("U0000ALICE")).toBe("alice approved production of hello-1");
    expect(await press("U000000BOB")).toBe("bob approved production of hello-1");
    expect(await approvals()).toMatchObject([
      { person: "alice", identity: "slack:T0000LOCAL/U0000ALICE" },
      { person: "bob", identity: "slack:T0000LOCAL/U000000BOB" },
    ]);
    const { events } = await store.streams.load(runStream("hello-1"));
    expect(events).toContainEqual(
      expect.objectContaining({ type: "approval.given", from: "slack T0000LOCAL/C0123456789" }),
    );
  });

  test("or whom the definition lists in the group", async () => {
    const { press } = await given({ members: [], change: { groups: { "release-managers": ["bob"] } } });
    expect(await press("U000000BOB")).toBe("bob approved production of hello-1");
    expect(await press("U0000ALICE")).toMatch(NOT_A_MEMBER);
  });

  test("nobody else: a stranger, a name that only looks like a member's, the author under another name", async () => {
    const { press, approvals } = await given({ members: ["alice@elsewhere.example", "ada"] });
    expect(await press("U00MALLORY")).toMatch(
      /^Tandem does not know who you are: .*"slack:T0000LOCAL\/U00MALLORY"/,
    );
    expect(await press("U0000ALICE")).toMatch(NOT_A_MEMBER);
    expect(await press("U0000CAROL")).toBe(
      `you are the author of this commit; somebody else must approve it (${link()})`,
    );
    expect(await approvals()).toEqual([]);
  });

  test("a stranger who is listed in a group as such is not known to be nobody of the commit's", async () => {
    const groups = { "release-managers": ["slack:T0000LOCAL/U00MALLORY"] };
    const { press, approvals } = await given({ change: { groups } });
    expect(await press("U00MALLORY")).toMatch(/does not know who you are/);
    expect(await approvals()).toEqual([]);
  });
});

describe("when the user pool does not tell who is in the group", () => {
  const down = new Error("who is in release-managers cannot be asked: Rate exceeded");

  const told = () => world.slack.told("U0000ALICE");
  const again = async (press: () => Promise<unknown>) => expect(press()).rejects.toThrow(down);

  test("nothing is decided, Lambda judges the press again, and whoever pressed is told so at once", async () => {
    const { press, approvals, mend } = await given({ members: down });
    const once = () => press("U0000ALICE", {}, undefined, "v0=a");
    await again(once);
    expect(await told()).toEqual([
      "your approval of production of hello-1 could not be judged yet: who is in release-managers cannot be asked: Rate exceeded; it is tried again within minutes, and you are told here what comes of it",
    ]);
    expect(await approvals()).toEqual([]);
    mend(["alice"]);
    expect(await once()).toBe("alice approved production of hello-1");
    expect(await told()).toHaveLength(2);
  });

  test("whoever pressed is told when nobody tries again, and what to do", async () => {
    const { press, lines } = await given({ members: down });
    for (let judgement = 0; judgement < MOST_JUDGEMENTS; judgement += 1)
      await again(() => press("U0000ALICE", {}, undefined, "v0=a"));
    expect(await told()).toEqual([
      expect.stringMatching(/could not be judged yet/),
      `your approval of production of hello-1 could not be judged, and is not tried again: who is in release-managers cannot be asked: Rate exceeded; press the button once more, or decide in the console: ${link()}`,
    ]);
    expect(lines).toEqual(Array.from({ length: MOST_JUDGEMENTS }, () => "a press could not be judged"));
    // Another press is another try.
    await again(() => press("U0000ALICE"));
    expect((await told()).at(-1)).toMatch(/could not be judged yet/);
  });

  test("also when the table does not answer, in which failures are counted", async () => {
    const { press, deps } = await given();
    const load = jest.spyOn(deps.store.streams, "load").mockRejectedValue(new Error("no answer of DynamoDB"));
    await expect(press("U0000ALICE")).rejects.toThrow("no answer of DynamoDB");
    load.mockRestore();
    expect(await told()).toEqual([
      expect.stringMatching(/not be judged yet: no answer of DynamoDB; it is tried/),
    ]);
  });

  test("whom the definition lists needs nobody to tell", async () => {
    const change = { groups: { "release-managers": ["alice"] } };
    const { press } = await given({ members: down, change });
    expect(await press("U0000ALICE")).toBe("alice approved production of hello-1");
  });
});

describe("what a press is about", () => {
  test("what the message asked: after the gate was opened anew, it is another question", async () => {
    const { press, approvals } = await given({ more: [VOIDED] });
    expect(await press("U0000ALICE", { question: "gate 0" })).toMatch(
      /has changed since you looked: .*look at it again/,
    );
    expect(await approvals()).toEqual([]);
    expect(await press("U0000ALICE", { question: "gate 1" })).toBe("alice approved production of hello-1");
  });

  test("a run that is there, at a stage that it has", async () => {
    const { press } = await given();
    expect(await press("U0000ALICE", { run: "hello-9" })).toBe(
      `there is no run "hello-9"; those that there are stand in the console: ${world.url}/console/`,
    );
    expect(await press("U0000ALICE", { stage: "moon" })).toMatch(/has no stage "moon"/);
  });

  test("once: clicked twice it is one approval, in the middle of a deployment none", async () => {
    const { press, approvals } = await given();
    await press("U0000ALICE");
    expect(await press("U0000ALICE")).toBe("alice has approved production already");
    expect(await press("U000000BOB", { question: "pause hook-1" })).toMatch(
      /an earlier point of the deployment/,
    );
    expect(await approvals()).toHaveLength(1);
  });
});

describe("a press on what is asked no more is answered with what is so now, and nothing is stored", () => {
  const at = { at: T0, stage: "production" };
  const approved = [approvalBy("zoe"), approvalBy("yan")];
  const finished = (outcome: "succeeded" | "stopped", reason: string): readonly RunEvent[] => [
    { type: "stage.left", ...at },
    { type: "run.finished", at: T0, outcome, reason },
  ];
  const stop: RunEvent = {
    ...{ type: "run.stop-requested", at: T0, person: "bob", identity: "bob", reason: "wrong" },
  };

  test.each<[string, readonly RunEvent[], RegExp]>([
    [
      "approved by as many as are wanted, while the window is closed",
      approved,
      /^stage production of hello-1 does not wait for an approval: it is approved; now: staging: .*production: /,
    ],
    [
      "approved, and on its way",
      [...approved, { type: "stage.deploying", ...at }],
      /^stage production of hello-1 does not wait for an approval: it is deploying; now: staging: .*production: /,
    ],
    [
      "over",
      [
        ...approved,
        { type: "stage.deploying", ...at },
        ...finished("succeeded", "runs in staging, production"),
      ],
      /does not wait for an approval: it is succeeded; now: succeeded: runs in staging, production/,
    ],
    [
      "overtaken by a newer run",
      [{ type: "run.superseded", at: T0, by: "hello-2" }],
      /does not wait for an approval: it is superseded.* by hello-2/,
    ],
    ["about to be stopped", [stop], /does not wait for an approval: it is to be stopped with the run; now: /],
    [
      "stopped",
      [stop, { type: "stage.stopped", ...at }, ...finished("stopped", "bob stopped the run: wrong")],
      /does not wait for an approval: it is stopped; now: stopped: bob stopped the run: wrong/,
    ],
  ])("%s", async (_what, after, expected) => {
    const { press, events, approvals } = await given({ after });
    const [before, given_] = [await events(), await approvals()];
    const text = await press("U0000ALICE");
    expect(text).toMatch(expected);
    expect(text).toContain(`(${link()})`);
    expect(await events()).toEqual(before);
    expect(await approvals()).toEqual(given_);
  });

  test("one who has approved hears how it went on", async () => {
    const superseded: RunEvent = { type: "run.superseded", at: T0, by: "hello-2" };
    const { press } = await given({ after: [approvalBy("alice"), superseded] });
    expect(await press("U0000ALICE")).toMatch(/superseded by hello-2/);
  });

  test("whoever is in no group, too, and nobody asks the user pool", async () => {
    const { press } = await given({ after: approved, members: new Error("not to be asked") });
    expect(await press("U0000ALICE")).toMatch(/it is approved; now: /);
  });
});

describe("the answer", () => {
  test("takes the place of what came by a webhook, which nobody else can change", async () => {
    const { press } = await given({ rule: { required: 1 } });
    const byHook = await world.slack.said(
      "hello-1: approval wanted for production",
      ({ channel }) => channel === "webhook releases",
    );
    await press("U000000BOB", { webhook: true }, await world.slack.responseUrl(byHook, "bob"));
    const replaced = (await world.slack.messages()).find(({ ts }) => ts === byHook.ts);
    expect(replaced?.lines.slice(0, 2)).toEqual(["hello-1: production is approved", "approved by bob"]);
    expect(replaced?.buttons.map(({ action }) => action)).toEqual(["tandem-open"]);
  });

  test("that cannot be given takes nothing back", async () => {
    const { press, approvals, lines } = await given();
    await press("U0000ALICE", {}, `${world.url}/slack/actions/gone`);
    expect(await approvals()).toHaveLength(1);
    expect(lines).toEqual(["the person could not be answered at Slack"]);
  });
});
