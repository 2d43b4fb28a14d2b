import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { AuditEntry, HistoryEntry, InboxItem } from "../../shared/pipeline/api-views.ts";
import { COMMIT, DIGEST, type FakeApi, startFakeApi, tandem, view } from "./support.ts";

let api: FakeApi;
/** What the API answers to a path. */
let answers: Readonly<Record<string, unknown>>;
beforeEach(async () => {
  api = await startFakeApi(({ url }) => {
    const path = url.split("?")[0] ?? "";
    const body = answers[url] ?? answers[path];
    return body === undefined
      ? { status: 404, body: { error: { code: "not-found", message: "no such address" } } }
      : { body };
  });
});
afterEach(() => api.close());

const run = (...args: readonly string[]) => tandem(args, { url: api.url });

describe("inbox", () => {
  const approval: InboxItem = {
    type: "approval",
    pipeline: "hello",
    stage: "production",
    run: "hello-3",
    since: "2026-11-21T20:00:12.000Z",
    commit: COMMIT,
    ref: "refs/heads/main",
    author: "Carol\u001b[2J <carol@example.com>",
    gate: {
      release: DIGEST,
      from: ["release-managers"],
      required: 2,
      approvals: ["alice"],
      expiresAt: "2026-11-28T20:00:12.000Z",
    },
    links: { run: "/runs/hello-3", events: "", card: "", approval: "" },
    barred: undefined,
  };
  const hold: InboxItem = {
    type: "hold",
    pipeline: "shop",
    stage: "production",
    run: "shop-9",
    since: undefined,
    reason: "ECS rolled service web back",
    links: { run: "", releaseHold: "" },
  };

  test("lists what waits, with the command that answers it", async () => {
    answers = { "/api/inbox": { person: "bob", items: [approval, hold] } };
    expect(await run("inbox")).toEqual({
      code: 0,
      err: "",
      out: `hello-3 waits for production since 2026-11-21 20:00:12 UTC
  main 0123456 by Carol\u{fffd}[2J <carol@example.com>
  1 of 2 approvals, until 2026-11-28 20:00:12 UTC
  decide: tandem approve hello-3 production  or  tandem refuse hello-3 production --reason WHY

shop/production is held: ECS rolled service web back
  release it: tandem release-hold shop production --reason WHY
`,
    });
  });

  test("says what is not yours, and why", async () => {
    const barred = "you are the author of this commit";
    answers = { "/api/inbox": { person: "carol", items: [{ ...approval, barred }] } };
    const { out } = await run("inbox");
    expect(out).toContain("  not yours to approve: you are the author of this commit\n");
    expect(out).not.toContain("tandem approve");
  });

  test("that is empty says so; --json is the API's answer", async () => {
    answers = { "/api/inbox": { person: "bob", items: [] } };
    expect((await run("inbox")).out).toBe("nothing waits for bob\n");
    expect(JSON.parse((await run("inbox", "--json")).out)).toEqual({ person: "bob", items: [] });
  });
});

const decision = (change: Partial<AuditEntry> = {}): AuditEntry => ({
  at: "2026-11-21T09:00:01.000Z",
  act: "approve",
  pipeline: "hello",
  run: "hello-3",
  stage: "production",
  person: "bob",
  identity: "arn:aws:sts::000000000000:assumed-role/release-managers/bob",
  release: DIGEST,
  commit: COMMIT,
  comment: "seen on staging",
  from: "iam 192.0.2.7",
  ...change,
});

describe("history", () => {
  const entry = (sequence: number, outcome: string, decisions: readonly AuditEntry[] = []): HistoryEntry => ({
    run: `hello-${sequence}`,
    sequence,
    commit: COMMIT,
    ref: "refs/heads/main",
    outcome,
    enteredAt: "2026-11-21T20:00:12.000Z",
    decisions,
  });

  test("lists the runs that came to a stage, and who decided", async () => {
    const entries = [entry(3, "gated"), entry(2, "succeeded", [decision(), decision({ person: "alice" })])];
    answers = { "/api/pipelines/hello/stages/production/history": { entries, cursor: "next" } };
    const { code, out } = await run("history", "hello", "production", "--limit", "2");
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "RUN      OUTCOME    COMMIT   ENTERED (UTC)        DECISIONS",
      "hello-3  gated      0123456  2026-11-21 20:00:12",
      "hello-2  succeeded  0123456  2026-11-21 20:00:12  approve: bob, approve: alice",
      "older ones: tandem history hello production --cursor next",
      "",
    ]);
    expect(api.seen.map(({ url }) => url)).toEqual([
      "/api/pipelines/hello/stages/production/history?limit=2",
    ]);
    expect(JSON.parse((await run("history", "hello", "production", "--json")).out)).toEqual({
      entries,
      cursor: "next",
    });
  });

  test("of a stage that nothing has come to, and of one that is not there", async () => {
    answers = { "/api/pipelines/hello/stages/production/history": { entries: [] } };
    expect((await run("history", "hello", "production")).out).toBe(
      "no run has come to production of hello yet\n",
    );
    expect(await run("history", "hello", "moon")).toMatchObject({ code: 4, out: "" });
  });
});

describe("audit", () => {
  beforeEach(() => {
    answers = {
      "/api/audit": {
        entries: [decision({ at: "2026-11-21T10:00:00.000Z", person: "alice" })],
        cursor: "c1",
      },
      "/api/audit?cursor=c1": { entries: [], cursor: "c2" },
      "/api/audit?cursor=c2": { entries: [decision()] },
    };
  });

  test("lists every page's decisions, the oldest first", async () => {
    const { code, out } = await run("audit");
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "TIME (UTC)           WHO    WHAT     RUN      STAGE       COMMENT",
      "2026-11-21 09:00:01  bob    approve  hello-3  production  seen on staging",
      "2026-11-21 10:00:00  alice  approve  hello-3  production  seen on staging",
      "",
    ]);
  });

  test("--json says who (both ways), when, what was shown, and from where", async () => {
    const { out } = await run("audit", "--json");
    expect(JSON.parse(out).entries[0]).toEqual(decision());
  });

  test("--from and --to are times in UTC; a word is none", async () => {
    answers = { "/api/audit": { entries: [] } };
    const { out } = await run(
      "audit",
      "--from",
      "2026-11-01",
      "--to",
      "2026-12-01T09:00Z",
      "--pipeline",
      "hello",
    );
    expect(out).toBe("no decisions in that time\n");
    const query = new URLSearchParams(api.seen[0]?.url.split("?")[1]);
    expect(Object.fromEntries(query)).toEqual({
      from: "2026-11-01T00:00:00.000Z",
      to: "2026-12-01T09:00:00.000Z",
      pipeline: "hello",
    });
    expect(await run("audit", "--from", "yesterday")).toMatchObject({
      code: 2,
      err: expect.stringContaining('--from: "yesterday" is no time'),
    });
  });

  test("--csv is what a spreadsheet reads, and none of its cells is a formula", async () => {
    const entries = [
      decision({ comment: 'he said "go", twice\nreally' }),
      decision({ comment: "=HYPERLINK(1)", person: "+bob", stage: undefined }),
    ];
    answers = { "/api/audit": { entries } };
    const { out } = await run("audit", "--csv");
    const [head, ...rows] = out.split("\r\n");
    expect(head).toBe("at,act,person,identity,pipeline,run,stage,release,commit,comment,from");
    expect(rows[0]).toMatch(/,"he said ""go"", twice\nreally",iam 192\.0\.2\.7$/);
    expect(rows[1]).toMatch(/^2026-11-21T09:00:01\.000Z,approve,'\+bob,/);
    expect(rows[1]).toMatch(/,hello-3,,sha256:/);
    expect(rows[1]).toContain(",'=HYPERLINK(1),");
    expect(rows[2]).toBe("");
  });
});

describe("a place that is not written whole", () => {
  const stage = (name: string, ...services: readonly string[]) => ({
    name,
    services: services.map((service) => ({ cluster: name, service })),
    queue: [],
  });
  const PIPELINES = {
    pipelines: [
      { name: "hello", stages: [stage("staging", "web"), stage("production", "web", "worker")] },
      { name: "shop", stages: [stage("staging", "shop")] },
    ],
  };
  const history = { entries: [] };
  const shifted = { run: view(), message: "alice started hello-7: shift" };

  test("is found where there is one", async () => {
    answers = {
      "/api/pipelines": PIPELINES,
      "/api/pipelines/hello/stages/production/history": history,
      "/api/pipelines/hello/stages/production/shift": shifted,
    };
    expect((await run("history", "production")).out).toBe("no run has come to production of hello yet\n");
    expect((await run("shift", "worker", "--to", "graviton=75%")).code).toBe(0);
    expect((await run("shift", "production/web", "--to", "graviton=75%")).code).toBe(0);
    const wishes = api.seen.flatMap(({ method, body }) => (method === "POST" ? [JSON.parse(body)] : []));
    expect(wishes).toMatchObject([
      { cluster: "production", service: "worker", to: { graviton: 75 } },
      { cluster: "production", service: "web", to: { graviton: 75 } },
    ]);
  });

  test("is refused where there is none, or several, which are named", async () => {
    answers = { "/api/pipelines": PIPELINES };
    expect(await run("history", "canary")).toMatchObject({
      code: 4,
      err: 'tandem: no pipeline has a stage "canary"; there are hello staging, hello production, shop staging\n',
    });
    expect(await run("shift", "api", "--to", "graviton=75%")).toMatchObject({
      code: 4,
      err: expect.stringMatching(
        /no pipeline has a service "api"; there are staging\/web \(hello staging\), /,
      ),
    });
    expect(await run("history", "staging")).toMatchObject({
      code: 2,
      err: expect.stringContaining('more than one stage "staging": say which of hello staging, shop staging'),
    });
    expect(await run("shift", "web", "--to", "graviton=75%")).toMatchObject({
      code: 2,
      err: expect.stringContaining("staging/web (hello staging), production/web (hello production)"),
    });
    expect(await run("shift", "production", "web", "--to", "graviton=75%")).toMatchObject({
      code: 2,
      err: expect.stringContaining("write PIPELINE STAGE SERVICE, or the service alone"),
    });
    answers = { "/api/pipelines": { pipelines: [] } };
    expect(await run("history", "canary")).toMatchObject({
      code: 4,
      err: 'tandem: no pipeline has a stage "canary"; there is none at all\n',
    });
  });
});

test("hold sends the reason", async () => {
  answers = { "/api/pipelines/hello/stages/production/hold": { message: "bob holds production of hello" } };
  expect(await run("hold", "hello", "production", "--reason", "load test")).toEqual({
    code: 0,
    out: "bob holds production of hello\n",
    err: "",
  });
  expect(api.seen.map(({ method, body }) => [method, JSON.parse(body)])).toEqual([
    ["POST", { reason: "load test" }],
  ]);
  expect(await run("hold", "hello", "production")).toMatchObject({ code: 0 });
  expect(api.seen.at(-1)?.body).toBe("{}");
});
