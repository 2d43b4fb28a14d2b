import { afterEach, describe, expect, test } from "@jest/globals";
import { parseAuthorization, signatureFault } from "../../local/aws/sigv4.ts";
import {
  COMMIT,
  DIGEST,
  type FakeApi,
  type Reply,
  type Seen,
  startFakeApi,
  tandem,
  view,
} from "./support.ts";

let api: FakeApi | undefined;
const given = async (answer: (request: Seen) => Reply): Promise<FakeApi> => {
  api = await startFakeApi(answer);
  return api;
};
afterEach(async () => {
  await api?.close();
  api = undefined;
});

const line = (id: string, pipeline: string) => ({
  id,
  pipeline,
  sequence: 1,
  status: "staging",
  stage: "production",
  commit: COMMIT,
  ref: "refs/heads/main",
  startedAt: "2026-11-21T20:00:00.000Z",
  updatedAt: "2026-11-21T20:00:05.000Z",
});
const notFound: Reply = { status: 404, body: { error: { code: "unknown-run", message: "there is no run" } } };

describe("runs", () => {
  test("a table, aligned, and how to go on", async () => {
    const { url, seen } = await given(() => ({
      body: { runs: [line("hello-10", "hello"), line("web-2", "web")], cursor: "abc" },
    }));
    const { code, out } = await tandem(["runs", "--limit", "2"], { url });
    expect(code).toBe(0);
    expect(seen[0]?.url).toBe("/api/runs?limit=2");
    expect(out).toBe(
      [
        "RUN       STATUS      REF   COMMIT   STARTED (UTC)        UPDATED (UTC)",
        "hello-10  production  main  0123456  2026-11-21 20:00:00  2026-11-21 20:00:05",
        "web-2     production  main  0123456  2026-11-21 20:00:00  2026-11-21 20:00:05",
        "older ones: tandem runs --limit 2 --cursor abc",
        "",
      ].join("\n"),
    );
  });

  test("--json prints what the API answered", async () => {
    const answer = { runs: [line("hello-1", "hello")] };
    const { url } = await given(() => ({ body: answer }));
    expect(JSON.parse((await tandem(["runs", "--json"], { url })).out)).toEqual(answer);
  });

  test("none yet", async () => {
    const { url } = await given(() => ({ body: { runs: [] } }));
    const { code, out } = await tandem(["runs"], { url });
    expect(code).toBe(0);
    expect(out).toMatch(/no runs yet: push/);
  });

  test.each(["0", "201", "x", "1.5"])("--limit %s is a usage error", async (limit) => {
    expect((await tandem(["runs", "--limit", limit])).code).toBe(2);
  });
});

describe("which run is meant", () => {
  test("latest is the newest of the list", async () => {
    const { url } = await given(({ url }) =>
      url.startsWith("/api/runs?")
        ? { body: { runs: [line("web-7", "web")] } }
        : { body: view({ id: "web-7" }) },
    );
    expect((await tandem(["show", "latest"], { url })).out).toMatch(/^web-7 /);
    expect((await tandem(["show"], { url })).out).toMatch(/^web-7 /);
  });

  test("the list may be ahead of a run that is just beginning", async () => {
    let looks = 0;
    const { url } = await given(({ url }) => {
      if (url.startsWith("/api/runs?")) return { body: { runs: [line("web-7", "web")] } };
      looks += 1;
      return looks < 3 ? notFound : { body: view({ id: "web-7" }) };
    });
    expect((await tandem(["show", "latest"], { url })).out).toMatch(/^web-7 /);
  });

  test("a pipeline's name is its newest run, found on a later page", async () => {
    const { url } = await given(({ url }) => {
      if (url === "/api/runs/hello") return notFound;
      if (url === "/api/runs/hello-3") return { body: view() };
      if (url.includes("cursor=second"))
        return { body: { runs: [line("hello-3", "hello"), line("hello-2", "hello")] } };
      return { body: { runs: [line("web-7", "web")], cursor: "second" } };
    });
    expect((await tandem(["show", "hello"], { url })).out).toMatch(/^hello-3 /);
  });

  test("neither a run nor a pipeline", async () => {
    const { url } = await given(({ url }) =>
      url.startsWith("/api/runs?") ? { body: { runs: [] } } : notFound,
    );
    const { code, err } = await tandem(["show", "nix"], { url });
    expect(code).toBe(4);
    expect(err).toBe('tandem: there is no run and no pipeline "nix" with runs; `tandem runs` lists them\n');
  });

  test("no runs at all", async () => {
    const { url } = await given(() => ({ body: { runs: [] } }));
    const { code, err } = await tandem(["explain"], { url });
    expect(code).toBe(4);
    expect(err).toMatch(/no run yet: push/);
  });

  test("an id cannot leave its place in the address", async () => {
    const { url, seen } = await given(() => ({ body: view() }));
    await tandem(["show", "../x?y"], { url });
    expect(seen[0]?.url).toBe("/api/runs/..%2Fx%3Fy");
  });
});

describe("failures", () => {
  test("nothing answers: exit 3, and the remedy", async () => {
    const { url } = await given(() => ({ body: {} }));
    await api?.close();
    api = undefined;
    const { code, out, err } = await tandem(["runs"], { url });
    expect({ code, out }).toEqual({ code: 3, out: "" });
    expect(err).toBe(
      `tandem: nothing answers at ${url} (ECONNREFUSED): start it with \`npx tandem local up\`, or give the address with --url or TANDEM_URL\n`,
    );
  });

  test.each([
    [403, 5],
    [404, 4],
    [409, 6],
    [400, 2],
  ])("the API's refusal %i in its own words, exit %i", async (status, expected) => {
    const { url } = await given(() => ({
      status,
      body: { error: { code: "why", message: "because of this" } },
    }));
    const { code, err } = await tandem(["runs"], { url });
    expect({ code, err }).toEqual({ code: expected, err: "tandem: because of this\n" });
    expect(JSON.parse((await tandem(["runs", "--json"], { url })).err)).toEqual({
      error: { code: "why", message: "because of this" },
    });
  });

  test("the gateway's refusal, which has no sentence of ours", async () => {
    const { url } = await given(() => ({ status: 403, body: { message: "Forbidden" } }));
    const { code, err } = await tandem(["runs"], { url });
    expect(code).toBe(5);
    expect(err).toMatch(/does not let you in: sign with credentials/);
  });

  test.each([["<html>hi</html>"], [{ runs: "none" }], [[]]])("what is not Tandem: %j", async (body) => {
    const { url } = await given(() => ({ body }));
    const { code, err } = await tandem(["runs"], { url });
    expect(code).toBe(3);
    expect(err).toMatch(/is not Tandem's HTTP API/);
  });

  test.each(["nonsense", "ftp://example.com", "http://example.com"])("the address %s", async (url) => {
    const { code, err } = await tandem(["runs", "--url", url]);
    expect(code).toBe(2);
    expect(err).toMatch(/^tandem: "/);
  });

  test("Ctrl-C", async () => {
    const interrupt = new AbortController();
    const { url } = await given(() => {
      interrupt.abort();
      return { body: { runs: [] } };
    });
    expect((await tandem(["runs"], { url, signal: interrupt.signal })).code).toBe(130);
  });
});

describe("signing", () => {
  test("without credentials a request to this machine is not signed", async () => {
    const { url, seen } = await given(() => ({ body: { runs: [] } }));
    await tandem(["runs"], { url });
    expect(seen[0]?.headers.authorization).toBeUndefined();
  });

  test("with credentials every request is, for execute-api, and the signature is right", async () => {
    const { url, seen } = await given(({ method }) =>
      method === "GET" ? { body: view() } : { body: { run: view(), message: "alice approved production" } },
    );
    // The SDK's own chain of providers reads the process's environment.
    const keys = { AWS_ACCESS_KEY_ID: "alice", AWS_SECRET_ACCESS_KEY: "alice", AWS_REGION: "eu-west-1" };
    const before = { ...process.env };
    Object.assign(process.env, keys);
    try {
      const done = await tandem(["approve", "hello-3", "production", "--comment", "Grüße"], {
        url,
        environment: keys,
      });
      expect(done.err).toBe("");
      expect(done.out).toBe(`alice approved production: ${DIGEST}\n`);
    } finally {
      process.env = before;
    }
    expect(seen).toHaveLength(2);
    for (const { method, url: path, headers, body } of seen) {
      const authorization = parseAuthorization(headers.authorization);
      if (authorization === undefined) throw new Error(`${method} ${path} is not signed`);
      expect(authorization).toMatchObject({
        accessKeyId: "alice",
        region: "eu-west-1",
        service: "execute-api",
      });
      const request = { method, url: path, headers, body: Buffer.from(body) };
      expect(signatureFault(request, authorization, "alice", Date.now())).toBeUndefined();
      expect(signatureFault(request, authorization, "bob", Date.now())).toBeDefined();
    }
  });
});
