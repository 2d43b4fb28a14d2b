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

  test.each([[[]], [["--json"]]])(
    "an override that is refused after the approval: the error says that the approval is recorded %j",
    async (more) => {
      await api.close();
      const refusal = { code: "no-override", message: "stage production has no window and no checks" };
      api = await startFakeApi(({ method, url }) =>
        method === "GET"
          ? { body: view() }
          : url.endsWith("/override")
            ? { status: 409, body: { error: refusal } }
            : { body: { run: view(), message: "alice approved production of hello-3" } },
      );
      const words = ["approve", "hello-3", "production", "--override", "hotfix", ...more];
      const { code, out, err } = await tandem(words, { url: api.url });
      expect(code).toBe(6);
      const message = `your approval of production is recorded, but the override is not: ${refusal.message}`;
      expect({ out, err }).toEqual(
        more.length === 0
          ? { out: `alice approved production of hello-3: ${DIGEST}\n`, err: `tandem: ${message}\n` }
          : { out: "", err: `${JSON.stringify({ error: { code: "no-override", message } })}\n` },
      );
    },
  );

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

test("rollback says how to follow it, and how releases come in again", async () => {
  await api.close();
  api = await startFakeApi(() => ({ body: { run: view(), message: "alice started hello-3: rollback" } }));
  const { code, out } = await tandem(["rollback", "hello", "production"], { url: api.url });
  expect({ code, lines: out.trimEnd().split("\n") }).toEqual({
    code: 0,
    lines: [
      "alice started hello-3: rollback",
      "follow it: tandem watch hello-3",
      "then, to let releases in again: tandem release-hold hello production --reason WHY",
    ],
  });
});
