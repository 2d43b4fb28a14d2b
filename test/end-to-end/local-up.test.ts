import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { isGated, isOver, releaseOf } from "./support/api.ts";
import { byArchitecture, steady, tasksOf } from "./support/clusters.ts";
import { LocalUp, type UpOptions } from "./support/local-up.ts";
import { eventually } from "./support/poll.ts";
import { descendantsOf, survivorsOf } from "./support/processes.ts";
import { application, git } from "./support/working-copy.ts";
import { connect, openWorld, seed } from "./support/world.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "e2e-up-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Whether something listens there. */
async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/_local/health`).then(
    () => true,
    () => false,
  );
}

/** Starts what is not to start. @returns what it says on standard error */
async function refused(options: UpOptions): Promise<string> {
  const up = LocalUp.launch(options);
  expect(await up.exit).toBe(1);
  expect(up.stdout).toBe("");
  // One sentence for a person: no stack trace, and no escape codes.
  expect(up.stderr).not.toMatch(/^\s+at /m);
  expect(up.stderr).not.toContain("\u001b");
  return up.stderr;
}

describe("--state", () => {
  let state: string;
  beforeAll(() => {
    state = join(folder, "kept");
  });

  test("survives a restart: runs, images, services and repositories are there, and the next push is released", async () => {
    const before = await openWorld({ state });
    await seed(before, ["staging", "production"]);
    const commit = await before.copy.commit(application(1));
    await before.copy.push();
    const run = await before.api.until(await before.api.runOf(commit), isGated("production"));
    const digest = run.images[0]?.indexDigest ?? "";
    await before.up.stop("SIGTERM");

    // On another port: task definitions and what the run has stored name the old one.
    const up = await LocalUp.start({ state });
    expect(up.url).not.toBe(before.url);
    const after = connect(up.url);
    expect(await after.api.run(run.id)).toEqual(run);
    expect(await after.registry.digestOf("main")).toBe(digest);
    for (const child of (await after.registry.index(digest)).manifests)
      await after.registry.pull(child.digest);
    const { branch } = await after.aws.codeCommit.getBranch({ repositoryName: "hello", branchName: "main" });
    expect(branch?.commitId).toBe(commit);
    for (const cluster of ["staging", "production"]) {
      await steady(after.aws, cluster);
      expect(byArchitecture(await tasksOf(after.aws, cluster))).toEqual({ x86_64: 2, arm64: 2 });
    }
    // What waited before waits still, and goes on.
    const answer = await after.api.decide(
      run.id,
      "production",
      "alice",
      "approve",
      releaseOf(run, "production"),
    );
    expect(answer.status).toBe(200);
    expect(await after.api.until(run.id, isOver)).toMatchObject({ status: "succeeded" });

    const next = await before.copy.commit(application(2));
    await git(before.copy.folder, ["remote", "set-url", "origin", `${up.url}/git/hello`]);
    await before.copy.push();
    await after.api.until(await after.api.runOf(next), isGated("production"));
    await up.stop();
    after.close();
    await before.close();
  }, 90_000);

  test("is refused where a file is broken, by the file's name and with the remedy", async () => {
    const files = await readdir(state, { recursive: true });
    const parts = ["tandem.json", "ecs"].map(
      (part) => files.find((file) => file.startsWith(part) && file.endsWith(".json")) ?? part,
    );
    await Promise.all(
      parts.map(async (file, at) => {
        const copy = join(folder, "broken", String(at));
        await cp(state, copy, { recursive: true });
        const text = await readFile(join(copy, file), "utf8");
        await writeFile(join(copy, file), text.slice(0, text.length / 2));
        expect(await refused({ state: copy })).toMatch(
          new RegExp(`^tandem local: .*${join(copy, file)} .*--state`, "m"),
        );
      }),
    );
  }, 60_000);

  test("is refused where there is a file in its place", async () => {
    const file = join(folder, "a-file");
    await writeFile(file, "");
    expect(await refused({ state: file })).toMatch(
      new RegExp(`^tandem local: the state folder ${file} is not a directory: move .*--state\\n$`),
    );
  });
});

describe("tandem local up", () => {
  test.each<NodeJS.Signals>(["SIGTERM", "SIGINT"])(
    "says that it is ready in one line, and on %s, with builds under way, leaves nothing behind",
    async (signal) => {
      const temporary = join(folder, signal);
      await mkdir(temporary);
      const world = await openWorld({ environment: { TMPDIR: temporary } });
      const { api, aws, copy, up, url } = world;
      expect(up.stdout).toBe(`ready ${url}\n`);
      const state = /^state is kept in (\S+), and removed at the end$/m.exec(up.stderr)?.[1] ?? "";
      expect(existsSync(state)).toBe(true);

      const commit = await copy.commit(application(1));
      await copy.push();
      await api.runOf(commit);
      const started = await eventually(async () => {
        const { ids = [] } = await aws.codeBuild.listBuilds({});
        const processes = await descendantsOf(up.child.pid ?? 0);
        return ids.length === 2 && processes.length > 0 ? processes : undefined;
      }, "two builds");
      // Also when it is told twice.
      up.child.kill(signal);
      await world.close();
      expect(up.stdout).toBe(`ready ${url}\n`);
      expect(await survivorsOf(started)).toEqual([]);
      expect(await answers(url)).toBe(false);
      expect(existsSync(state)).toBe(false);
      expect((await readdir(temporary)).filter((name) => !/^(tsx-|node-compile-cache)/.test(name))).toEqual(
        [],
      );
    },
    60_000,
  );
});

describe("what is missing or taken is said, with the remedy:", () => {
  test("a port in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    expect(await refused({ port })).toBe(
      `tandem local: port ${port} is in use: choose another with --port\n`,
    );
    server.close();
  });

  test("git, and an engine that was asked for", async () => {
    const bin = join(folder, "bin");
    await mkdir(bin);
    const bash = (process.env.PATH ?? "")
      .split(delimiter)
      .map((path) => join(path, "bash"))
      .find((path) => existsSync(path));
    await symlink(bash ?? "", join(bin, "bash"));
    expect(await refused({ environment: { PATH: bin } })).toMatch(
      /^tandem local: git \(.*\) must be on the PATH: .*apt-get install git\n$/,
    );
    const git = (process.env.PATH ?? "")
      .split(delimiter)
      .map((path) => join(path, "git"))
      .find((path) => existsSync(path));
    await symlink(git ?? "", join(bin, "git"));
    expect(await refused({ engine: "podman", environment: { PATH: bin } })).toMatch(
      /^tandem local: The engine podman cannot be used: podman and buildah not found\. Remedy: .*apt-get install podman/m,
    );
  });
});
