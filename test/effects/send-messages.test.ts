import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { advance, type Deps, loadRun, runStream } from "../../shared/advance.ts";
import { eventSchema } from "../../shared/definition/event-schema.ts";
import { perform } from "../../shared/effects/perform.ts";
import { sendMessages } from "../../shared/effects/send-messages.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import type { MessageChannel } from "../../shared/pipeline/message-channel.ts";
import { messagesDue, pauseAfter } from "../../shared/pipeline/messages-due.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import { APPROVE } from "../end-to-end/support/slack.ts";
import { approvalBy, definition, MINUTE, T0, UNTIL_GATED } from "../pipeline/given.ts";
import { BUS, further, HOOK, SLACK, TOPIC, toldRun, VOIDED } from "../pipeline/told.ts";
import { contextOf, fakeAws } from "./fakes.ts";
import { type MessageWorld, messageWorld } from "./message-world.ts";

let world: MessageWorld;
beforeEach(async () => {
  world = await messageWorld();
});
afterEach(() => world.close());

const SLACK_ID = "slack C0123456789";

const TOPIC_OF_ALL = { ...TOPIC, about: ["approvals", "deployments"] } as const;

/** Sends what is due, and gives the run that knows it. */
async function tell(run: Run, at = T0, lease = 0) {
  const due = messagesDue(run, at, () => true);
  if (due === undefined) throw new Error("nothing is due");
  const { aws } = fakeAws({});
  const lines: unknown[] = [];
  const warn = (...line: readonly unknown[]) => void lines.push(line);
  const context = { ...contextOf(aws), messenger: world.messenger, now: () => at, warn };
  const { events } = await sendMessages(context, run, { type: "send-messages", ...due, lease });
  const [event] = events;
  if (event?.type !== "messages.sent") throw new Error("nothing is recorded");
  return { run: further(run, event), event, lines };
}

const gated = (...channels: readonly MessageChannel[]) => toldRun(channels, UNTIL_GATED);
const approved: readonly RunEvent[] = [
  approvalBy("bob"),
  { type: "stage.deploying", at: T0, stage: "production" },
];

describe("Slack, as the bot", () => {
  test("one thread for the run; what is answered is updated in place, and loses its button", async () => {
    const { run } = await tell(gated(SLACK));
    const [head, staging, asked] = await world.slack.messages();
    expect([head, staging, asked].map((one) => one?.lines[0])).toEqual([
      "hello-1",
      "hello-1: staging runs the release",
      "hello-1: approval wanted for production",
    ]);
    expect(staging).toMatchObject({ threadTs: head?.ts, broadcast: false });
    expect(asked).toMatchObject({ threadTs: head?.ts, broadcast: true });
    await tell(further(run, ...approved));
    const later = await world.slack.messages();
    expect(later).toHaveLength(4);
    expect(later[0]).toMatchObject({ ts: head?.ts, edits: 1 });
    expect(later[2]).toMatchObject({
      ts: asked?.ts,
      edits: 1,
      lines: ["hello-1: production is approved", "approved by bob", expect.anything()],
    });
    expect(later[2]?.buttons.map(({ text }) => text)).toEqual(["Open"]);
  });

  test("an answer that got lost is asked for again and again, and nothing is said twice", async () => {
    await world.slack.fault("lose", 3, "chat.postMessage");
    let { run, event } = await tell(gated(SLACK));
    expect(event.told[SLACK_ID]?.thread?.failed).toMatchObject({ tries: 1, final: false });
    ({ run, event } = await tell(run, T0 + pauseAfter(1)));
    expect(event.told[SLACK_ID]?.thread?.failed).toMatchObject({ tries: 2, final: false });
    ({ run, event } = await tell(further(run, ...approved), T0 + 10 * MINUTE));
    ({ run, event } = await tell(run, T0 + 20 * MINUTE));
    expect(messagesDue(run, T0 + 60 * MINUTE, () => true)).toBeUndefined();
    const said = await world.slack.messages();
    expect(said.map(({ lines }) => lines[0])).toEqual([
      "hello-1",
      "hello-1: staging runs the release",
      "hello-1: production is approved",
      "hello-1: production is being deployed to",
    ]);
    // What was said at first was so then.
    expect(said[0]?.lines[1]).toContain("production: ");
    expect(said[0]?.edits).toBe(1);
  });

  test("an update whose answer got lost is asked for again", async () => {
    const { run } = await tell(gated(SLACK));
    await world.slack.fault("lose", 4, "chat.update");
    const lost = await tell(further(run, ...approved));
    expect(lost.event.told[SLACK_ID]?.["approval production"]?.failed).toMatchObject({
      final: false,
      problem: expect.stringMatching(/it is tried again$/),
    });
    const again = await tell(lost.run, T0 + pauseAfter(1));
    expect(again.event.told[SLACK_ID]?.["approval production"]?.failed).toMatchObject({ final: false });
    await world.slack.mend();
    const { event } = await tell(again.run, T0 + 10 * MINUTE);
    expect(event.told[SLACK_ID]?.["approval production"]?.said?.mark).toBe("approved 0");
    expect(await world.slack.messages()).toHaveLength(4);
  });

  test("what somebody has deleted is said anew", async () => {
    const { run } = await tell(gated(SLACK));
    const [, , asked] = await world.slack.messages();
    if (asked === undefined) throw new Error("nothing was asked");
    await world.slack.remove(asked);
    await tell(further(run, ...approved));
    const titles = (await world.slack.messages()).map(({ lines }) => lines[0]);
    expect(titles).toContain("hello-1: production is approved");
    expect(titles).not.toContain("hello-1: approval wanted for production");
  });

  test("what cannot be sent is told in the log, too", async () => {
    world.setSecret({});
    const { lines } = await tell(gated(SLACK));
    expect(lines).toContainEqual([
      "a message was not sent",
      {
        ...{ runId: "hello-1", channel: SLACK_ID, about: "thread", tries: 1, final: true },
        problem: "the Slack secret has no botToken: put one there, see docs/messages.md",
      },
    ]);
  });

  describe("when a gate is opened anew", () => {
    const withButton = async () =>
      (await world.slack.messages()).filter(({ buttons }) =>
        buttons.some(({ action }) => action === APPROVE),
      );

    test("the older question loses its button, and says what came in its place", async () => {
      const { run } = await tell(gated(SLACK));
      const [older] = await withButton();
      const { run: known } = await tell(further(run, VOIDED));
      const replaced = (await world.slack.messages()).find(({ ts }) => ts === older?.ts);
      expect(replaced?.lines).toEqual([
        "hello-1: replaced by a newer question",
        "hello-1: approval wanted for production: see below",
        "earlier approvals no longer count: service web has been changed",
        expect.stringMatching(/^commit /),
      ]);
      expect(replaced?.buttons).toEqual([
        { action: "tandem-open", text: "Open", url: `${world.url}/console/runs/hello-1` },
      ]);
      const [newer, ...others] = await withButton();
      expect(newer?.ts).not.toBe(older?.ts);
      expect(others).toEqual([]);
      expect(messagesDue(known, T0 + 60 * MINUTE, () => true)).toBeUndefined();
    });

    test("that is tried again until it is so, also when the newer one has been said and answered", async () => {
      const { run } = await tell(gated(SLACK));
      await world.slack.fault("throttle", 5, "chat.update");
      const first = await tell(further(run, VOIDED));
      expect(await withButton()).toHaveLength(2);
      await world.slack.mend();
      await tell(further(first.run, ...approved), T0 + pauseAfter(1));
      expect(await withButton()).toEqual([]);
      const titles = (await world.slack.messages()).map(({ lines }) => lines[0]);
      expect(titles).toContain("hello-1: replaced by a newer message");
    });

    test("one that was deleted stays so", async () => {
      const { run } = await tell(gated(SLACK));
      const [older] = await withButton();
      if (older === undefined) throw new Error("nothing was asked");
      await world.slack.remove(older);
      await tell(further(run, VOIDED));
      const titles = (await world.slack.messages()).map(({ lines }) => lines[0]);
      expect(titles.filter((title) => title?.includes("replaced"))).toEqual([]);
    });

    test("a question that somebody has refused has no button, either", async () => {
      const { run } = await tell(gated(SLACK));
      await tell(further(run, { ...approvalBy("bob"), type: "approval.refused" }));
      expect(await withButton()).toEqual([]);
    });
  });

  test("one that Slack does not take for now is said later", async () => {
    await world.slack.fault("throttle", 1);
    const { run } = await tell(gated(SLACK));
    expect(await world.slack.messages()).toEqual([]);
    await tell(run, T0 + pauseAfter(1));
    expect(await world.slack.messages()).toHaveLength(3);
  });

  test("without a token, or with a wrong one, it says what to put where", async () => {
    world.setSecret({});
    const { event } = await tell(gated(SLACK));
    expect(event.told["slack C0123456789"]?.thread?.failed).toMatchObject({
      final: true,
      problem: "the Slack secret has no botToken: put one there, see docs/messages.md",
    });
    world.setSecret({ botToken: "xoxb-of-somebody-else" });
    const wrong = await tell(gated(SLACK));
    expect(wrong.event.told["slack C0123456789"]?.thread?.failed).toMatchObject({
      final: true,
      problem: "Slack refused chat.postMessage: invalid_auth",
    });
    world.setSecret({ botToken: 7 });
    const malformed = await tell(gated(SLACK));
    expect(malformed.event.told["slack C0123456789"]?.thread?.failed?.problem).toMatch(
      /^the Slack secret cannot be read: the Slack secret is not as docs\/messages.md says: botToken: /,
    );
  });

  test("claims that nobody comes back from end, too", async () => {
    const { event } = await tell(gated(SLACK), T0, 3);
    expect(event.told["slack C0123456789"]?.thread?.failed).toMatchObject({ final: true });
    expect(await world.slack.messages()).toEqual([]);
  });
});

describe("Slack, by an incoming webhook", () => {
  test("news one by one; a name that the secret does not have is refused for good", async () => {
    await tell(gated(HOOK));
    expect((await world.slack.messages()).map(({ channel, lines }) => [channel, lines[0]])).toEqual([
      ["webhook releases", "hello-1: approval wanted for production"],
    ]);
    const { event } = await tell(gated({ ...HOOK, webhook: "nowhere" }));
    expect(event.told["slack webhook nowhere"]?.["approval production"]?.failed).toMatchObject({
      final: true,
      problem: 'the Slack secret has no webhook "nowhere": put it there, see docs/messages.md',
    });
  });
});

describe("SNS", () => {
  test("a subject in ASCII, the facts, the link, and attributes to filter by", async () => {
    await tell(gated(TOPIC_OF_ALL));
    expect(await world.published()).toMatchObject({
      messages: [
        { subject: "hello-1: staging runs the release" },
        {
          topicArn: "arn:aws:sns:us-east-1:000000000000:tandem-releases",
          subject: "hello-1: approval wanted for production",
          message: expect.stringMatching(
            /^hello-1: approval wanted for production\n\n1 of 1 approval still wanted [\s\S]*approve or refuse it there: http:\/\/[^ ]*\/console\/runs\/hello-1\n$/,
          ),
          attributes: {
            ...{ pipeline: "hello", run: "hello-1", stage: "production", type: "approval", state: "wanted" },
            id: "hello-1/approval production/wanted 0",
          },
        },
      ],
    });
  });

  test.each([
    ["fail-before", /InternalFailure/],
    ["throttle", /Throttling/],
  ] as const)("what passes is tried again: %s", async (mode, problem) => {
    // The client itself asks three times.
    world.faults.add({ operation: "sns.Publish", mode, times: 6, milliseconds: 0 });
    const { run, event } = await tell(gated(TOPIC_OF_ALL));
    expect(event.told["sns releases"]?.["stage staging"]?.failed).toMatchObject({
      ...{ tries: 1, final: false },
      problem: expect.stringMatching(problem),
    });
    world.faults.clear();
    await tell(run, T0 + pauseAfter(1));
    expect(await world.published()).toMatchObject({ messages: [expect.anything(), expect.anything()] });
  });

  test("a topic that is not there is refused for good", async () => {
    const gone = await tell(gated({ ...TOPIC_OF_ALL, topic: "arn:aws:sns:us-east-1:000000000000:gone" }));
    expect(
      gone.event.told["sns arn:aws:sns:us-east-1:000000000000:gone"]?.["stage staging"]?.failed,
    ).toMatchObject({
      final: true,
      problem: "SNS refused it: sns: Topic does not exist (NotFound)",
    });
    const unknown = await tell(gated({ ...TOPIC_OF_ALL, topic: "other" }));
    expect(unknown.event.told["sns other"]?.["stage staging"]?.failed?.problem).toBe(
      'the stack has no topic "other": deploy it again',
    );
  });
});

describe("EventBridge", () => {
  test("events of our own source, as the schema says", async () => {
    await tell(gated(BUS));
    const { events } = (await world.events()) as {
      events: readonly { event: { source: string; "detail-type": string; detail: unknown } }[];
    };
    expect(
      events.map(({ event }) => [event.source, event["detail-type"], eventSchema.parse(event.detail).state]),
    ).toEqual([
      ["tandem", "Tandem Run State Change", "started"],
      ["tandem", "Tandem Stage State Change", "succeeded"],
      ["tandem", "Tandem Approval State Change", "wanted"],
    ]);
  });

  test.each(["fail-before", "throttle"] as const)("what passes is tried again: %s", async (mode) => {
    world.faults.add({ operation: "events.PutEvents", mode, times: 3, milliseconds: 0 });
    const { run, event } = await tell(gated(BUS));
    expect(event.told["event-bridge default"]?.start?.failed).toMatchObject({ tries: 1, final: false });
    world.faults.clear();
    await tell(run, T0 + pauseAfter(1));
    expect(await world.events()).toMatchObject({ events: { length: 3 } });
  });

  test("a bus that is not there is refused for good", async () => {
    const { event } = await tell(gated({ ...BUS, bus: "other" }));
    expect(event.told["event-bridge other"]?.start?.failed).toMatchObject({
      final: true,
      problem: "EventBridge refused it: events: Event bus other does not exist. (ResourceNotFoundException)",
    });
  });
});

test("in the loop, one channel that fails holds up neither the run nor the others, and nothing is sent twice", async () => {
  await world.slack.fault("fail", 1_000);
  const store = memoryStore();
  const { aws } = fakeAws({});
  const context = { ...contextOf(aws, store), messenger: world.messenger };
  const deps: Deps = { store, now: () => T0, perform: (run, command) => perform(context, run, command) };
  const messages = [SLACK, TOPIC_OF_ALL];
  const begun = UNTIL_GATED.map((event) =>
    event.type === "run.started" ? { ...event, definition: definition({ messages }) } : event,
  );
  await store.streams.append(runStream("hello-1"), 0, begun);
  const advanced = await advance(deps, "hello-1");
  expect(advanced.errors).toEqual([]);
  await advance(deps, "hello-1");
  const { run } = await loadRun(store, "hello-1");
  expect(run?.messaging).toBeUndefined();
  expect(await world.published()).toMatchObject({ messages: [expect.anything(), expect.anything()] });
  expect(Object.keys(run?.told ?? {})).toEqual(["slack C0123456789", "sns releases"]);
});
