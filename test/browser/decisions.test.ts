import { expect, test } from "@jest/globals";
import type { Page } from "playwright-core";
import { changeRelease, closeWindow, pauseAt, roll, settle, supersede } from "./support/acts.ts";
import { describeInBrowser } from "./support/describe.ts";
import { givenConsole } from "./support/given.ts";

const RUN = "/console/runs/shop-43";

describeInBrowser("release managers decide on a page", () => {
  const given = givenConsole();

  const card = (page: Page) => page.locator("section.card");
  const posts = () => given.server.asked.filter((line) => line.startsWith("POST"));

  test("somebody who has signed in stays signed in when the page is loaded anew, and signs out", async () => {
    const { page, complaints } = await given.visit("alice");
    await expect(page.evaluate("Object.keys(sessionStorage)")).resolves.toEqual(["tandem.refresh"]);
    await page.reload();
    await page.getByRole("heading", { name: "Pipelines" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await expect(page.evaluate("sessionStorage.length")).resolves.toBe(0);
    expect(complaints).toEqual([]);
  });

  test("what somebody comes back with that nobody asked for signs nobody in", async () => {
    const page = await given.tab();
    await page.goto(`${given.server.url}/console/callback?code=stolen&state=guessed`);
    await page.getByText("this answer belongs to no sign-in of this tab").waitFor();
  });

  test("two people approve, and everybody watches the tasks move from the old release to the new", async () => {
    const alice = await given.visit("alice", "/console/inbox");
    await alice.page.getByRole("link", { name: /Review/ }).click();
    await alice.page.getByLabel("Comment").fill("Looked at staging");
    await alice.page.getByRole("button", { name: "Approve" }).click();
    await card(alice.page).getByText("1 of 2 approvals: alice").waitFor();
    await alice.page.getByRole("button", { name: "Withdraw my approval" }).waitFor();

    const bob = await given.visit("bob", "/console/");
    await bob.page.getByRole("link", { name: "#43 waits for approval, 1 of 2" }).click();
    await bob.page.getByRole("button", { name: "Approve" }).click();
    await card(bob.page).waitFor({ state: "detached" });

    const arm = bob.page.locator('.squares-row[data-arch="arm64"]').last();
    await arm.getByText("1 starting, 6 old").waitFor();
    roll(given.server.world, "shop-43", "production", 4);
    await arm.getByText("3 new, 1 starting, 3 old").waitFor();
    // Alice has not touched her page since.
    await alice.page.locator('.squares-row[data-arch="arm64"]').last().getByText("3 new").waitFor();
    settle(given.server.world, "shop-43", "production");
    await arm.getByText("6 tasks").waitFor();
    await bob.page.locator(".facts").first().getByText("succeeded").waitFor();
    expect([...alice.complaints, ...bob.complaints]).toEqual([]);
  });

  test("a double click approves once", async () => {
    const { page } = await given.visit("alice", RUN);
    await page.getByRole("button", { name: "Approve" }).dblclick();
    await page.getByText("1 of 2 approvals").waitFor();
    expect(posts()).toEqual(["POST /runs/shop-43/stages/production/approval 200"]);
  });

  test("a refusal needs a reason, and ends the run at its stage", async () => {
    const { page } = await given.visit("alice", RUN);
    await page.getByRole("button", { name: "Refuse" }).click();
    const dialog = page.getByRole("dialog", { name: "Refuse shop-43 for production?" });
    await expect(dialog.getByRole("button", { name: "Refuse" }).isDisabled()).resolves.toBe(true);
    await dialog.getByLabel("Reason").fill("The dates are wrong on Sundays");
    await dialog.getByRole("button", { name: "Refuse" }).click();
    await page.getByRole("alert").getByText("The dates are wrong on Sundays").waitFor();
    await expect(card(page).count()).resolves.toBe(0);
  });

  test("an approval is withdrawn before the second comes", async () => {
    const { page } = await given.visit("alice", RUN);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("button", { name: "Withdraw my approval" }).click();
    await page.getByText("0 of 2 approvals").waitFor();
    await page.getByRole("button", { name: "Approve" }).waitFor();
  });

  test("who is in no group of the stage sees the card, and may not decide", async () => {
    const { page } = await given.visit("carol", RUN);
    await page.getByText("only members of release-managers decide here").waitFor();
    await expect(card(page).getByRole("button").count()).resolves.toBe(0);
  });

  test("a newer run takes the place of the one that somebody looks at", async () => {
    const { page } = await given.visit("alice", RUN);
    await page.getByRole("button", { name: "Approve" }).waitFor();
    supersede(given.server.world, "shop-43", "production");
    await page.getByText("A newer run took its place:").waitFor();
    await expect(card(page).count()).resolves.toBe(0);
    await page.getByRole("link", { name: "shop-45" }).click();
    await page.getByRole("heading", { name: "shop #45 Say what the parcel weighs" }).waitFor();
  });

  test("what has changed since the card was drawn is said, and nothing is approved", async () => {
    const { page } = await given.visit("alice", RUN);
    await page.getByRole("button", { name: "Approve" }).waitFor();
    // The page knows of no change before it asks.
    let late = true;
    await page.route(/\/runs\/shop-43(\/stages\/production\/card)?$/, (route) =>
      late ? route.fulfill({ status: 304 }) : route.continue(),
    );
    changeRelease(given.server.world, "shop-43", "production");
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("What you saw has changed since").waitFor();
    await page.getByText(/the release is sha256:[0-9a-f]{64} now/).waitFor();
    late = false;
    await card(page).getByText("Earlier approvals no longer count: service web has been changed").waitFor();
    await page.getByText("0 of 2 approvals").waitFor();
  });

  test("a closed window is said, and set aside with a reason", async () => {
    closeWindow(given.server.world, "shop-43", "production");
    const { page } = await given.visit("alice", RUN);
    await card(page).getByText("the window is closed").waitFor();
    await page.getByRole("button", { name: "Release all the same" }).click();
    await answer(
      page,
      "Release shop-43 to production in spite of its conditions?",
      "Customers cannot pay",
      "Release all the same",
    );
    await card(page).getByText("Customers cannot pay").waitFor();
    await page.getByRole("button", { name: "Release all the same" }).waitFor({ state: "detached" });
  });

  test("a run is stopped, a hold released, a stage rolled back", async () => {
    const { page } = await given.visit("alice", "/console/runs/shop-44");
    await page.getByRole("button", { name: "Stop" }).click();
    await answer(page, "Stop shop-44?", "Wrong branch", "Stop");
    await page.getByText("alice stopped it: Wrong branch").waitFor();

    await page.getByRole("link", { name: "Waits for me" }).click();
    await page.getByRole("button", { name: "Release the hold" }).click();
    await answer(
      page,
      "Release the hold on production of hello?",
      "The base image is mended",
      "Release the hold",
    );
    await page.getByText("production of hello is held").waitFor({ state: "detached" });

    await page.getByRole("link", { name: "Pipelines" }).click();
    await page.getByRole("link", { name: "shop", exact: true }).click();
    await page.getByRole("button", { name: "Roll back to #39" }).click();
    await answer(page, "Roll production back to #39?", "Baskets are empty", "Roll back");
    await page.getByText("alice rolled it back to shop-39").first().waitFor();
    expect(posts()).toHaveLength(3);
  });

  test("two people answer where ECS has paused, and whoever refuses sends it back", async () => {
    pauseAt(given.server.world, "shop-43", "production", "POST_TEST_TRAFFIC_SHIFT");
    roll(given.server.world, "shop-43", "production", 4);
    const alice = await given.visit("alice", RUN);
    await card(alice.page).getByText("Paused at POST_TEST_TRAFFIC_SHIFT.").waitFor();
    await card(alice.page).getByText("0 of 2 approvals").waitFor();
    await alice.page.getByRole("button", { name: "Approve", disabled: false }).click();
    await card(alice.page).getByText("1 of 2 approvals: alice").waitFor();
    const bob = await given.visit("bob", RUN);
    await bob.page.getByRole("button", { name: "Approve", disabled: false }).click();
    await card(bob.page).waitFor({ state: "detached" });
    await card(alice.page).waitFor({ state: "detached" });

    pauseAt(given.server.world, "shop-43", "production", "POST_PRODUCTION_TRAFFIC_SHIFT");
    await card(bob.page).getByText("Paused at POST_PRODUCTION_TRAFFIC_SHIFT.").waitFor();
    await bob.page.getByRole("button", { name: "Refuse" }).click();
    await answer(bob.page, "Refuse shop-43 for production?", "Baskets are empty", "Refuse");
    await bob.page.getByRole("alert").getByText("bob refused it: Baskets are empty").waitFor();
    expect(posts()).toHaveLength(3);
    expect([...alice.complaints, ...bob.complaints]).toEqual([]);
  });

  test("an architecture comes back out of quarantine, with a reason", async () => {
    const { page } = await given.visit("alice", "/console/pipelines/hello");
    await page.getByText("web does without arm64:").waitFor();
    await page.getByRole("button", { name: "Lift the quarantine" }).click();
    await answer(page, "Roll production out on arm64 again?", "New Graviton AMI", "Lift the quarantine");
    await page.getByText("alice started hello-11: unquarantine").waitFor();
    await page.getByText("web does without arm64").first().waitFor({ state: "detached" });
  });

  test("weights are moved in steps, and are 100 % together or nothing is sent", async () => {
    const { page, complaints } = await given.visit("alice", "/console/pipelines/shop");
    await page.getByRole("button", { name: "Move weights" }).click();
    const dialog = page.getByRole("dialog", { name: "Move the tasks of web in production?" });
    const x86 = dialog.getByLabel("x86, percent of the tasks");
    await x86.waitFor();
    await expect(x86.inputValue()).resolves.toBe("25");
    await x86.fill("60");
    await dialog.getByText("135 % together; 100 % are wanted.").waitFor();
    await expect(dialog.getByRole("button", { name: "Move weights" }).isDisabled()).resolves.toBe(true);
    await dialog.getByLabel("graviton, percent of the tasks").fill("40");
    await dialog.getByLabel("Steps").fill("3");
    await dialog.getByLabel("Minutes between steps").fill("10");
    await dialog.getByRole("button", { name: "Move weights" }).click();
    await page.getByText('"to":{"x86":60,"graviton":40},"steps":3,"bakeMinutes":10}').waitFor();
    expect(posts()).toHaveLength(1);
    expect(complaints).toEqual([]);
  });

  test("who does not decide on a stage moves nothing of it", async () => {
    const { page } = await given.visit("carol", "/console/pipelines/hello");
    await page.getByText("web does without arm64:").waitFor();
    await expect(page.getByRole("button", { name: /Lift|Move|Roll back/ }).count()).resolves.toBe(0);
  });

  async function answer(page: Page, title: string, reason: string, act: string): Promise<void> {
    const dialog = page.getByRole("dialog", { name: title });
    await dialog.getByLabel("Reason").fill(reason);
    await dialog.getByRole("button", { name: act }).click();
    await dialog.waitFor({ state: "detached" });
  }
});
