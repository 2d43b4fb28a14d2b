import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { replay } from "../../shared/pipeline/evolve.ts";
import { evolveStageLock, FREE, type StageLockEvent } from "../../shared/pipeline/stage-lock.ts";
import { viewOf } from "../../shared/pipeline/view.ts";
import { approvalPath, isGated, isOver, type Run, releaseOf } from "./support/api.ts";
import type { Person } from "./support/clients.ts";
import { serviceOf } from "./support/clusters.ts";
import { tableItems } from "./support/streams.ts";
import { tandem } from "./support/tandem.ts";
import { application } from "./support/working-copy.ts";
import { openWorld, seed, type World } from "./support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await seed(world, ["staging", "production"]);
}, 90_000);
afterAll(() => world.close(), 30_000);

let version = 0;

/** A run that waits for somebody to let it into production. */
async function waiting(author: Person, pusher: Person): Promise<Run> {
  const { api, copy } = world;
  version += 1;
  const commit = await copy.commit(application(version), author);
  await copy.push(pusher);
  return api.until(await api.runOf(commit), isGated("production"));
}

const decide = (run: Run, as: Person | undefined, decision: string, release = releaseOf(run, "production")) =>
  world.api.decide(run.id, "production", as, decision, release);

const refusal = (status: number, code: string, message: RegExp) => ({
  status,
  body: { error: { code, message: expect.stringMatching(message) } },
});

describe("who may let a release into production", () => {
  let run: Run;
  beforeAll(async () => {
    run = await waiting("alice", "bob");
  });

  test("neither the author nor the pusher, nor anybody who is no release manager, nor anybody about another release", async () => {
    const before = await tableItems(world.aws);
    expect(await decide(run, "alice", "approve")).toMatchObject(
      refusal(403, "self-approval", /^you are the author of this commit/),
    );
    expect(await decide(run, "bob", "approve")).toMatchObject(
      refusal(403, "self-approval", /^you are the pusher of this commit/),
    );
    for (const person of ["mallory", "carol"] as const) {
      for (const decision of ["approve", "refuse"])
        expect(await decide(run, person, decision)).toMatchObject(
          refusal(403, "not-a-member", /^only members of release-managers decide on stage production$/),
        );
    }
    const other = `sha256:${"0".repeat(64)}`;
    expect(await decide(run, undefined, "approve", other)).toMatchObject(
      refusal(409, "other-release", new RegExp(releaseOf(run, "production"))),
    );
    expect(await world.api.decide(run.id, "staging", "alice", "approve", other)).toMatchObject(
      refusal(409, "no-approval", /stage staging of hello-1 asks for no approval/),
    );
    expect(await world.api.decide(run.id, "moon", "alice", "approve", other)).toMatchObject(
      refusal(404, "unknown-stage", /it has staging, production/),
    );
    expect(await world.api.decide("hello-99", "production", "alice", "approve", other)).toMatchObject(
      refusal(404, "unknown-run", /no run "hello-99"/),
    );
    expect(await tableItems(world.aws)).toEqual(before);
  });

  test("a signature that is not the person's is nobody's", async () => {
    const answer = await fetch(`${world.url}${approvalPath(run.id, "production")}`, {
      method: "POST",
      headers: {
        "x-amz-date": new Date().toISOString().replace(/[-:]|\.\d+/g, ""),
        authorization:
          "AWS4-HMAC-SHA256 Credential=alice/20261121/us-east-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=00",
      },
      body: JSON.stringify({ decision: "approve", release: releaseOf(run, "production") }),
    });
    expect(answer.status).toBe(403);
  });

  test("GET, HEAD and OPTIONS on its address, a hundred times each, change nothing", async () => {
    const before = await tableItems(world.aws);
    const release = releaseOf(run, "production");
    const query = new URLSearchParams({ decision: "approve", release });
    const path = `${approvalPath(run.id, "production")}?${query}`;
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => fetch(world.url + path, { method })),
      );
      expect(answers.filter(({ ok }) => ok)).toEqual([]);
    }
    expect(await tableItems(world.aws)).toEqual(before);
    expect((await world.api.run(run.id)).stages[1]?.gate).toMatchObject({ open: true, approvals: [] });
  });
});

describe("a newer run takes the place of one that waits", () => {
  test("visibly; the older can no longer be approved, and the newer, approved twice, is deployed once", async () => {
    const { api, aws, control } = world;
    const [older] = await api.runs();
    const old = await api.run(older?.id ?? "");
    const newer = await waiting("carol", "carol");
    const superseded = await api.until(old.id, ({ status }) => status === "superseded");
    expect(superseded).toMatchObject({ status: "superseded", supersededBy: newer.id });
    expect(superseded.explanation.at(-1)).toBe(`${newer.id} is newer and took its place`);
    expect(superseded.stages[1]).toMatchObject({ status: "not reached", gate: { open: false } });
    expect(await decide(old, "alice", "approve")).toMatchObject(
      refusal(409, "not-waiting", /it is superseded/),
    );
    const shown = await tandem(["show", old.id, "--url", world.url]);
    expect(shown.out).toContain(`superseded by ${newer.id}`);

    expect(await decide(newer, "bob", "approve")).toMatchObject({ status: 200 });
    expect(await decide(newer, "bob", "approve")).toMatchObject({
      status: 200,
      body: { message: "bob has approved production already" },
    });
    const ended = await api.until(newer.id, isOver);
    expect(ended).toMatchObject({
      status: "succeeded",
      stages: [{}, { gate: { approvals: [{ person: "bob" }] } }],
    });
    expect((await api.events(newer.id)).filter(({ type }) => type === "approval.given")).toHaveLength(1);
    // Two stagings, one production.
    const updates = (await control.calls()).filter(({ operation }) => operation === "UpdateService");
    expect(updates).toHaveLength(3);
    expect((await serviceOf(aws, "production")).taskDefinition).toMatch(/-web:2$/);
    expect(await decide(newer, "bob", "approve")).toMatchObject({ status: 200 });
    expect(await decide(newer, "alice", "approve")).toMatchObject(
      refusal(409, "not-waiting", /it is succeeded/),
    );
  });
});

describe("a refusal", () => {
  test("ends the run at its stage, with the reason, by the command of a release manager", async () => {
    const run = await waiting("carol", "carol");
    const as = { AWS_ACCESS_KEY_ID: "alice", AWS_SECRET_ACCESS_KEY: "alice", TANDEM_URL: world.url };
    const refused = await tandem(["refuse", run.id, "production", "--reason", "errors on arm64"], as);
    expect(refused).toEqual({
      code: 0,
      out: `alice refused production of ${run.id}: ${releaseOf(run, "production")}\n`,
      err: "",
    });
    const ended = await world.api.until(run.id, isOver);
    expect(ended).toMatchObject({
      status: "failed",
      reason: expect.stringContaining("alice refused it: errors on arm64"),
    });
    expect(ended.stages[1]).toMatchObject({ status: "refused" });
    const late = await tandem(["approve", run.id, "production"], as);
    expect(late).toMatchObject({
      code: 6,
      out: "",
      err: expect.stringMatching(/does not wait for an approval/),
    });
    expect((await serviceOf(world.aws, "production")).taskDefinition).toMatch(/-web:2$/);
  });
});

describe("a service that somebody changes while people are asked", () => {
  test("is not overwritten: the approval is told what has changed, and people are asked about that", async () => {
    const { api, aws, control } = world;
    const run = await waiting("carol", "carol");
    const { taskDefinition: seen = "" } = await serviceOf(aws, "production");
    const theirs = seen.replace(/:2$/, ":1");
    await aws.ecs.updateService({ cluster: "production", service: "web", taskDefinition: theirs });
    const updates = async () =>
      (await control.calls()).filter(({ operation }) => operation === "UpdateService").length;
    const before = await updates();

    const why = `service web has been changed to ${theirs} since the stage was looked at`;
    expect(await decide(run, "bob", "approve")).toMatchObject({
      status: 409,
      body: { error: { code: "changed", message: expect.stringContaining(why) }, changed: [why] },
    });
    const asked = await api.until(run.id, isGated("production"));
    expect(asked.stages[1]?.gate).toMatchObject({ open: true, approvals: [], round: 1, voided: [why] });
    expect(await updates()).toBe(before);
    expect((await serviceOf(aws, "production")).taskDefinition).toBe(theirs);

    // Who has not seen the new question is told of it once more.
    expect(await decide(run, "bob", "approve")).toMatchObject({ status: 409, body: { changed: [why] } });
    const approval = { decision: "approve", release: releaseOf(asked, "production"), round: 1 };
    const path = approvalPath(run.id, "production");
    expect(await api.send("POST", path, "alice", approval)).toMatchObject({ status: 200 });
    expect(await api.until(run.id, isOver)).toMatchObject({ status: "succeeded" });
    expect(await updates()).toBe(before + 1);
  });
});

describe("the record", () => {
  test("replays to the state: what the API says of every run, and what is stored of every stage", async () => {
    const { api, aws } = world;
    const listed = await api.runs();
    expect(listed.length).toBeGreaterThanOrEqual(3);
    for (const { id } of listed) {
      const { body: shown } = await api.send("GET", `/api/runs/${id}`);
      const { body } = await api.send("GET", `/api/runs/${id}/events`);
      const replayed = replay(recordSchema.parse(body).events);
      if (replayed === undefined) throw new Error(`${id} begins with no run.started`);
      expect(JSON.parse(JSON.stringify(viewOf(replayed)))).toEqual(shown);
    }
    const items = (await tableItems(aws)).filter(({ pk }) => String(pk).startsWith("stage#"));
    const stages = [...new Set(items.map(({ pk }) => String(pk)))];
    expect(stages).toEqual(["stage#hello/production", "stage#hello/staging"]);
    for (const stage of stages) {
      const stream = items.filter(({ pk }) => pk === stage).map((item) => lockSchema.parse(item));
      const events = stream.flatMap((item) => item.events);
      expect(events.reduce(evolveStageLock, FREE)).toEqual(stream.at(-1)?.state);
    }
  });

  test("says who, by which identity, when, about which release, and from where", async () => {
    const as = { AWS_ACCESS_KEY_ID: "carol", AWS_SECRET_ACCESS_KEY: "carol", TANDEM_URL: world.url };
    const { out } = await tandem(["audit", "--json"], as);
    const { entries } = auditSchema.parse(JSON.parse(out));
    expect(entries.map(({ act, person }) => `${person} ${act}`)).toEqual([
      "bob approve",
      "alice refuse",
      "bob approve",
      "alice approve",
    ]);
    for (const { at, person, identity, release, from } of entries) {
      expect(Date.parse(at)).toBeLessThanOrEqual(Date.now());
      expect(identity).toBe(`arn:aws:sts::000000000000:assumed-role/release-managers/${person}`);
      expect(release).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(from).toBe("iam 127.0.0.1");
    }
    const csv = await tandem(["audit", "--csv", "--from", "2020-01-01", "--to", "2020-01-02"], as);
    expect(csv.out.split("\r\n")).toEqual([expect.stringContaining("at,act,person,identity"), ""]);
  });
});

/** An event is whatever the record says; what reads it is the code that wrote it. */
const anEvent = <T>() =>
  z.custom<T>((value) => typeof value === "object" && value !== null && "type" in value);
const recordSchema = z.object({ events: z.array(anEvent<RunEvent>()) });
const lockSchema = z.object({
  events: z.string().transform((text) => z.array(anEvent<StageLockEvent>()).parse(JSON.parse(text))),
  state: z.string().transform((text): unknown => JSON.parse(text)),
});
const auditSchema = z.object({
  entries: z.array(
    z.object({
      ...{ at: z.string(), act: z.string(), person: z.string(), identity: z.string() },
      ...{ release: z.string().optional(), from: z.string().optional() },
    }),
  ),
});
