import { join } from "node:path";
import { PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { isOver, type Run } from "./support/api.ts";
import { andThen } from "./support/functions.ts";
import { GitHub, postWebhook, signature, WEBHOOK_SECRET } from "./support/github.ts";
import { REGION } from "./support/local-up.ts";
import { eventually } from "./support/poll.ts";
import { Registry } from "./support/registry.ts";
import { type Ran, tandem } from "./support/tandem.ts";
import { application, git, WorkingCopy } from "./support/working-copy.ts";
import { openWorld, type World } from "./support/world.ts";

/** Built, and deployed nowhere: these tests are about what starts runs. */
const pipeline = (name: string, source: string, more = "") => `name: ${name}
source:
  ${source}
${more}
images:
  - { name: ${name}, tags: ["{branch}"] }
`;

const PIPELINES = {
  // It comes round once a year.
  "nightly.yml": pipeline(
    "nightly",
    "codecommit: { repository: hello, branches: [nightly] }",
    'schedule: ["cron(0 3 1 1 ? *)"]',
  ),
  "based.yml": pipeline(
    "based",
    'codecommit: { repository: hello, branches: [based, "based-*"] }',
    "rebuildOn: [base/node]",
  ),
  "site.yml": pipeline("site", "github: { repository: acme/site }"),
};

const TOKEN = "local-github-token";

let world: World;
beforeAll(async () => {
  world = await openWorld({ pipelines: PIPELINES });
  // Before anybody has read it: a token instead of the App, and a secret that is being rotated in.
  const credentials = { accessKeyId: "alice", secretAccessKey: "alice" };
  const secrets = new SecretsManagerClient({ endpoint: world.url, region: REGION, credentials });
  const value = { token: TOKEN, webhookSecrets: [WEBHOOK_SECRET, "rotated-in"] };
  await secrets.send(
    new PutSecretValueCommand({ SecretId: "tandem/github", SecretString: JSON.stringify(value) }),
  );
  secrets.destroy();
}, 90_000);
afterAll(() => world?.close(), 30_000);

let version = 0;

/** Another commit on a branch, pushed; the run that it starts has ended. */
async function built(branch: string): Promise<Run> {
  const { copy, api } = world;
  version += 1;
  await git(copy.folder, ["checkout", "--quiet", "-B", branch]);
  const commit = await copy.commit(application(version));
  await copy.push("carol", branch);
  const run = await api.until(await api.runOf(commit), isOver);
  expect(run).toMatchObject({ status: "succeeded", commit });
  return run;
}

const runsOf = async (name: string): Promise<readonly string[]> =>
  (await world.api.runs()).map(({ id }) => id).filter((id) => id.startsWith(`${name}-`));

/** Does something that starts a run, and waits until that has ended. */
async function startedBy(name: string, work: () => Promise<unknown>): Promise<Run> {
  const before = await runsOf(name);
  await work();
  const id = await eventually(async () => {
    const found = (await runsOf(name)).find((one) => !before.includes(one));
    return found !== undefined && (await world.api.send("GET", `/api/runs/${found}`)).status === 200
      ? found
      : undefined;
  }, `another run of ${name}`);
  return world.api.until(id, isOver);
}

const said = (...args: readonly string[]): Promise<Ran> =>
  tandem([...args, "--url", world.url], {}, world.project);

test("a schedule builds the branch's tip again, though nothing has changed", async () => {
  const { commit } = await built("nightly");
  const run = await startedBy("nightly", () => world.control.runSchedules());
  expect(run).toMatchObject({ status: "succeeded", trigger: "schedule", commit });
  expect((await said("show", run.id)).out).toContain("started by the schedule\n");
});

test("a base image in ECR builds what is listed under it, once per digest; without a tag it is not complete", async () => {
  const { ecr } = world.aws;
  const repositoryName = "base/node";
  const { commit } = await built("based");
  await ecr.createRepository({ repositoryName });
  const digest = await new Registry(world.url, repositoryName).pushFirst();
  const { images = [] } = await ecr.batchGetImage({ repositoryName, imageIds: [{ imageDigest: digest }] });
  const tagged = (imageTag: string) =>
    ecr.putImage({ repositoryName, imageManifest: images[0]?.imageManifest, imageTag });
  const run = await startedBy("based", () => tagged("24"));
  expect(run).toMatchObject({ status: "succeeded", trigger: "base-image", commit });
  const cause = `started by the new base image base/node@${digest.slice(0, "sha256:".length + 12)}`;
  expect((await said("show", run.id)).out).toContain(cause);
  await andThen(world.aws, /onBaseImage/, async () => {
    await tagged("24-slim");
    return 1;
  });
  expect(await runsOf("based")).toHaveLength(2);
});

describe("tandem start", () => {
  test("builds a branch of those that the pipeline follows, and takes a commit only if it is the tip", async () => {
    const older = await built("based-next");
    const { commit } = await built("based-next");
    const byBranch = await startedBy("based", async () => {
      const { code, out } = await said("start", "based", "--branch", "based-next");
      expect([code, out]).toEqual([0, expect.stringContaining(`based-next ${commit.slice(0, 7)} of hello`)]);
    });
    expect(byBranch).toMatchObject({ status: "succeeded", trigger: "manual", commit });
    const byCommit = await startedBy("based", () =>
      said("start", "based", "--branch", "based-next", "--commit", commit),
    );
    expect(byCommit).toMatchObject({ status: "succeeded", trigger: "manual", commit });
    const refused = await said("start", "based", "--branch", "based-next", "--commit", older.commit);
    expect(refused).toMatchObject({
      code: 6,
      err: expect.stringContaining("no longer the tip of based-next"),
    });
    const nowhere = await said("start", "based", "--branch", "based-nowhere");
    expect(nowhere).toMatchObject({ code: 6, err: expect.stringContaining("based-nowhere") });
  });

  test("tandem explain --commit says of each pipeline why it ran, and why another did not", async () => {
    const { id, commit } = await built("based-last");
    const { code, out } = await said("explain", "--commit", commit);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^based +${id} +(?:push|head) +based-last .* accepted$`, "m"));
    expect(out).toMatch(/^nightly +none .*(?:nightly follows the branches nightly|do not take)/m);
    expect(out).toMatch(/^site +none .* it follows the repository acme\/site$/m);
  });
});

describe("a repository at GitHub, with a token instead of an App", () => {
  let github: GitHub;
  let run: Run;
  beforeAll(async () => {
    github = new GitHub(world.url, "acme/site");
    await github.ask("POST", "/orgs/acme/repos", { name: "site" });
    const copy = await WorkingCopy.clone(github.address(), join(world.folder, "site"));
    const commit = await copy.commit(application(100));
    await git(copy.folder, ["push", "--quiet", "origin", "main"]);
    run = await world.api.until(await world.api.runOf(commit), isOver);
  });

  test("tandem local redeliver sends the last delivery again, which makes no second run", async () => {
    const { code, out } = await said("local", "redeliver", "last");
    expect(out).toMatch(/^sent again as delivery \d+, push of acme\/site: OK \(202\)\naccepted: site-1\n$/);
    expect(code).toBe(0);
    expect(await runsOf("site")).toEqual(["site-1"]);
  });

  test("GitHub shows commit statuses and no check runs, and tandem doctor says what that takes", async () => {
    const states = z.array(z.object({ context: z.string(), state: z.string() }));
    const shown = await eventually(async () => {
      const found = states.parse(await github.of("GET", `/commits/${run.commit}/statuses`));
      return found.filter(({ state }) => state === "success").length >= 3 ? found : undefined;
    }, "the statuses at GitHub");
    expect(shown.map(({ context }) => context)).toContain("tandem/site: site index");
    expect(await github.checks(run.commit)).toEqual({});

    const { code, out } = await said("doctor");
    expect(out).toContain(
      "ok       github-reports of site: a token shows site-1: commit statuses and deployments; there are no check runs, which GitHub gives to Apps only\n" +
        "         needed: for check runs: appId and privateKey of a GitHub App in the secret tandem/github in Secrets Manager\n",
    );
    expect(out).toContain(
      "ok       github-webhook of site: site-1 began by a delivery with a good signature\n",
    );
    expect(code).toBe(0);
  });

  test.each([
    ["the webhook's secret", WEBHOOK_SECRET, 202],
    ["the one that is being rotated in", "rotated-in", 202],
    ["one that is in the secret no more, or not yet", "rotated-out", 401],
  ])("a delivery that is signed with %s", async (_what, secret, status) => {
    const body = JSON.stringify({ zen: "Be calm.", hook_id: 1 });
    const headers = { "x-hub-signature-256": signature(body, secret) };
    expect(await postWebhook(world.url, "ping", body, headers)).toMatchObject({ status });
  });
});
