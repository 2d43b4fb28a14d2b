import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { commit, git } from "./codebuild-endpoint.ts";
import { isSigned, type Received } from "./github-endpoint.ts";
import { type GithubWorld, startWorld } from "./github-world.ts";

let github: GithubWorld;
beforeAll(async () => {
  github = await startWorld();
});
afterAll(() => github.stop());

describe("deliveries", () => {
  const deliveriesOf = async (fullName: string) => {
    const [owner = "", repo = ""] = fullName.split("/");
    const octokit = github.octokit();
    const { data: hooks } = await octokit("GET /repos/{owner}/{repo}/hooks", { owner, repo });
    const hook_id = hooks[0]?.id ?? 0;
    const at = { owner, repo, hook_id };
    const list = async () => (await octokit("GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries", at)).data;
    return { octokit, at, list };
  };

  test("are kept with what was sent and what came back, and are sent again under the same guid", async () => {
    const { fullName, first, commit: sha } = await github.pushed();
    const { octokit, at, list } = await deliveriesOf(fullName);
    const kept = (await list()).find(({ guid }) => guid === first.guid);
    expect(kept).toMatchObject({
      event: "push",
      action: null,
      redelivery: false,
      status: "OK",
      status_code: 202,
    });
    const delivery_id = Number(kept?.id);
    const { data } = await octokit("GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}", {
      ...at,
      delivery_id,
    });
    expect(data).toMatchObject({
      url: github.receiver.url,
      request: { headers: { "X-GitHub-Event": "push" }, payload: { after: sha } },
      response: { payload: "thank you" },
    });
    const accepted = await octokit(
      "POST /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts",
      { ...at, delivery_id },
    );
    expect(accepted.status).toBe(202);
    const [, again] = await github.receiver.count(2, ({ guid }) => guid === first.guid);
    expect(again?.raw.equals(first.raw)).toBe(true);
  });

  test("that fail are not sent again by themselves, but by the local switch", async () => {
    const { fullName, url, path } = await github.pushed();
    github.receiver.answer = 500;
    const second = await commit(path, { "a.txt": "two\n" }, "second");
    await git(path, "push", "--quiet", url, "main");
    const failed = await github.push(fullName, (one) => one.payload.after === second);
    const { list } = await deliveriesOf(fullName);
    github.receiver.answer = 202;
    const again = await github.local("POST", "redeliver", { delivery: "last" });
    expect(again).toMatchObject({
      status: 200,
      body: { guid: failed.guid, redelivery: true, status: "OK", status_code: 202, repository: fullName },
    });
    const attempts = (await list()).filter(({ guid }) => guid === failed.guid);
    expect(attempts.map(({ status_code, redelivery }) => [status_code, redelivery])).toEqual([
      [202, true],
      [500, false],
    ]);
    expect(github.said.some((line) => line.includes(`push of ${fullName}`) && line.includes("500"))).toBe(
      true,
    );
    expect(await github.local("POST", "redeliver", { delivery: "no-such" })).toMatchObject({ status: 404 });
    expect(await github.local("POST", "redeliver", { other: 1 })).toMatchObject({ status: 400 });
  });

  test("can be lost, doubled and late", async () => {
    const { fullName, url, path } = await github.pushed();
    const change = async (text: string) => {
      const sha = await commit(path, { "a.txt": text }, text);
      await git(path, "push", "--quiet", url, "main");
      return sha;
    };
    const fault = (mode: string, milliseconds?: number) =>
      github.local("POST", "faults", {
        ...{ event: "push", mode, times: 1 },
        ...(milliseconds === undefined ? {} : { milliseconds }),
      });
    expect(await fault("lose")).toMatchObject({ status: 201 });
    const lost = await change("lost");
    await fault("double");
    const doubled = await change("doubled");
    const both = await github.receiver.count(2, ({ payload }) => payload.after === doubled);
    expect(new Set(both.map(({ guid }) => guid)).size).toBe(1);
    await fault("delay", 5_000);
    const late = await change("late");
    const next = await change("next");
    const nextCame = await github.push(fullName, ({ payload }) => payload.after === next);
    const lateCame = await github.push(fullName, ({ payload }) => payload.after === late);
    expect(lateCame.at).toBeGreaterThan(nextCame.at);
    expect(github.receiver.received.filter(({ payload }) => payload.after === lost)).toEqual([]);
    const { list } = await deliveriesOf(fullName);
    const kept = (await list()).find(({ status_code }) => status_code === 504);
    await github.local("POST", "redeliver", { delivery: kept?.guid });
    await github.push(fullName, ({ payload }) => payload.after === lost);
    expect((await github.local("GET", "faults")).body).toEqual({ faults: [] });
    expect(await github.local("POST", "faults", { event: "push", mode: "eat" })).toMatchObject({
      status: 400,
    });
  });

  test("go to further webhooks with their own secret and form", async () => {
    const { fullName, repo: name, url, path } = await github.pushed();
    const octokit = github.octokit();
    const { data: hook } = await octokit("POST /repos/{owner}/{repo}/hooks", {
      owner: "octocat",
      repo: name,
      config: { url: `${github.receiver.url}/second`, content_type: "form", secret: "other" },
      events: ["push"],
    });
    const isSecond = (one: Received) => one.headers["x-github-hook-id"] === String(hook.id);
    await github.receiver.first((one) => isSecond(one) && one.event === "ping");
    const sha = await commit(path, { "a.txt": "two\n" }, "second");
    await git(path, "push", "--quiet", url, "main");
    const form = await github.push(fullName, (one) => isSecond(one) && one.payload.after === sha);
    expect(form.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(isSigned(form, "other")).toBe(true);
    const at = { owner: "octocat", repo: name, hook_id: hook.id };
    const pinged = await octokit("POST /repos/{owner}/{repo}/hooks/{hook_id}/pings", at);
    expect(pinged.status).toBe(204);
    await github.receiver.count(2, (one) => isSecond(one) && one.event === "ping");
    await octokit("PATCH /repos/{owner}/{repo}/hooks/{hook_id}", { ...at, active: false });
    const third = await commit(path, { "a.txt": "three\n" }, "third");
    await git(path, "push", "--quiet", url, "main");
    await github.push(fullName, (one) => !isSecond(one) && one.payload.after === third);
    await octokit("DELETE /repos/{owner}/{repo}/hooks/{hook_id}", at);
    await expect(octokit("GET /repos/{owner}/{repo}/hooks/{hook_id}", at)).rejects.toMatchObject({
      status: 404,
    });
    expect(github.receiver.received.filter(isSecond).filter(({ event }) => event === "push")).toHaveLength(1);
    await expect(
      octokit("POST /repos/{owner}/{repo}/hooks", {
        owner: "octocat",
        repo: name,
        config: { url: "not a url" },
      }),
    ).rejects.toMatchObject({ status: 422 });
  });
});
