import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { isGated } from "../end-to-end/support/api.ts";
import { application } from "../end-to-end/support/working-copy.ts";
import { openWorld, seed, type World } from "../end-to-end/support/world.ts";
import { launch } from "./support/browser.ts";
import { describeInBrowser } from "./support/describe.ts";

const PIPELINE = `
name: hello
source:
  codecommit: { repository: hello, branches: [main] }
images:
  - name: hello
    platforms: [linux/amd64, linux/arm64]
stages:
  - name: staging
    deploy:
      - ecs: { cluster: staging, service: web, containers: { web: hello } }
  - name: production
    approval: { from: [release-managers], required: 2 }
    deploy:
      - ecs: { cluster: production, service: web, containers: { web: hello } }
`;

const PATIENCE_MS = 120_000;
jest.setTimeout(PATIENCE_MS);

/** The page, the packaged functions, the issuer and the pipeline together, with nothing pretended but AWS. */
describeInBrowser("the console of `tandem local up`", () => {
  let browser: Browser;
  let world: World;
  let runId: string;
  const complaints: string[] = [];
  beforeAll(async () => {
    world = await openWorld({ pipelines: { "hello.yml": PIPELINE } });
    browser = await launch();
    await seed(world, ["staging", "production"]);
    const commit = await world.copy.commit(application(1));
    await world.copy.push("carol");
    runId = await world.api.runOf(commit);
  }, PATIENCE_MS);
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  }, PATIENCE_MS);

  async function signIn(person: string, password = person): Promise<Page> {
    const page = await (await browser.newContext({ locale: "en-GB" })).newPage();
    page.setDefaultTimeout(30_000);
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !/status of 4\d\d/.test(message.text()))
        complaints.push(message.text());
    });
    await page.goto(`${world.url}/console/`);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator('input[name="username"]').fill(person);
    await page.locator('input[name="password"]').fill(password);
    await page.locator('button[type="submit"], button:not([type])').first().click();
    return page;
  }

  test("a wrong password shows nothing", async () => {
    const page = await signIn("alice", "guessed");
    await page.getByText("There is nobody of that name with that password").waitFor();
    await page.context().close();
  });

  test("two people see a release, approve it, and watch it roll out on both architectures", async () => {
    await world.api.until(runId, isGated("production"), PATIENCE_MS);
    const alice = await signIn("alice");
    await alice.getByRole("link", { name: /waits for approval, 0 of 2/ }).click();
    const card = alice.locator("section.card");
    await card.getByText(/1 commit, the first release here/).waitFor();
    await card.getByRole("row", { name: /amd64/ }).waitFor();
    await card.getByRole("row", { name: /arm64/ }).waitFor();
    await card.getByText("web.image").waitFor();
    await alice.getByRole("button", { name: "Approve" }).click();
    await card.getByText("1 of 2 approvals: alice").waitFor();

    const bob = await signIn("bob");
    await bob.getByRole("link", { name: /Waits for me/ }).click();
    await bob.getByRole("link", { name: `Review ${runId}` }).click();
    await bob.getByLabel("Comment").fill("Looked at staging");
    await bob.getByRole("button", { name: "Approve" }).click();
    for (const page of [alice, bob]) {
      await page.locator("main .facts").first().getByText("succeeded").waitFor();
      const rows = page.locator("#stage-production .squares-row");
      await rows.filter({ hasText: "x86_64" }).waitFor();
      await rows.filter({ hasText: "arm64" }).waitFor();
    }
    await alice.getByRole("link", { name: "Clusters" }).click();
    await alice
      .getByRole("heading", { name: /production/ })
      .getByText("simulated")
      .waitFor();
    await alice.getByRole("link", { name: "Record" }).click();
    await alice.getByText("Looked at staging").waitFor();
    expect(complaints).toEqual([]);
  });

  test("whoever asks for nothing but pages changes nothing", async () => {
    const calls = await world.control.calls(0);
    const carol = await signIn("carol");
    for (const name of ["Runs", "Clusters", "Pipelines", "Record"]) {
      await carol.getByRole("link", { name }).first().click();
      await carol.locator('main[aria-busy="false"]').waitFor();
    }
    const since = (await world.control.calls(0)).slice(calls.length).map(({ operation }) => operation);
    expect(
      since.filter((operation) => /^(?:Put|Update|Start|Stop|Register|Run|Delete)/.test(operation)),
    ).toEqual([]);
  });
});
