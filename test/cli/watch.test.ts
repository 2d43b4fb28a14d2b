import { afterEach, describe, expect, test } from "@jest/globals";
import type { RunView } from "../../shared/pipeline/view.ts";
import { build, DIGEST, type FakeApi, type RunSettings, startFakeApi, tandem, view } from "./support.ts";

let api: FakeApi | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
});

const [image] = view().images;
const [staging, production] = view().stages;
if (image === undefined || staging === undefined || production === undefined)
  throw new Error("an incomplete view");

const running = (platform: string) => ({ platform, status: "running", attempt: 1, retried: [] });
const pending = { ...production, status: "pending", gate: undefined };
const unbuilt = { ...image, status: "unpublished", indexDigest: undefined, tags: undefined };
const noTasks = {
  ...staging,
  status: "pending",
  services: [{ cluster: "staging", service: "web", status: "pending", images: {} }],
};
const building = view({
  status: "building",
  updatedAt: "2026-11-21T20:00:01.000Z",
  images: [{ ...unbuilt, builds: [running("linux/amd64"), running("linux/arm64")] }],
  stages: [noTasks, pending],
});
const halfBuilt = view({
  status: "building",
  updatedAt: "2026-11-21T20:00:04.000Z",
  images: [{ ...unbuilt, builds: [build("linux/amd64"), running("linux/arm64")] }],
  stages: [noTasks, pending],
});
const succeeded = view({
  status: "succeeded",
  reason: "runs in staging, production",
  updatedAt: "2026-11-21T20:01:30.000Z",
});

/** Answers with one view after the other; the last stays. */
const watch = async (views: readonly RunView[], args: readonly string[] = [], settings: RunSettings = {}) => {
  let next = 0;
  api = await startFakeApi(() => {
    const body = views[Math.min(next, views.length - 1)];
    next += 1;
    return { body };
  });
  return tandem(["watch", "hello-3", ...args], { url: api.url, ...settings });
};

describe("not in a terminal", () => {
  test("one line for each change, none twice, and no escape codes", async () => {
    const { code, out } = await watch([building, building, building, halfBuilt, view(), succeeded]);
    expect(code).toBe(0);
    expect(out).toBe(
      `      1.0 s  build hello linux/amd64 running
      1.0 s  build hello linux/arm64 running
      1.0 s  run hello-3 building
      4.0 s  build hello linux/amd64 succeeded in 3.3 s
     12.3 s  build hello linux/arm64 succeeded in 3.3 s
     12.3 s  index hello published ${DIGEST}
     12.3 s  stage staging succeeded
     12.3 s  service staging/web succeeded with sha256:a1a1a1a1a1a1 on arm64 2, x86_64 2
     12.3 s  stage production gated: 1 of release-managers may \`tandem approve hello-3 production\`
     12.3 s  run hello-3 staging
1 min 30 s  run hello-3 succeeded: runs in staging, production
`.replace(/^1 min/m, " 1 min"),
    );
  });

  test("a run that failed: exit 1, the end of the log, and where to read on", async () => {
    const failed = {
      ...running("linux/arm64"),
      status: "failed",
      reason: "failed in BUILD",
      log: { group: "g", stream: "s", link: "https://logs.example", lines: ["boom"] },
    };
    const run = view({
      status: "failed",
      reason: "building failed",
      images: [{ ...unbuilt, builds: [{ ...running("linux/amd64"), status: "stopped" }, failed] }],
      stages: [noTasks, pending],
    });
    const { code, out } = await watch([building, run]);
    expect(code).toBe(1);
    expect(out).toContain("build hello linux/arm64 failed: failed in BUILD\n");
    expect(out).toContain("the end of the log of linux/arm64:\n    | boom\n    read on: AWS_ENDPOINT_URL=");
  });

  test("superseded is no success", async () => {
    const { code, out } = await watch([building, view({ status: "superseded", supersededBy: "hello-4" })]);
    expect(code).toBe(1);
    expect(out).toContain("run hello-3 superseded: superseded by hello-4\n");
  });

  test("--json prints the run as it ended and nothing else", async () => {
    const { code, out } = await watch([building, succeeded], ["--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(succeeded)));
  });

  test("a machine that is asked often: well below a second between two looks", async () => {
    const began = Date.now();
    await watch([building, building, building, building, succeeded]);
    expect(Date.now() - began).toBeLessThan(4 * 1000);
  });
});

describe("what is special about a run", () => {
  const special = view({
    ...succeeded,
    trigger: "schedule",
    images: [{ ...image, reusedFrom: "hello-2", builds: [] }],
    reportProblem: "GitHub is told nothing",
  });

  test("is told once, line by line", async () => {
    const { out } = await watch([building, special]);
    expect(out).toContain(`index hello published ${DIGEST}, reused from hello-2\n`);
    expect(out.split("GitHub is told nothing")).toHaveLength(2);
    expect(out).not.toContain("schedule");
    await api?.close();
    expect((await watch([special])).out).toMatch(/^started by the schedule\n/);
  });

  test("stays on the page in a terminal", async () => {
    const { out } = await watch([special], [], { live: true });
    expect(out).toContain("\nstarted by the schedule\n");
  });

  test("is no line of --json", async () => {
    const { out } = await watch([special], ["--json"]);
    expect(JSON.parse(out)).toMatchObject({ trigger: "schedule" });
  });
});

const ESCAPE = "\u001b";
/** Back to the first line of what was drawn before. */
const UP = new RegExp(`${ESCAPE}\\[(?=\\d+F)`);

describe("in a terminal", () => {
  test("is drawn over itself, and the end stays whole", async () => {
    const { code, out } = await watch([building, building, succeeded], [], { live: true });
    expect(code).toBe(0);
    const [first = "", second = "", ...more] = out.split(UP);
    expect(more).toEqual([]);
    const height = first.split("\n").length - 1;
    expect(second).toMatch(new RegExp(`^${height}F${ESCAPE}\\[J`));
    expect(second).toContain("hello-3");
    expect(second).toContain("runs in staging, production");
  });

  test("a page higher than the terminal keeps its end", async () => {
    const { out } = await watch([building, succeeded], [], { live: true, rows: 6 });
    const [first = ""] = out.split(UP);
    expect(first.split("\n").length - 1).toBeLessThan(6);
    expect(first).toContain("production/web");
  });
});

describe("when it breaks", () => {
  test("Ctrl-C ends it with 130", async () => {
    const interrupt = new AbortController();
    const { code } = await watch([building], [], {
      signal: interrupt.signal,
      onOut: () => interrupt.abort(),
    });
    expect(code).toBe(130);
  });

  test("an address that stops answering is given up, with the remedy", async () => {
    let looks = 0;
    api = await startFakeApi(() => {
      looks += 1;
      return looks < 3 ? { body: building } : { status: 502, body: { message: "Bad Gateway" } };
    });
    const { code, err } = await tandem(["watch", "hello-3"], { url: api.url });
    expect(code).toBe(3);
    expect(err).toMatch(/answered \/api\/runs\/hello-3 with 502: Bad Gateway: try again/);
    expect(looks).toBe(2 + 6);
  });

  test("one failed look is forgiven", async () => {
    let looks = 0;
    api = await startFakeApi(() => {
      looks += 1;
      return looks === 3 ? { status: 502, body: "" } : { body: looks < 5 ? building : succeeded };
    });
    expect((await tandem(["watch", "hello-3"], { url: api.url })).code).toBe(0);
  });
});
