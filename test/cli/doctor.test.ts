import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { checkPullRequests, isReviewedPipeline } from "../../cli/doctor/codecommit.ts";
import { checkGitHub, isGitHubPipeline } from "../../cli/doctor/github.ts";
import { checkNode } from "../../cli/doctor/machine.ts";
import { compilePipelines } from "../../shared/definition/compile.ts";
import type { RunView } from "../../shared/pipeline/view.ts";
import { type FakeApi, type Reply, startFakeApi, tandem, view } from "./support.ts";

let api: FakeApi | undefined;
let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "tandem-doctor-"));
  await mkdir(join(cwd, "pipelines"));
});
afterEach(async () => {
  await api?.close();
  api = undefined;
  await rm(cwd, { recursive: true, force: true });
});

const definition = (source: string) => `name: shop
source: ${source}
images: [{ name: shop }]
stages:
  - name: staging
    deploy: [{ ecs: { cluster: staging, service: web, containers: { web: shop } } }]
`;
const GITHUB = "{ github: { repository: octo/shop } }";
const write = (text: string) => writeFile(join(cwd, "pipelines", "shop.yml"), text);
const newest = (parts: Partial<RunView> = {}) => view({ id: "shop-3", repository: "octo/shop", ...parts });

/** The API with one run, or none. */
const serve = async (run?: RunView, events: readonly unknown[] = []): Promise<string> => {
  api = await startFakeApi(({ url }): Reply => {
    if (url.startsWith("/api/runs?")) {
      const line = { id: run?.id, pipeline: "shop", updatedAt: "", startedAt: "" };
      return { body: { runs: run === undefined ? [] : [line] } };
    }
    if (run !== undefined && url === `/api/runs/${run.id}`) return { body: run };
    if (run !== undefined && url === `/api/runs/${run.id}/events`) return { body: { events } };
    return { status: 404, body: { error: { code: "unknown-run", message: "there is no run" } } };
  });
  return api.url;
};

interface Found {
  readonly status: string;
  readonly name: string;
  readonly says: string;
  readonly remedy?: string;
}
const doctor = async (url: string, environment: Readonly<Record<string, string>> = {}) => {
  const { code, out } = await tandem(["doctor", "--json"], { url, cwd, environment });
  const { checks }: { checks: Found[] } = JSON.parse(out);
  return { code, checks, named: (name: string) => checks.find((check) => check.name === name) };
};

describe("doctor", () => {
  test("all is well", async () => {
    await write(definition("{ codecommit: { repository: shop } }"));
    const url = await serve();
    const { code, out } = await tandem(["doctor"], { url, cwd });
    expect(code).toBe(0);
    expect(out.split("\n").map((line) => line.replace(/\d+\.[\d.]+/, "N"))).toEqual([
      "ok       node: node N",
      expect.stringMatching(/^ok {7}git: git version N/),
      "ok       pipelines: without faults: shop",
      expect.stringMatching(/^ok {7}http-api: Tandem answers at http/),
      "ok       caller: lets you in without a signature, as this machine's release manager `local`",
      "",
    ]);
  });

  test("the oldest Node is the one of package.json", async () => {
    const { engines }: { engines: { node: string } } = JSON.parse(await readFile("package.json", "utf8"));
    const oldest = engines.node.replace(">=", "");
    expect(checkNode(`${oldest}.0`).status).toBe("ok");
    const [major, minor] = oldest.split(".").map(Number);
    const older = checkNode(`${major}.${(minor ?? 0) - 1}.9`);
    expect(older).toMatchObject({ status: "missing", remedy: `install Node ${oldest} or newer` });
  });

  test.each([
    ["none", undefined],
    ["an old one", "#!/bin/sh\necho git version 2.20.1\n"],
  ])("git: %s", async (_, script) => {
    await write(definition(GITHUB));
    if (script !== undefined) await writeFile(join(cwd, "git"), script, { mode: 0o755 });
    const { code, named } = await doctor(await serve(), { PATH: cwd });
    expect(code).toBe(1);
    expect(named("git")).toMatchObject({ status: "missing", remedy: "install git 2.28 or newer" });
  });

  test("a definition with faults: the first of them, and where the others are", async () => {
    await write(definition(GITHUB).replace("images:", "imagez:"));
    const { code, named } = await doctor(await serve());
    expect(code).toBe(1);
    expect(named("pipelines")).toMatchObject({
      status: "missing",
      says: expect.stringMatching(/^pipelines\/shop.yml:1 .* and \d more$/),
      remedy: "`tandem validate` reports every fault",
    });
  });

  test("no definitions", async () => {
    const { code, named } = await doctor(await serve());
    expect(code).toBe(1);
    expect(named("pipelines")?.says).toMatch(/holds no pipeline definitions/);
  });

  test("nothing answers: said with the remedy, and nothing about the caller", async () => {
    await write(definition(GITHUB));
    const { code, named } = await doctor("http://127.0.0.1:1");
    expect(code).toBe(1);
    expect(named("http-api")).toMatchObject({
      status: "missing",
      says: expect.stringMatching(/nothing answers at .*: start it with `npx tandem local up`/),
    });
    expect(named("caller")).toBeUndefined();
  });

  test("a caller who is not let in", async () => {
    await write(definition(GITHUB));
    api = await startFakeApi(() => ({ status: 403, body: { message: "Forbidden" } }));
    const { code, named } = await doctor(api.url);
    expect(code).toBe(1);
    expect(named("http-api")?.status).toBe("ok");
    expect(named("caller")).toMatchObject({
      status: "missing",
      says: expect.stringMatching(/does not let you in: sign with credentials/),
    });
  });
});

describe("GitHub", () => {
  const AWS = { url: "https://x.execute-api.eu-west-1.amazonaws.com", local: false };
  const check = (run: RunView | undefined, source = GITHUB) => {
    const { pipelines } = compilePipelines([{ file: "shop.yml", text: definition(source) }]);
    const [pipeline] = pipelines.filter(isGitHubPipeline);
    if (pipeline === undefined) throw new Error("no pipeline of GitHub");
    const checks = checkGitHub(pipeline, run, AWS);
    return Object.fromEntries(checks.map((one) => [one.name, one]));
  };

  test("without a run nothing can be told: what is needed is", () => {
    const checks = check(undefined);
    expect(Object.values(checks).map(({ status }) => status)).toEqual(["unknown", "unknown", "unknown"]);
    expect(checks["github-webhook"]?.remedy).toMatch(
      /^in the settings of octo\/shop: a webhook to https:\/\/x\.execute-api\.eu-west-1\.amazonaws\.com\/webhooks\/github/,
    );
    expect(checks["github-reports"]?.remedy).toMatch(/App .* token .* neither checks nor deployments/);
    expect(checks["github-source"]?.remedy).toMatch(/import-source-credentials/);
  });

  test("with a connection, that is what must be available", () => {
    const connection =
      "arn:aws:codeconnections:us-east-1:000000000000:connection/00000000-0000-0000-0000-000000000000";
    const source = `{ github: { repository: octo/shop, connection: "${connection}" } }`;
    expect(check(undefined, source)["github-source"]?.remedy).toContain(
      `the connection ${connection} must be available`,
    );
  });

  test("a run that a delivery began shows what works", () => {
    const checks = check(newest());
    expect(Object.values(checks).map(({ status }) => status)).toEqual(["ok", "ok", "ok"]);
    expect(Object.values(checks).map(({ pipeline }) => pipeline)).toEqual(["shop", "shop", "shop"]);
  });

  test("a run that the sweep found shows that no delivery came", () => {
    expect(check(newest({ trigger: "head" }))["github-webhook"]).toMatchObject({
      status: "unknown",
      says: expect.stringMatching(/^the commit of shop-3 was found by the sweep/),
      remedy: expect.stringContaining("webhookSecrets"),
    });
  });

  test("what GitHub refused is missing, and the exit code says so", async () => {
    await write(definition(GITHUB));
    const { code, named } = await doctor(await serve(newest({ reportProblem: "GitHub is told nothing" })));
    expect(code).toBe(1);
    expect(named("github-reports")).toMatchObject({
      status: "missing",
      says: "GitHub is told nothing",
      remedy: expect.stringContaining("a token there: statuses stand in for check runs"),
    });
  });

  const said = (what: Readonly<Record<string, unknown>>) => ({ type: "report.made", at: 1, said: what });
  const status = { state: "success", description: "built" };
  const deployment = { "deployment staging": { ...status, id: 7 } };

  test("with a token there are no check runs: that is said, and what they need", async () => {
    await write(definition(GITHUB));
    const run = newest();
    const url = await serve(run, [
      { type: "run.started", at: 1 },
      said({ "tandem/shop: shop index": status, ...deployment }),
    ]);
    const { code, named } = await doctor(url);
    expect(code).toBe(0);
    expect(named("github-reports")).toMatchObject({
      status: "ok",
      says: "a token shows shop-3: commit statuses and deployments; there are no check runs, which GitHub gives to Apps only",
      remedy: expect.stringMatching(
        /^for check runs: appId and privateKey of a GitHub App in the secret tandem/,
      ),
    });
  });

  test("with an App there is nothing to wish for; what was refused tells of neither", async () => {
    await write(definition(GITHUB));
    const index = "tandem/shop: shop index";
    const app = await doctor(
      await serve(newest(), [said({ [index]: { ...status, id: 3 } }), said(deployment)]),
    );
    expect(app.named("github-reports")).toEqual({
      status: "ok",
      name: "github-reports",
      pipeline: "shop",
      says: "a GitHub App shows shop-3: check runs and deployments",
    });
    await api?.close();
    const url = await serve(newest(), [said({ [index]: { ...status, refused: true }, ...deployment })]);
    expect((await doctor(url)).named("github-reports")?.says).toMatch(/cannot be told from here$/);
  });

  test("a run of another repository shows nothing; the local GitHub comes with it all", async () => {
    await write(definition(GITHUB));
    const { code, named } = await doctor(await serve(view({ id: "shop-3", repository: "shop" })));
    expect(code).toBe(0);
    expect(named("github-webhook")).toMatchObject({
      status: "ok",
      says: expect.stringMatching(/^the local GitHub comes with it/),
    });
  });
});

describe("pull requests in CodeCommit", () => {
  const SOURCE = "{ codecommit: { repository: shop, pullRequests: build-only, approvalState: true } }";
  const check = (run: RunView | undefined, local = false) => {
    const { pipelines } = compilePipelines([{ file: "shop.yml", text: definition(SOURCE) }]);
    const [pipeline] = pipelines.filter(isReviewedPipeline);
    if (pipeline === undefined) throw new Error("no pipeline builds pull requests");
    return checkPullRequests(pipeline, run, { url: "https://x.example.com", local });
  };

  test("without a run nothing can be told: what is needed is", () => {
    expect(check(undefined)).toMatchObject({
      status: "unknown",
      remedy: expect.stringMatching(/PullRequestRole .* approval rule .* PullRequestApprovers$/),
    });
    expect(check(undefined, true).status).toBe("ok");
  });

  test("a pull request's run shows that they work, a refusal that something is missing", () => {
    expect(check(view({ trigger: "pull-request" })).status).toBe("ok");
    const reportProblem = "CodeCommit was not told of it (AccessDenied: no)";
    expect(check(view({ trigger: "pull-request", reportProblem }))).toMatchObject({
      status: "missing",
      says: reportProblem,
      remedy: expect.stringContaining("PullRequestRole"),
    });
  });
});
