import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { DIGEST, type FakeApi, startFakeApi, tandem, view } from "./support.ts";

let api: FakeApi;
beforeEach(async () => {
  api = await startFakeApi(({ method, url }) => {
    if (method === "GET") return { body: view() };
    if (url.startsWith("/api/pipelines/"))
      return { body: { message: "alice released the hold on production of hello" } };
    return { body: { run: view({ status: "succeeded" }), message: "alice approved production of hello-3" } };
  });
});
afterEach(() => api.close());

const posts = () =>
  api.seen
    .filter(({ method }) => method === "POST")
    .map(({ url, body }) => ({ url, body: JSON.parse(body) }));

describe("approve", () => {
  test("sends the release that is shown, and says what was approved", async () => {
    const { code, out } = await tandem(["approve", "hello-3", "production"], { url: api.url });
    expect({ code, out }).toEqual({ code: 0, out: `alice approved production of hello-3: ${DIGEST}\n` });
    expect(posts()).toEqual([
      {
        url: "/api/runs/hello-3/stages/production/approval",
        body: { decision: "approve", release: DIGEST, round: 0 },
      },
    ]);
  });

  test("--json prints the API's answer", async () => {
    const { out } = await tandem(["approve", "hello-3", "production", "--comment", "ok", "--json"], {
      url: api.url,
    });
    expect(JSON.parse(out)).toMatchObject({
      run: { id: "hello-3" },
      message: "alice approved production of hello-3",
    });
    expect(posts()[0]?.body.comment).toBe("ok");
  });

  test("--override lets the stage begin at once, too, as a second decision on record", async () => {
    const words = ["approve", "hello-3", "production", "--override", "hotfix"];
    const { code, out } = await tandem(words, { url: api.url });
    expect({ code, lines: out.trimEnd().split("\n") }).toMatchObject({
      code: 0,
      lines: [`alice approved production of hello-3: ${DIGEST}`, "alice approved production of hello-3"],
    });
    expect(posts()[1]).toEqual({
      url: "/api/runs/hello-3/stages/production/override",
      body: { reason: "hotfix" },
    });
    const json = await tandem([...words, "--json"], { url: api.url });
    expect(JSON.parse(json.out)).toMatchObject({ run: { id: "hello-3" } });
  });

  test("a stage that is not there: its siblings are named, nothing is sent", async () => {
    const { code, err } = await tandem(["approve", "hello-3", "prod"], { url: api.url });
    expect(code).toBe(4);
    expect(err).toBe('tandem: hello-3 has no stage "prod"; it has staging, production\n');
    expect(posts()).toEqual([]);
  });

  test("a stage without a gate: exit 6, nothing is sent", async () => {
    const { code, err } = await tandem(["approve", "hello-3", "staging"], { url: api.url });
    expect(code).toBe(6);
    expect(err).toMatch(/waits for no approval: it is succeeded/);
    expect(posts()).toEqual([]);
  });
});

describe("refuse", () => {
  test("needs a reason", async () => {
    const { code, err } = await tandem(["refuse", "hello-3", "production"], { url: api.url });
    expect(code).toBe(2);
    expect(err).toMatch(/required option '--reason <text>' not specified/);
    expect(api.seen).toEqual([]);
  });

  test("sends it", async () => {
    const { code } = await tandem(["refuse", "hello-3", "production", "--reason", "slow"], { url: api.url });
    expect(code).toBe(0);
    expect(posts()[0]?.body).toEqual({ decision: "refuse", release: DIGEST, round: 0, comment: "slow" });
  });
});

test("release-hold sends the reason", async () => {
  const { code, out } = await tandem(["release-hold", "hello", "production", "--reason", "mended"], {
    url: api.url,
  });
  expect({ code, out }).toEqual({ code: 0, out: "alice released the hold on production of hello\n" });
  expect(posts()).toEqual([
    { url: "/api/pipelines/hello/stages/production/release-hold", body: { reason: "mended" } },
  ]);
});
