import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { CardView } from "../../shared/pipeline/card-view.ts";
import { COMMIT, DIGEST, type FakeApi, startFakeApi, tandem, view } from "./support.ts";

const BEFORE = `sha256:${"b2".repeat(32)}`;

const CARD: CardView = {
  run: "hello-3",
  pipeline: "hello",
  sequence: 3,
  stage: "production",
  release: DIGEST,
  current: { run: "hello-2", sequence: 2, commit: COMMIT, release: BEFORE, at: "2026-11-20T10:00:00.000Z" },
  commits: [
    { commit: COMMIT, message: "Say hello\n\nAt length.", author: "Carol" },
    { commit: "f".repeat(40), message: "\u001b[31mred\u202egnp.exe <b>", author: "Dave\u0007" },
  ],
  moreCommits: 3,
  images: [
    {
      image: "hello",
      platform: "linux/amd64",
      size: 48_400_000,
      sizeBefore: 44_000_000,
      buildSeconds: 141,
      buildSecondsBefore: 150,
      scan: { status: "COMPLETE", findings: { LOW: 2, CRITICAL: 1, HIGH: 0 }, added: { CRITICAL: 1 } },
    },
    { image: "hello", platform: "linux/arm64", scan: { status: "IN_PROGRESS", findings: {} } },
  ],
  approval: {
    open: true,
    required: 2,
    from: ["release-managers"],
    may: ["alice", "bob"],
    given: [{ person: "alice", at: "2026-11-21T20:01:00.000Z", comment: "seen on staging" }],
    openedAt: "2026-11-21T20:00:12.000Z",
    expiresAt: "2026-11-28T20:00:12.000Z",
    voided: [],
    you: { mayApprove: true, mayRefuse: true, mayWithdraw: false, mayOverride: false },
  },
  missing: ["the scan of linux/arm64 is not done yet"],
};

const RUN = view();
const [staging, production] = RUN.stages;
if (staging === undefined || production?.gate === undefined) throw new Error("the run has no production");
const SHOWN = view({
  stages: [
    staging,
    {
      ...production,
      gate: {
        ...production.gate,
        conditions: [{ name: "window", state: "waiting", why: "closed", until: "2026-11-23T01:00:00.000Z" }],
        voided: ["service web has been changed"],
        round: 1,
      },
      services: [
        {
          cluster: "production",
          service: "web",
          status: "pending",
          images: { web: { from: `hello@${BEFORE}`, to: `hello@${DIGEST}` } },
          changes: [{ path: "containerDefinitions.web.memory", from: "256", to: "512" }],
          hosts: { x86_64: ["x86"], arm64: ["graviton"] },
          rollbackProblems: [],
        },
      ],
    },
  ],
});

let api: FakeApi;
let card: CardView;
beforeEach(async () => {
  card = CARD;
  api = await startFakeApi(({ method, url }) => {
    if (method === "POST") return { body: { run: RUN, message: "bob approved production of hello-3" } };
    return { body: url.endsWith("/card") ? card : SHOWN };
  });
});
afterEach(() => api.close());

const posts = () => api.seen.flatMap(({ method, body }) => (method === "POST" ? [JSON.parse(body)] : []));
const run = (args: readonly string[], answers?: readonly string[]) =>
  tandem(args, { url: api.url, ...(answers === undefined ? {} : { answers }) });

describe("in a terminal", () => {
  test("the card's facts are shown, and yes approves exactly what was shown", async () => {
    const { code, out } = await run(["approve", "hello-3", "production"], ["y"]);
    expect(code).toBe(0);
    expect(out).toBe(`hello-3 asks to go to production
  release     sha256:a1a1a1a1a1a1, in the place of hello-2 of 2026-11-20 10:00:00 UTC

  5 commits since hello-2
    0123456  Say hello  Carol
    fffffff  \u{fffd}[31mred\u{fffd}gnp.exe <b>  Dave\u{fffd}
    and 3 more

  IMAGE  PLATFORM     SIZE               BUILD                SCAN
  hello  linux/amd64  48.4 MB (+10.0 %)  2 min 21 s (-6.0 %)  1 critical (1 new), 2 low
  hello  linux/arm64  unknown            unknown              in progress

  production/web
    image of web
    - hello@${BEFORE}
    + hello@${DIGEST}
    containerDefinitions.web.memory
    - 256
    + 512
    hosts: x86_64 (x86), arm64 (graviton)
    rollback ready

  window      waiting: closed, until 2026-11-23 01:00:00 UTC
  earlier approvals no longer count: service web has been changed
  approvals   1 of 2: alice ("seen on staging")
  may decide  release-managers (alice, bob)
  until       2026-11-28 20:00:12 UTC
  the scan of linux/arm64 is not done yet
Approve hello-3 for production? [y/N] bob approved production of hello-3: ${DIGEST}
`);
    expect(posts()).toEqual([{ decision: "approve", release: DIGEST, round: 1 }]);
  });

  test.each(["", "n", "no", "yeah", "x"])('"%s" is no yes: nothing is sent', async (answer) => {
    const { code, err } = await run(["approve", "hello-3", "production"], [answer]);
    expect({ code, err }).toEqual({ code: 1, err: "tandem: you did not say yes: nothing was sent\n" });
    expect(posts()).toEqual([]);
  });

  test("a refusal asks, too", async () => {
    const { out } = await run(["refuse", "hello-3", "production", "--reason", "slow"], ["YES"]);
    expect(out).toContain("Refuse hello-3 for production? [y/N] ");
    expect(posts()).toEqual([{ decision: "refuse", release: DIGEST, round: 1, comment: "slow" }]);
  });

  test("--yes and --json ask nothing; a withdrawal needs no facts", async () => {
    await run(["approve", "hello-3", "production", "--yes"], []);
    await run(["approve", "hello-3", "production", "--json"], []);
    await run(["withdraw", "hello-3", "production"], []);
    expect(posts().map(({ decision }) => decision)).toEqual(["approve", "approve", "withdraw"]);
    expect(api.seen.filter(({ url }) => url.endsWith("/card"))).toEqual([]);
  });

  test("whoever may not is not asked: the API says why", async () => {
    const you = { ...CARD.approval.you, mayApprove: false, why: "you are the author of this commit" };
    card = { ...CARD, approval: { ...CARD.approval, you } };
    const { out } = await run(["approve", "hello-3", "production"], []);
    expect(out).toContain("  not yours to approve: you are the author of this commit\n");
    expect(posts()).toHaveLength(1);
  });

  test("what changes between two looks is not asked about", async () => {
    card = { ...CARD, release: BEFORE };
    const { code, err } = await run(["approve", "hello-3", "production"], []);
    expect({ code, err }).toEqual({
      code: 6,
      err: "tandem: what hello-3 would release to production has just changed: look at it again\n",
    });
    expect(posts()).toEqual([]);
  });
});

test("without a terminal nothing is asked, and no card fetched", async () => {
  await run(["approve", "hello-3", "production"]);
  expect(posts()).toHaveLength(1);
  expect(api.seen.filter(({ url }) => url.endsWith("/card"))).toEqual([]);
});
