import { describe, expect, test } from "@jest/globals";
import { createPaint, cut, width } from "../../cli/render/text.ts";
import { createDecide } from "../../demo/approval.ts";
import { createClients } from "../../demo/clients.ts";
import { Display } from "../../demo/display.ts";
import type { DemoOptions } from "../../demo/options.ts";
import { secondsOf } from "../../demo/result.ts";
import { picture, type ShownTask } from "../../demo/tasks.ts";
import { DIGEST, startFakeApi, view } from "./support.ts";

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";

const ESCAPE = "\u001b";

describe("the picture of a service", () => {
  const task = (architecture: "x86_64" | "arm64", taskDefinition: string, running = true): ShownTask => ({
    id: "1",
    cluster: "staging",
    architecture,
    running,
    taskDefinition,
    simulated: true,
    hostPort: undefined,
  });

  test("by architecture; of the release, starting, of before", () => {
    const tasks = [
      task("x86_64", "web:1"),
      task("x86_64", "web:2"),
      task("arm64", "web:2", false),
      task("arm64", "web:1"),
      task("arm64", "web:1"),
    ];
    expect(picture(tasks, "web:1")).toBe("x86_64 ●○    arm64 ◌○○");
  });

  test("no tasks at all", () => {
    expect(picture([], "web:1")).toBe("x86_64       arm64");
  });
});

describe("where the time went", () => {
  const events = [
    { type: "run.started", at: 1000 },
    { type: "build.requested", at: 1010 },
    { type: "build.requested", at: 1011 },
    { type: "build.succeeded", at: 3010 },
    { type: "build.succeeded", at: 4010 },
    { type: "index.published", at: 4110 },
    { type: "deployment.requested", at: 4200, stage: "staging" },
    { type: "deployment.succeeded", at: 5200, stage: "staging" },
    { type: "stage.entered", at: 5300, stage: "production" },
    { type: "deployment.requested", at: 15_300, stage: "production" },
    { type: "deployment.succeeded", at: 17_300, stage: "production" },
    { type: "run.finished", at: 17_400 },
  ];

  test("out of the run's own record, without the time a person took", () => {
    expect(secondsOf(events, 900, 9500)).toEqual({ builds: 3, publish: 0.1, stages: 3, total: 7 });
  });

  test("what did not take place took no time", () => {
    expect(secondsOf([{ type: "run.started", at: 1000 }], 900, 0)).toEqual({
      builds: 0,
      publish: 0,
      stages: 0,
      total: 0,
    });
  });
});

const terminalOf = (live: boolean) => {
  const printed: string[] = [];
  return {
    printed,
    terminal: {
      out: (text: string) => void printed.push(text),
      err: () => undefined,
      live,
      colours: false,
      size: () => ({ columns: 20, rows: 5 }),
    },
  };
};

describe("the display", () => {
  test("a log has one line for each change, and clocks are no change", () => {
    const { terminal, printed } = terminalOf(false);
    const display = new Display(terminal);
    display.show([{ key: "a", text: "one", clock: "1 s" }]);
    display.show([{ key: "a", text: "one", clock: "2 s" }]);
    display.show([
      { key: "a", text: "two" },
      { key: "b", text: "three" },
    ]);
    expect(printed).toEqual(["one\n", "two\n", "three\n"]);
  });

  test("a terminal is drawn over, no line wraps, and what is said stays", () => {
    const { terminal, printed } = terminalOf(true);
    const display = new Display(terminal);
    display.show([{ key: "a", text: "a line that is far too long for it", clock: "1 s" }]);
    display.show([{ key: "a", text: "short", clock: "1 s" }]);
    display.say("approved");
    display.show([{ key: "a", text: "short" }]);
    expect(printed).toEqual([
      "a line that is far \n",
      `${ESCAPE}[1F${ESCAPE}[Jshort  1 s\n`,
      "approved\n",
      "short\n",
    ]);
  });
});

test("colours take no room, and are ended where a line is cut", () => {
  const { good, bad } = createPaint(true);
  const line = `${good("succeeded")} and ${bad("failed")}`;
  expect(width(line)).toBe("succeeded and failed".length);
  expect(cut(line, 100)).toBe(line);
  expect(cut(line, 16)).toBe(`${good("succeeded")} and ${bad("fa")}`);
  expect(width(cut(line, 3))).toBe(3);
});

describe("the approval", () => {
  const decided = async (parts: Partial<Pick<DemoOptions, "yes">>, answers?: readonly string[]) => {
    const api = await startFakeApi(() => ({ body: { run: view(), message: "alice has decided" } }));
    const { terminal, printed } = terminalOf(false);
    const left = [...(answers ?? [])];
    const ask = async (question: string) => {
      printed.push(question);
      return left.shift() ?? "";
    };
    const signal = new AbortController().signal;
    const clients = createClients(api.url, signal);
    const options: DemoOptions = {
      yes: false,
      keep: false,
      engine: "none",
      signal,
      terminal: { ...terminal, ...(answers === undefined ? {} : { ask }) },
      ...parts,
    };
    try {
      await createDecide(clients, new Display(terminal), options)(view(), "production");
    } finally {
      clients.close();
      await api.close();
    }
    const [request] = api.seen;
    return { body: JSON.parse(request?.body ?? "{}"), signed: request?.headers.authorization, printed };
  };

  test("without a terminal alice approves what is shown", async () => {
    const { body, signed, printed } = await decided({});
    expect(body).toMatchObject({ decision: "approve", release: DIGEST });
    expect(signed).toMatch(/Credential=alice\//);
    expect(printed.join("")).toMatch(/there is no terminal to ask in/);
  });

  test("with --yes nobody is asked", async () => {
    const { body, printed } = await decided({ yes: true }, ["n"]);
    expect(body.decision).toBe("approve");
    expect(printed.join("")).toMatch(/alice has decided \(--yes\)/);
  });

  test("a person is asked until the answer is one", async () => {
    const { body, printed } = await decided({}, ["", "maybe", " Y "]);
    expect(body.decision).toBe("approve");
    expect(printed.filter((line) => line.includes("release to production? (y/n)"))).toHaveLength(3);
  });

  test("and may refuse", async () => {
    expect((await decided({}, ["no"])).body).toMatchObject({
      decision: "refuse",
      comment: "refused in the demo",
    });
  });
});
