import { describe, expect, test } from "@jest/globals";
import { stageStream } from "../../shared/effects/stage-lock.ts";
import type { RunsAnswer } from "../../shared/pipeline/api-views.ts";
import { headOf } from "../../shared/pipeline/view.ts";
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
} from "../pipeline/given.ts";
import { APPROVAL_PATH, person, Setting } from "./setting.ts";

const alice = person("alice", "[release-managers]");
const bob = person("bob", "[release-managers]");
const carol = person("carol", "[developers]");
const API = "/console/api";
const COMMIT = "1".repeat(40);

const two = definition({ stages: [STAGING, { ...PRODUCTION, approval: { ...APPROVAL, required: 2 } }] });

const waiting = {
  type: "approval",
  pipeline: "hello",
  stage: "production",
  run: "hello-1",
  since: "2026-11-21T09:00:00.000Z",
  commit: COMMIT,
  ref: "refs/heads/main",
  author: "alice@example.com",
  gate: {
    release: INDEX,
    from: ["release-managers"],
    required: 2,
    approvals: [],
    expiresAt: "2026-11-28T09:00:00.000Z",
  },
  links: {
    run: "/runs/hello-1",
    events: "/runs/hello-1/events",
    card: "/runs/hello-1/stages/production/card",
    approval: "/runs/hello-1/stages/production/approval",
  },
};

describe("what waits for me", () => {
  const atTheGate = () => Setting.atTheGate({ pipeline: two, people: { author: "alice@example.com" } });

  test("is what I may decide; the author is told why not", async () => {
    const setting = await atTheGate();
    expect((await setting.get(`${API}/inbox`, bob)).body).toEqual({ person: "bob", items: [waiting] });
    expect((await setting.get(`${API}/inbox`, carol)).body).toEqual({ person: "carol", items: [] });
    expect((await setting.get(`${API}/inbox`, alice)).body).toEqual({
      person: "alice",
      items: [{ ...waiting, barred: expect.stringContaining("you are the author of this commit") }],
    });
  });

  test("is gone for me once I have approved, and still there for others", async () => {
    const setting = await atTheGate();
    await setting.post(APPROVAL_PATH, bob, { decision: "approve", release: INDEX });
    expect((await setting.get(`${API}/inbox`, bob)).body).toMatchObject({ items: [] });
    const dan = person("dan", "[release-managers]");
    expect((await setting.get(`${API}/inbox`, dan)).body).toMatchObject({
      items: [{ gate: { approvals: ["bob"] } }],
    });
  });

  test("holds a stage that is held", async () => {
    const setting = new Setting({ pipeline: two });
    await setting.lock({ type: "stage.held", runId: "hello-7", reason: "ECS rolled its deployment back" });
    expect((await setting.get(`${API}/inbox`, bob)).body).toMatchObject({
      items: [
        {
          type: "hold",
          stage: "production",
          run: "hello-7",
          reason: "ECS rolled its deployment back",
          links: { releaseHold: "/pipelines/hello/stages/production/release-hold" },
        },
      ],
    });
  });
});

describe("the pipelines", () => {
  test("with each stage as it is: release, holder, gate, queue and hold", async () => {
    const setting = await Setting.atTheGate({ pipeline: two });
    await setting.lock({ type: "stage.queued", runId: "hello-2", sequence: 2 });
    expect((await setting.get(`${API}/pipelines`, carol)).body).toMatchObject({
      pipelines: [
        {
          name: "hello",
          source: { type: "codecommit", repository: "hello" },
          mode: "superseded",
          images: [{ name: "hello", platforms: ["linux/amd64", "linux/arm64"] }],
          stages: [
            { name: "staging", queue: [] },
            {
              name: "production",
              services: [{ cluster: "production", service: "web" }],
              approval: { from: ["release-managers"], required: 2, selfApproval: false },
              holder: {
                run: "hello-1",
                sequence: 1,
                phase: "gated",
                commit: COMMIT,
                gate: { approvals: [] },
              },
              queue: [{ run: "hello-2", sequence: 2 }],
            },
          ],
        },
      ],
    });
  });

  test("the release is that of the last run that succeeded there", async () => {
    const setting = await Setting.atTheGate({ pipeline: two });
    const release = { runId: "hello-1", sequence: 1, commit: COMMIT, release: INDEX, at: T0 };
    await setting.lock({ type: "stage.left", runId: "hello-1", outcome: "succeeded", release });
    const { body } = await setting.get(`${API}/pipelines/hello`, carol);
    expect(body).toMatchObject({
      stages: [
        {},
        {
          release: {
            run: "hello-1",
            commit: COMMIT,
            ref: "refs/heads/main",
            release: INDEX,
            at: "2026-11-21T09:00:00.000Z",
          },
        },
      ],
    });
  });

  test("a stage that does without an architecture says so", async () => {
    const setting = await Setting.atTheGate({ pipeline: two });
    const quarantined = {
      "production/web": { architecture: "arm64", reason: "exit 255" },
    } as const;
    const release = { runId: "hello-1", sequence: 1, commit: COMMIT, release: INDEX, at: T0, quarantined };
    await setting.lock({ type: "stage.left", runId: "hello-1", outcome: "succeeded", release });
    const { body } = await setting.get(`${API}/pipelines/hello`, carol);
    const line = { cluster: "production", service: "web", architecture: "arm64", reason: "exit 255" };
    expect(body).toMatchObject({ stages: [{}, { quarantined: [line] }] });
  });

  test("one that there is not is named, with those that there are", async () => {
    const setting = new Setting({});
    expect(await setting.get(`${API}/pipelines/moon`, carol)).toMatchObject({
      status: 404,
      body: { error: { code: "unknown-pipeline", message: 'there is no pipeline "moon"; there are hello' } },
    });
    expect(await setting.get(`${API}/pipelines/hello/stages/moon/history`, carol)).toMatchObject({
      status: 404,
    });
  });
});

describe("a stage's history", () => {
  test("has the runs that came there, the newest first, with who decided", async () => {
    const setting = await Setting.atTheGate({ pipeline: two });
    await setting.post(APPROVAL_PATH, bob, {
      decision: "refuse",
      release: INDEX,
      comment: "errors on arm64",
    });
    const [, ...rest] = UNTIL_GATED;
    await setting.tell([started({ runId: "hello-2", sequence: 2, at: T0 + 5, definition: two }), ...rest]);
    await setting.tell([started({ runId: "hello-3", sequence: 3, at: T0 + 9, definition: two })]);
    const { body } = await setting.get(`${API}/pipelines/hello/stages/production/history`, carol);
    expect(body).toMatchObject({
      pipeline: "hello",
      stage: "production",
      entries: [
        { run: "hello-2", outcome: "gated", enteredAt: "2026-11-21T09:00:00.000Z", decisions: [] },
        {
          run: "hello-1",
          outcome: "refused",
          reason: expect.stringContaining("bob"),
          release: INDEX,
          decisions: [{ act: "refuse", person: "bob", comment: "errors on arm64" }],
        },
      ],
    });
  });
});

describe("the list of runs", () => {
  async function many(): Promise<Setting> {
    const setting = new Setting({});
    for (let n = 1; n <= 30; n += 1) {
      const name = n % 3 === 0 ? "web" : "hello";
      const run = runAfter(
        started({ runId: `${name}-${n}`, sequence: n, at: T0 + n, definition: definition({ name }) }),
      );
      const head = headOf(run, 1);
      await setting.store.heads.put(n % 2 === 0 ? { ...head, status: "succeeded", active: false } : head);
    }
    return setting;
  }

  const isRuns = (value: unknown): value is RunsAnswer =>
    typeof value === "object" && value !== null && "runs" in value;

  async function all(setting: Setting, query: string) {
    const ids: string[] = [];
    const sizes: number[] = [];
    for (let cursor: string | undefined = ""; cursor !== undefined; ) {
      const more: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const { body } = await setting.get(`${API}/runs?limit=4${query}${more}`, carol);
      if (!isRuns(body)) throw new Error("no list of runs");
      ids.push(...body.runs.map(({ id }) => id));
      sizes.push(body.runs.length);
      cursor = body.cursor;
    }
    return { ids, sizes };
  }

  test("is of one pipeline, of one status, or of both", async () => {
    const setting = await many();
    expect((await all(setting, "")).ids).toHaveLength(30);
    const web = await all(setting, "&pipeline=web");
    expect(web.ids).toEqual(["30", "27", "24", "21", "18", "15", "12", "9", "6", "3"].map((n) => `web-${n}`));
    expect(web.sizes).toEqual([4, 4, 2]);
    const both = await all(setting, "&pipeline=web&status=building");
    expect(both.ids).toEqual(["web-27", "web-21", "web-15", "web-9", "web-3"]);
    expect((await all(setting, "&status=succeeded")).ids).toHaveLength(15);
    expect((await all(setting, "&pipeline=moon")).ids).toEqual([]);
  });

  test.each(["limit=0", "limit=201", "limit=x", "cursor=x"])("refuses %s", async (query) => {
    const setting = await many();
    expect((await setting.get(`${API}/runs?${query}`, carol)).status).toBe(400);
  });
});

test("reading writes nothing", async () => {
  const setting = await Setting.atTheGate({ pipeline: two });
  const before = await setting.stored();
  const staging = await setting.store.streams.load(stageStream("hello", "staging"));
  for (const path of [
    "/me",
    "/inbox",
    "/pipelines",
    "/audit",
    "/runs",
    "/runs/hello-1",
    "/runs/hello-1/events",
  ])
    for (let n = 0; n < 100; n += 1) expect((await setting.get(API + path, bob)).status).toBe(200);
  expect(await setting.stored()).toEqual(before);
  expect(await setting.store.streams.load(stageStream("hello", "staging"))).toEqual(staging);
});
