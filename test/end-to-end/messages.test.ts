import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { eventSchema } from "../../shared/definition/event-schema.ts";
import { isGated, isOver, type Run, releaseOf } from "./support/api.ts";
import { eventually } from "./support/poll.ts";
import { APPROVE, Slack } from "./support/slack.ts";
import { application } from "./support/working-copy.ts";
import { openWorld, seed, type World } from "./support/world.ts";

const CHANNEL = "C0123456789";

const PIPELINE = `name: hello
source:
  codecommit: { repository: hello, branches: [main] }
images:
  - name: hello
stages:
  - name: staging
    deploy: [{ ecs: { cluster: staging, service: web, containers: { web: hello } } }]
  - name: production
    approval: { from: [release-managers], required: 2, selfApproval: true }
    deploy: [{ ecs: { cluster: production, service: web, containers: { web: hello } } }]
identities:
  alice: ["slack:T0000LOCAL/U0000ALICE"]
  bob: ["slack:T0000LOCAL/U000000BOB"]
  carol: ["slack:T0000LOCAL/U0000CAROL"]
messages:
  - slack: { channel: ${CHANNEL} }
  - slack: { webhook: releases }
    about: [approvals]
  - sns: { topic: releases, email: [managers@example.com] }
  - eventBridge: {}
`;

/** Somebody else's function, which a rule of theirs hands Tandem's events. */
const LISTENER = `  onTandemEvent:
    handler: functions/on-tandem-event.handler
    role: !GetAtt SweepRole.Arn
    events:
      - eventBridge:
          pattern:
            source: [tandem]
            detail-type: ["Tandem Approval State Change"]
            detail: { state: [wanted] }
`;

/** Adds the listener to a checkout. */
async function addListener(folder: string): Promise<void> {
  const yaml = join(folder, "serverless.yml");
  const text = await readFile(yaml, "utf8");
  await writeFile(
    yaml,
    text.replace(/^functions:\n/m, (line) => line + LISTENER),
  );
  await appendFile(
    join(folder, "functions", "on-tandem-event.ts"),
    "export const handler = async (event: { detail: { run: string } }) => console.log(`heard of ${event.detail.run}`);\n",
  );
}

let world: World;
let slack: Slack;
beforeAll(async () => {
  world = await openWorld({ pipelines: { "hello.yml": PIPELINE }, prepare: addListener });
  slack = new Slack(world.url);
  await seed(world, ["staging", "production"]);
}, 120_000);
afterAll(() => world?.close(), 30_000);

let version = 0;

/** A run that waits for approvals in production. */
async function waiting(): Promise<Run> {
  const { api, copy } = world;
  version += 1;
  const commit = await copy.commit(application(version), "carol");
  await copy.push("carol");
  return api.until(await api.runOf(commit), isGated("production"));
}

const published = z.object({
  messages: z.array(
    z.object({
      topicArn: z.string(),
      subject: z.string(),
      message: z.string(),
      attributes: z.record(z.string(), z.string()),
      to: z.array(z.string()),
    }),
  ),
});

async function notices() {
  return published.parse(await (await fetch(`${world.url}/_local/sns/messages`)).json()).messages;
}

describe("a run that waits for two approvals", () => {
  let run: Run;
  beforeAll(async () => {
    run = await waiting();
  });

  test("is told of in one thread, with what is asked, of whom, about what, and by when", async () => {
    const head = await slack.said(run.id, ({ channel }) => channel === CHANNEL);
    const asked = await slack.said(
      `${run.id}: approval wanted for production`,
      ({ channel }) => channel === CHANNEL,
    );
    expect(head.threadTs).toBeUndefined();
    expect(asked).toMatchObject({ threadTs: head.ts, broadcast: true, edits: 0 });
    expect(asked.lines).toEqual([
      `${run.id}: approval wanted for production`,
      expect.stringMatching(
        /^2 of 2 approvals still wanted from release-managers, by 20\d\d-\d\d-\d\d \d\d:\d\d UTC$/,
      ),
      `hello: ${releaseOf(run, "production")}`,
      `commit ${run.commit.slice(0, 7)} of main in hello by carol`,
    ]);
    const link = `${world.url}/console/runs/${run.id}`;
    expect(asked.buttons).toEqual([
      { action: APPROVE, text: "Approve" },
      { action: "tandem-open", text: "Look at it, or refuse", url: link },
    ]);
    expect((await fetch(link)).status).toBe(200);
    expect((await world.api.run(run.id)).stages[1]?.gate?.approvals).toEqual([]);
  });

  test("by e-mail and on the event bus, too, where a rule of somebody else's takes it", async () => {
    const mail = await eventually(
      async () =>
        (await notices()).find(({ subject }) => subject === `${run.id}: approval wanted for production`),
      "the notice",
    );
    expect(mail).toMatchObject({
      topicArn: expect.stringMatching(/:tandem-production-releases$/),
      to: ["email managers@example.com"],
      attributes: { pipeline: "hello", run: run.id, stage: "production", type: "approval", state: "wanted" },
    });
    expect(mail.message).toContain(`${world.url}/console/runs/${run.id}`);

    const events = (await world.control.events()).filter(({ event }) => event.source === "tandem");
    const details = events.map(({ event }) => eventSchema.parse(event.detail));
    expect(details).toContainEqual(
      expect.objectContaining({
        run: run.id,
        stage: "production",
        state: "wanted",
        approval: expect.objectContaining({ from: ["release-managers"], required: 2, approvedBy: [] }),
      }),
    );
    await eventually(async () => {
      const { events = [] } = await world.aws.logs.filterLogEvents({
        logGroupName: "/aws/lambda/tandem-production-onTandemEvent",
        filterPattern: `"heard of ${run.id}"`,
      });
      return events.length > 0 ? true : undefined;
    }, "the rule's target");
  });

  test("a press that Slack has not signed, or signed long ago, is refused and counted", async () => {
    const asked = await slack.said(`${run.id}: approval wanted for production`);
    for (const how of [{ secret: "guessed" }, { ageSeconds: 301 }, { ageSeconds: -301 }])
      expect(await slack.press(asked, "alice", how)).toMatchObject({ status: 401 });
    const unsigned = await fetch(`${world.url}/slack/interactions`, { method: "POST", body: "payload={}" });
    expect(unsigned.status).toBe(401);
    const { events = [] } = await world.aws.logs.filterLogEvents({
      logGroupName: "/aws/lambda/tandem-production-onSlackInteraction",
      filterPattern: "SlackRefused",
    });
    expect(events.filter(({ message = "" }) => message.includes('"SlackRefused":1'))).toHaveLength(4);
    expect((await world.api.run(run.id)).stages[1]?.gate?.approvals).toEqual([]);
  });

  test("somebody whom nobody knows, and somebody outside of the group, are told so, and only they", async () => {
    const asked = await slack.said(`${run.id}: approval wanted for production`);
    expect(await slack.press(asked, "mallory")).toEqual({ status: 200, body: "" });
    expect(await slack.press(asked, "carol")).toEqual({ status: 200, body: "" });
    expect(await slack.tellsSoMuch("U00MALLORY", 1)).toEqual([
      expect.stringContaining('add "slack:T0000LOCAL/U00MALLORY" to your name under `identities`'),
    ]);
    expect(await slack.tellsSoMuch("U0000CAROL", 1)).toEqual([
      expect.stringMatching(
        /^only members of release-managers decide on stage production; ask one of them, or have somebody add carol to the group: /,
      ),
    ]);
    expect((await world.api.run(run.id)).stages[1]?.gate?.approvals).toEqual([]);
  });

  test("a press approves; the message is updated; the same again, replayed or clicked twice, is no second decision", async () => {
    const title = `${run.id}: approval wanted for production`;
    const asked = await slack.said(title, ({ channel }) => channel === CHANNEL);
    expect(await slack.press(asked, "alice")).toEqual({ status: 200, body: "" });
    expect(await slack.replay()).toEqual({ status: 200, body: "" });
    expect(await slack.press(asked, "alice")).toEqual({ status: 200, body: "" });
    const lines = await slack.tellsSoMuch("U0000ALICE", 2);
    expect([...lines].sort()).toEqual([
      "alice approved production of hello-1",
      "alice has approved production already",
    ]);
    const updated = await slack.said(title, ({ ts, edits }) => ts === asked.ts && edits > 0);
    expect(updated.lines[1]).toMatch(
      /^1 of 2 approvals still wanted from release-managers \(alice approved\)/,
    );
    const events = await world.api.events(run.id);
    expect(events.filter(({ type }) => type === "approval.given")).toHaveLength(1);
  });

  test("the second approval by a webhook's message lets it go; every message says how it went", async () => {
    const byHook = await slack.said(
      `${run.id}: approval wanted for production`,
      ({ channel }) => channel === "webhook releases",
    );
    expect(await slack.press(byHook, "bob")).toEqual({ status: 200, body: "" });
    await world.api.until(run.id, isOver);
    const approved = await slack.said(`${run.id}: production is approved`, ({ ts }) => ts === byHook.ts);
    expect(approved.lines).toContain("approved by alice, bob");
    for (const { channel, buttons } of await slack.messages())
      if (channel === CHANNEL) expect(buttons.map(({ action }) => action)).not.toContain(APPROVE);
    const head = await slack.said(run.id, ({ lines }) => lines[1]?.startsWith("succeeded") === true);
    const thread = (await slack.messages()).filter(({ threadTs }) => threadTs === head.ts);
    expect(thread.map(({ lines }) => lines[0])).toEqual([
      `${run.id}: staging runs the release`,
      `${run.id}: production is approved`,
      `${run.id}: production runs the release`,
    ]);
    const { body } = await world.api.send("GET", `/api/runs/${run.id}/events`);
    expect(JSON.stringify(body)).toContain('"identity":"slack:T0000LOCAL/U000000BOB"');
  });

  test("a press on what has been decided long since says so", async () => {
    const byHook = await slack.said(
      `${run.id}: production is approved`,
      ({ channel }) => channel !== CHANNEL,
    );
    expect(byHook.buttons.map(({ action }) => action)).not.toContain(APPROVE);
  });
});

describe("a channel that fails", () => {
  test("holds nothing up, shows in the run, and is tried again without a flood", async () => {
    await slack.fault("fail", 1_000);
    const run = await waiting();
    const told = await eventually(async () => {
      const { body } = await world.api.send("GET", `/api/runs/${run.id}`);
      const { messageProblems } = z.object({ messageProblems: z.array(z.string()).optional() }).parse(body);
      return messageProblems;
    }, "the problem");
    expect(told).toContainEqual(expect.stringMatching(/^slack C0123456789: Slack answered 500/));
    expect((await notices()).filter(({ attributes }) => attributes.run === run.id).length).toBeGreaterThan(0);
  });
});
