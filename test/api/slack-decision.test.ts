import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { decidePress } from "../../functions/slack-decision.ts";
import { advance, type Deps, loadRun, runStream } from "../../shared/advance.ts";
import { perform } from "../../shared/effects/perform.ts";
import type { Pressed } from "../../shared/intake/slack-interaction.ts";
import type { ApprovalRule, PipelineDefinition } from "../../shared/pipeline/definition.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import { contextOf, fakeAws } from "../effects/fakes.ts";
import { type MessageWorld, messageWorld } from "../effects/message-world.ts";
import { APPROVAL, definition, PRODUCTION, prepared, STAGING, T0, UNTIL_GATED } from "../pipeline/given.ts";
import { HOOK, SLACK } from "../pipeline/told.ts";

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

const VOIDED: RunEvent = {
  type: "gate.voided",
  at: T0,
  stage: "production",
  why: "service web has been changed",
  deployments: [prepared("production", 7)],
};

interface Given {
  readonly rule?: Partial<ApprovalRule>;
  readonly change?: Partial<PipelineDefinition>;
  readonly more?: readonly RunEvent[];
  /** Whom the user pool has in `release-managers`; an error: it does not tell. */
  readonly members?: readonly string[] | Error;
}

/** A run at the gate of production, told to Slack. */
async function given({
  rule,
  change,
  more = [],
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
  const lines: string[] = [];
  const log = { info: () => {}, warn: (message: string) => void lines.push(message) };
  const directory = {
    members: async () => {
      if (members instanceof Error) throw members;
      return members;
    },
  };
  return {
    asked,
    lines,
    store,
    /** Judges a press and gives what the person reads. */
    press: async (user: string, change: Partial<Pressed["press"]> = {}, responseUrl?: string) => {
      const pressed: Pressed = {
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
    expect(await press("U0000ALICE")).toBe("only members of release-managers decide on stage production");
  });

  test("nobody else: a stranger, a name that only looks like a member's, the author under another name", async () => {
    const { press, approvals } = await given({ members: ["alice@elsewhere.example", "ada"] });
    expect(await press("U00MALLORY")).toMatch(
      /^Tandem does not know who you are: .*"slack:T0000LOCAL\/U00MALLORY"/,
    );
    expect(await press("U0000ALICE")).toBe("only members of release-managers decide on stage production");
    expect(await press("U0000CAROL")).toBe(
      "you are the author of this commit; somebody else must approve it",
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

  test("nothing is decided, and Lambda judges the press again", async () => {
    const { press, approvals } = await given({ members: down });
    await expect(press("U0000ALICE")).rejects.toThrow(down);
    expect(await approvals()).toEqual([]);
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
    expect(await press("U0000ALICE", { run: "hello-9" })).toBe('there is no run "hello-9"');
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
