import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { cleanEnvironment, PROJECT } from "./support/local-up.ts";

/** Two releases of programs of 10 MB: where containers are tested there is time for them, too. */
const withTime = process.env.TANDEM_TEST_ENGINE === "podman" ? describe : describe.skip;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const tasks = z.strictObject({ x86_64: z.number(), arm64: z.number() });
const service = z.strictObject({
  service: z.string(),
  taskDefinition: z.string(),
  imageDigest: digest,
  tasks,
});
const stage = z.strictObject({ name: z.string(), status: z.string(), services: z.array(service) });
const image = z.strictObject({ repository: z.string(), indexDigest: digest, platforms: z.array(z.string()) });
const seconds = z.strictObject({
  builds: z.number(),
  publish: z.number(),
  stages: z.number(),
  total: z.number(),
});

/** What `npm run demo -- --json FILE` promises to write. */
const result = z.strictObject({
  engine: z.string(),
  runs: z.array(
    z.strictObject({
      id: z.string(),
      status: z.string(),
      commit: z.string().regex(/^[0-9a-f]{40}$/),
      images: z.array(image),
      stages: z.array(stage),
      seconds,
    }),
  ),
});

withTime("npm run demo", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "e2e-demo-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each([
    { engine: "none", limit: 90 },
    { engine: "podman", limit: 180 },
  ])(
    "with engine $engine releases two versions within $limit s, and waits for nothing but builds and rollouts",
    async ({ engine, limit }) => {
      const file = join(folder, `${engine}.json`);
      const args = ["run", "demo", "--", "--json", file, "--engine", engine, "--port", "0"];
      const began = performance.now();
      const child = spawn("npm", args, {
        cwd: PROJECT,
        env: cleanEnvironment(),
        stdio: ["ignore", "pipe", "pipe"],
      });
      let out = "";
      child.stdout.on("data", (chunk) => {
        out += String(chunk);
      });
      child.stderr.resume();
      await once(child, "close");
      expect(child.exitCode).toBe(0);
      expect((performance.now() - began) / 1000).toBeLessThan(limit);
      expect(out).not.toContain("\u001b");

      const { runs, ...rest } = result.parse(JSON.parse(await readFile(file, "utf8")));
      expect(rest).toEqual({ engine });
      expect(runs).toHaveLength(2);
      for (const { status, images, stages, seconds } of runs) {
        expect(status).toBe("succeeded");
        expect(images).toMatchObject([{ repository: "hello", platforms: ["linux/amd64", "linux/arm64"] }]);
        expect(stages.map(({ name }) => name)).toEqual(["staging", "production"]);
        for (const { status, services } of stages) {
          expect(status).toBe("succeeded");
          expect(services).toMatchObject([
            { service: "web", imageDigest: images[0]?.indexDigest, tasks: { x86_64: 2, arm64: 2 } },
          ]);
        }
        // Nothing but these is waited for; five seconds for a machine that has other things to do.
        expect(seconds.total).toBeLessThanOrEqual(1.25 * (seconds.builds + seconds.stages) + 5);
      }
      expect(runs[0]?.images[0]?.indexDigest).not.toBe(runs[1]?.images[0]?.indexDigest);
    },
    200_000,
  );
});
