import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { type RunningDemo, startDemo } from "./demo-support.ts";
import { tandem } from "./support.ts";

/** Packaging the functions may come first, on a machine that has other things to do. */
const START_MS = 240_000;

let demo: RunningDemo | undefined;
const start = async (...args: string[]): Promise<RunningDemo> => {
  demo = await startDemo(["--engine", "none", ...args]);
  return demo;
};
afterEach(async () => {
  await demo?.remove();
  demo = undefined;
});

// Packaging comes first where the functions have changed, and leaves files of its own.
beforeAll(async () => {
  const warm = await startDemo(["--engine", "none", "--port", "0"]);
  await warm.said("local: engine none");
  warm.child.kill("SIGINT");
  await warm.ended();
  await warm.remove();
}, START_MS);

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const service = (name: string, indexDigest: string) =>
  z.strictObject({
    service: z.literal("web"),
    taskDefinition: z.string().regex(new RegExp(`:task-definition/${name}-web:\\d+$`)),
    imageDigest: z.literal(indexDigest),
    tasks: z.strictObject({ x86_64: z.literal(2), arm64: z.literal(2) }),
  });
const stage = (name: string, indexDigest: string) =>
  z.strictObject({
    name: z.literal(name),
    status: z.literal("succeeded"),
    services: z.tuple([service(name, indexDigest)]),
  });
const head = z.object({ images: z.tuple([z.object({ indexDigest: digest })]) });
const resultOf = (indexDigest: string) =>
  z.strictObject({
    id: z.string(),
    status: z.literal("succeeded"),
    commit: z.string().regex(/^[0-9a-f]{40}$/),
    images: z.tuple([
      z.strictObject({
        repository: z.literal("hello"),
        indexDigest: digest,
        platforms: z.tuple([z.literal("linux/amd64"), z.literal("linux/arm64")]),
      }),
    ]),
    stages: z.tuple([stage("staging", indexDigest), stage("production", indexDigest)]),
    seconds: z.strictObject({
      builds: z.number(),
      publish: z.number(),
      stages: z.number(),
      total: z.number(),
    }),
  });

const kept = z.object({
  stages: z.tuple([
    z.object({ status: z.literal("succeeded") }),
    z.object({ name: z.literal("production"), gate: z.object({ open: z.literal(true) }) }),
  ]),
});

/** What a visitor does who finds a demo that was kept: opens the console, and the card. */
async function looksAround(running: RunningDemo): Promise<void> {
  const { out } = running.output();
  const [, consolePage = "", card = "", page, run] =
    /version 3 waits for you at production; .*\n {2}(\S+)\n {2}((\S+\/console\/)runs\/(hello-3)#production)\n/.exec(
      out,
    ) ?? [];
  expect(page).toBe(consolePage);
  for (const address of [consolePage, card]) {
    const response = await fetch(address);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<script type="module"');
  }
  const environment = { TANDEM_URL: new URL(card).origin, HOME: "/nowhere" };
  const shown = await tandem(["show", run ?? "", "--json"], { environment });
  kept.parse(JSON.parse(shown.out));
  expect(out.slice(out.indexOf("version 3 waits"))).toContain(`TANDEM_URL=${environment.TANDEM_URL}`);
}

describe("tandem demo", () => {
  test(
    "two versions reach production, one after the other, in a log without escape codes; with --keep a third waits there for the visitor, until Ctrl-C; nothing is left",
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "tandem-demo-result-"));
      const file = join(folder, "result.json");
      const running = await start("--port", "0", "--json", file, "--keep");
      for (const run of ["hello-1", "hello-2"])
        await running.said(`alice approved production of ${run} (there is no terminal to ask in)`);
      await running.said(/^ {2}git clone .*\n$/m);
      await looksAround(running);
      expect(running.child.exitCode).toBeNull();
      running.child.kill("SIGINT");
      const code = await running.ended();
      const { out, err } = running.output();
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).not.toContain("\u001b");

      // The same line twice in a row would be no change.
      const lines = out.split("\n");
      expect(lines.filter((line, at) => line !== "" && line === lines[at - 1])).toEqual([]);
      expect(out).toMatch(/simulated: without docker or podman nothing is executed/);
      expect(out).toMatch(
        /^ {2}index +sha256:[0-9a-f]{12} {2}linux\/amd64 [\d.]+ MB \+ linux\/arm64 [\d.]+ MB$/m,
      );
      expect(out).toMatch(/^ {2}production {2}x86_64 ○○ {4}arm64 ○○ {2}waits for approval$/m);
      expect(out).toMatch(/^ {2}alice approved production of hello-1 \(there is no terminal to ask in\)$/m);
      expect(out).toMatch(/^ {2}production {2}x86_64 ●● {4}arm64 ●● {2}succeeded$/m);

      const written: unknown = JSON.parse(await readFile(file, "utf8"));
      await rm(folder, { recursive: true });
      const { engine, runs } = z
        .strictObject({ engine: z.literal("none"), runs: z.array(z.unknown()) })
        .parse(written);
      expect(engine).toBe("none");
      expect(runs).toHaveLength(2);
      const digests = runs.map((run) => {
        const [image] = head.parse(run).images;
        const { seconds } = resultOf(image.indexDigest).parse(run);
        expect(seconds.total).toBeGreaterThan(seconds.builds);
        expect(seconds.total).toBeLessThan(90);
        return image.indexDigest;
      });
      expect(new Set(digests).size).toBe(2);
      expect(await running.leftFiles()).toEqual([]);
      expect(await running.leftProcesses()).toEqual([]);
    },
    START_MS + 90_000,
  );

  test.each([
    ["while it starts", /local: state is kept/],
    ["while images are built", /DOWNLOAD_SOURCE|BUILD/],
    ["while tasks move", /staging +x86_64/],
  ])(
    "Ctrl-C %s: exit 130, and nothing is left",
    async (_, moment) => {
      const running = await start("--port", "0", "--yes");
      await running.said(moment);
      running.child.kill("SIGINT");
      // A second one, as people press it, changes nothing.
      running.child.kill("SIGINT");
      const code = await running.ended();
      expect({ code, err: running.output().err }).toEqual({ code: 130, err: "" });
      expect(await running.leftFiles()).toEqual([]);
      expect(await running.leftProcesses()).toEqual([]);
    },
    START_MS + 60_000,
  );

  test("a port that was asked for and is taken: exit 1, with the remedy", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    try {
      const running = await start("--port", String(port));
      expect(await running.ended()).toBe(1);
      expect(running.output().err).toBe(`tandem demo: port ${port} is in use: choose another with --port\n`);
      expect(await running.leftFiles()).toEqual([]);
    } finally {
      server.close();
    }
  });

  test(
    "port 4566 is taken and nobody asked for it: another is taken, and it says so",
    async () => {
      const server = createServer().listen(4566, "127.0.0.1");
      // Taken by somebody else already is as good.
      await Promise.race([once(server, "listening"), once(server, "error")]);
      try {
        const running = await start();
        await running.said("port 4566 is in use: taking another\n");
        await running.said(/tandem demo at http:\/\/127\.0\.0\.1:(?!4566)\d+/);
        running.child.kill("SIGINT");
        expect(await running.ended()).toBe(130);
      } finally {
        server.close();
      }
    },
    START_MS + 60_000,
  );
});
