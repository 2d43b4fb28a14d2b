import { describe, expect, test } from "@jest/globals";
import { advance, advanceAll, type Deps, loadRun, runStream } from "../../shared/advance.ts";
import { facts, NOTHING } from "../../shared/effects/context.ts";
import { reportToGitHub } from "../../shared/effects/github-report.ts";
import type { Command, Outcome } from "../../shared/pipeline/commands.ts";
import type { RunEvent, RunEventOf } from "../../shared/pipeline/events.ts";
import { plan } from "../../shared/pipeline/plan.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { LEASE_MILLISECONDS } from "../../shared/pipeline/silence.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import {
  buildFailed,
  buildStarted,
  buildSucceeded,
  COMMIT,
  deploymentStarted,
  deploymentSucceeded,
  PRODUCTION,
  published,
  runAfter,
  STAGING,
  stageEntered,
  started,
  T0,
  UNTIL_PUBLISHED,
} from "../pipeline/given.ts";
import { fakeGitHub, type GitHubCall, type Reply } from "./fake-github.ts";
import { contextOf, fakeAws } from "./fakes.ts";
import { githubPipeline } from "./sources.ts";

const DEFINITION = githubPipeline(
  { stages: [{ ...STAGING, url: "https://staging.example.com" }, PRODUCTION] },
  { repository: "acme/web" },
);

const atGitHub = (events: readonly RunEvent[]): readonly RunEvent[] =>
  events.map((event) => (event.type === "run.started" ? { ...event, definition: DEFINITION } : event));
const runOf = (...events: readonly RunEvent[]) => runAfter(...atGitHub(events));

/** Numbers what is created; lists nothing. */
function creating(): (call: GitHubCall) => Reply {
  let id = 100;
  return ({ method, path }) => {
    if (method === "GET") return { data: path.includes("/check-runs") ? { check_runs: [] } : [] };
    id += 1;
    return { data: { id } };
  };
}

async function report(run: Run, github: ReturnType<typeof fakeGitHub>, now = T0) {
  const command = plan(run, now).find((one) => one.type === "report");
  if (command === undefined) throw new Error("nothing is to be reported");
  const all = { ...contextOf(fakeAws({}).aws), github: github.api, now: () => now };
  const { events } = await reportToGitHub(all, run, command);
  const [event] = events;
  if (event?.type !== "report.made") throw new Error("nothing was reported");
  return event;
}

const brief = (calls: readonly GitHubCall[]) => calls.map(({ method, path }) => `${method} ${path}`).sort();

describe("with a token", () => {
  test("statuses are set", async () => {
    const github = fakeGitHub(creating(), "token");
    const event = await report(
      runOf(started(), buildStarted("linux/amd64"), buildFailed("linux/arm64")),
      github,
    );
    const path = `/repos/acme/web/statuses/${COMMIT}`;
    expect(github.calls).toEqual([
      {
        method: "POST",
        path,
        body: { context: "tandem/hello: hello linux/amd64", state: "pending", description: "builds" },
      },
      {
        method: "POST",
        path,
        body: {
          context: "tandem/hello: hello linux/arm64",
          state: "failure",
          description: "failed: failed in BUILD: exit status 1",
        },
      },
      expect.objectContaining({ path }),
    ]);
    expect(event.said["tandem/hello: hello linux/amd64"]).toEqual({
      state: "running",
      description: "builds",
    });
  });

  test("what was cancelled is an error", async () => {
    const github = fakeGitHub(creating(), "token");
    const ended: RunEvent = { type: "run.superseded", at: T0, by: "hello-2" };
    await report(runOf(started(), ended), github);
    expect(github.calls.map(({ body }) => body)).toContainEqual({
      context: "tandem/hello: staging",
      state: "error",
      description: "superseded by hello-2",
    });
  });
});

describe("as an App", () => {
  test("check runs are created once, and then changed", async () => {
    const github = fakeGitHub(creating());
    const begun = [started(), buildStarted("linux/amd64"), buildStarted("linux/arm64")];
    const first = await report(runOf(...begun), github);
    expect(github.calls[0]).toEqual({
      method: "POST",
      path: "/repos/acme/web/check-runs",
      body: {
        name: "tandem/hello: hello linux/amd64",
        head_sha: COMMIT,
        external_id: "hello-1 tandem/hello: hello linux/amd64",
        status: "in_progress",
        output: { title: "builds", summary: "hello-1: builds" },
      },
    });
    const id = first.said["tandem/hello: hello linux/amd64"]?.id;
    await report(runOf(...begun, first, buildSucceeded("linux/amd64")), github);
    expect(github.calls.slice(3)).toEqual([
      {
        method: "PATCH",
        path: `/repos/acme/web/check-runs/${id}`,
        body: {
          status: "completed",
          conclusion: "success",
          output: { title: "built in 0 s", summary: "hello-1: built in 0 s" },
        },
      },
    ]);
  });

  test("a stage is a deployment of its environment", async () => {
    const github = fakeGitHub(creating());
    const deploying = [...UNTIL_PUBLISHED, stageEntered("staging"), deploymentStarted("staging")];
    const first = await report(runOf(...deploying), github);
    const id = first.said["deployment staging"]?.id;
    expect(github.calls.filter(({ path }) => path.includes("deployments"))).toEqual([
      {
        method: "POST",
        path: "/repos/acme/web/deployments",
        body: {
          ref: COMMIT,
          environment: "staging",
          auto_merge: false,
          required_contexts: [],
          payload: { run: "hello-1" },
          description: "run hello-1",
        },
      },
      {
        method: "POST",
        path: `/repos/acme/web/deployments/${id}/statuses`,
        body: {
          state: "in_progress",
          description: "deploys web",
          environment_url: "https://staging.example.com",
        },
      },
    ]);
    const count = github.calls.length;
    await report(runOf(...deploying, first, deploymentSucceeded("staging")), github);
    expect(brief(github.calls.slice(count))).toEqual([
      expect.stringMatching(/^PATCH \/repos\/acme\/web\/check-runs\/\d+$/),
      `POST /repos/acme/web/deployments/${id}/statuses`,
    ]);
  });

  test("what a lost attempt has created is found, and not created twice", async () => {
    const github = fakeGitHub((call) => {
      const { method, path } = call;
      if (method !== "GET") return creating()(call);
      if (path.includes("/deployments")) return { data: [{ id: 7, description: "run hello-1" }] };
      const name = new URL(path, "https://x").searchParams.get("check_name");
      return {
        data: {
          check_runs: [
            { id: 4, external_id: "other" },
            { id: 5, external_id: `hello-1 ${name}` },
          ],
        },
      };
    });
    const events = [
      ...UNTIL_PUBLISHED,
      stageEntered("staging"),
      deploymentStarted("staging"),
      { type: "report.requested", at: T0, lease: 0 },
    ] as const;
    const event = await report(runOf(...events), github, T0 + LEASE_MILLISECONDS);
    expect(github.calls.filter(({ method }) => method === "POST").map(({ path }) => path)).toEqual([
      "/repos/acme/web/deployments/7/statuses",
    ]);
    expect(Object.values(event.said).map(({ id }) => id)).toEqual(expect.arrayContaining([5, 7]));
  });
});

describe("what goes wrong", () => {
  const run = runOf(started(), buildStarted("linux/amd64"));

  test.each([401, 403, 404, 422])("%d is kept, and holds nothing up", async (status) => {
    const github = fakeGitHub(({ body }) =>
      JSON.stringify(body).includes("amd64") ? { status } : { data: { id: 1 } },
    );
    const event = await report(run, github);
    expect(event.problem).toContain(`GitHub answered ${status} to POST /repos/acme/web/check-runs`);
    expect(event.said).toMatchObject({
      "tandem/hello: hello linux/amd64": { state: "running", refused: true },
      "tandem/hello: hello linux/arm64": { state: "pending", id: 1 },
    });
  });

  test.each([500, 0])("%d is worth another try", async (status) => {
    const github = fakeGitHub(() => ({ status }));
    await expect(report(run, github)).rejects.toMatchObject({ status });
  });

  test("without anybody who could write, GitHub is not asked", async () => {
    const github = fakeGitHub(() => ({ status: 500 }), "anonymous");
    const event = await report(run, github);
    expect(github.calls).toEqual([]);
    expect(event.problem).toContain("neither a GitHub App nor a token");
  });
});

describe("the loop", () => {
  /** Everything is done at once; `performed` tells in which order. */
  function deps(change: (command: Command) => Promise<Outcome> | undefined = () => undefined, now = T0) {
    const performed: string[] = [];
    const all: Deps = {
      store: memoryStore(),
      now: () => now,
      perform: async (run, command) => {
        performed.push(`${run.id} ${command.type}`);
        const other = change(command);
        if (other !== undefined) return other;
        switch (command.type) {
          case "start-build":
            return facts(buildStarted(command.platform));
          case "publish-index":
            return facts(published());
          case "report":
            return facts(said(command));
          default:
            return NOTHING;
        }
      },
    };
    return { deps: all, performed };
  }

  const said = (command: Extract<Command, { type: "report" }>): RunEventOf<"report.made"> => ({
    type: "report.made",
    at: T0,
    said: Object.fromEntries(
      command.reports.map(({ key, state, description }) => [key, { state, description }]),
    ),
  });

  const begin = () => started({ definition: DEFINITION });

  test("reports once, after everything else, and says how it is then", async () => {
    const { deps: all, performed } = deps();
    const { run } = await advance(all, "hello-1", begin());
    expect(performed).toEqual(["hello-1 start-build", "hello-1 start-build", "hello-1 report"]);
    expect(Object.values(run?.reported ?? {}).map(({ state }) => state)).toEqual([
      "running",
      "running",
      "pending",
    ]);
  });

  test("the claim costs no write of its own", async () => {
    const { deps: all } = deps();
    await advance(all, "hello-1", begin());
    await advance(all, "hello-1", buildSucceeded("linux/amd64"));
    const { version, events } = await all.store.streams.load(runStream("hello-1"));
    expect((events as readonly RunEvent[]).slice(-3).map(({ type }) => type)).toEqual([
      "build.succeeded",
      "report.requested",
      "report.made",
    ]);
    expect(version).toBe(5);
  });

  test("a report that fails leaves the run as it is, and is made by whoever comes after the lease", async () => {
    const { deps: all } = deps(({ type }) =>
      type === "report" ? Promise.reject(new Error("503")) : undefined,
    );
    await expect(advanceAll(all, "hello-1", begin())).rejects.toThrow("503");
    expect((await loadRun(all.store, "hello-1")).run).toMatchObject({
      status: { status: "building" },
      reported: {},
    });
    const early = { ...deps().deps, store: all.store };
    const before = (await all.store.streams.load(runStream("hello-1"))).version;
    await advanceAll({ ...early, now: () => T0 + LEASE_MILLISECONDS - 1 }, "hello-1");
    expect((await all.store.streams.load(runStream("hello-1"))).version).toBe(before);
    await advanceAll({ ...early, now: () => T0 + LEASE_MILLISECONDS }, "hello-1");
    expect(Object.keys((await loadRun(all.store, "hello-1")).run?.reported ?? {})).toHaveLength(3);
  });

  test("a change that another invocation makes meanwhile is reported by the one that is at it", async () => {
    const { deps: all, performed } = deps((command) => {
      if (command.type !== "report" || performed.filter((one) => one.endsWith("report")).length > 1)
        return undefined;
      const other = { ...deps().deps, store: all.store };
      return advance(other, "hello-1", buildSucceeded("linux/amd64")).then(() => facts(said(command)));
    });
    const { run } = await advance(all, "hello-1", begin());
    expect(performed.filter((one) => one.endsWith("report"))).toHaveLength(2);
    expect(run?.reported["tandem/hello: hello linux/amd64"]?.state).toBe("success");
  });

  test("other runs that are woken go first", async () => {
    const { deps: all, performed } = deps((command) =>
      command.type === "enter-stage"
        ? Promise.resolve({ events: [], wake: [{ runId: "hello-2" }] })
        : undefined,
    );
    const two = started({ sequence: 2, definition: DEFINITION });
    await all.store.streams.append(runStream("hello-2"), 0, [two]);
    await all.store.streams.append(runStream("hello-1"), 0, atGitHub(UNTIL_PUBLISHED));
    await advanceAll(all, "hello-1");
    const first = (what: string) => performed.indexOf(what);
    expect(first("hello-2 start-build")).toBeLessThan(first("hello-1 report"));
    expect(first("hello-1 report")).toBeGreaterThan(0);
  });
});
