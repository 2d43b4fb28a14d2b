import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { runChecks } from "../../shared/effects/run-checks.ts";
import type { Check } from "../../shared/pipeline/definition.ts";
import { digest, INDEX, T0 } from "../pipeline/given.ts";
import { entered, STAGE, stageWith, target } from "../pipeline/rolling.ts";
import { awsError, contextOf, fakeAws, type Provided, said } from "./fakes.ts";
import { at } from "./rolling.ts";

async function checked(checks: readonly Check[], provided: Provided = {}, patience?: number) {
  const { aws, calls } = fakeAws(provided);
  const run = entered(stageWith([target("web")], { checks }));
  const { events } = await runChecks(contextOf(aws), run, at(run).stage, patience);
  const [event] = events;
  if (event?.type !== "checks.reported") throw new Error("nothing was reported");
  expect(event).toMatchObject({ at: T0, stage: STAGE });
  return { results: event.results, calls };
}

const says = async (check: Check, provided?: Provided, patience?: number) => {
  const [result] = (await checked([check], provided, patience)).results;
  return result?.state === "passed" ? "passed" : result?.why;
};

describe("a function", () => {
  const check = { type: "lambda", function: "smoke" } as const;
  const answers = (text: string, FunctionError?: string): Provided => ({
    lambda: {
      invoke: async () => ({
        StatusCode: 200,
        Payload: Object.assign(Buffer.from(text), { transformToString: () => text }),
        ...(FunctionError === undefined ? {} : { FunctionError }),
      }),
    },
  });

  test("is told what is to be deployed", async () => {
    const { calls } = await checked([check], answers('{"ok":true}'));
    const payload = said(calls[0], "Payload");
    expect(said(calls[0], "FunctionName")).toBe("smoke");
    expect(JSON.parse(Buffer.from(payload as Buffer).toString())).toEqual({
      run: "hello-1",
      pipeline: "hello",
      stage: STAGE,
      commit: "1".repeat(40),
      release: INDEX,
    });
  });

  test.each([
    ['{"ok":true}', "passed"],
    ['{"ok":true,"more":1}', "passed"],
    ['{"ok":false,"reason":"no backup"}', "no backup"],
    ['{"ok":false}', "it said no"],
    ["", 'it answered nothing, not {"ok": true} or {"ok": false, "reason": "…"}'],
    ['"yes"', 'it answered "yes", not {"ok": true} or {"ok": false, "reason": "…"}'],
    ["{", expect.stringContaining("could not be asked: ")],
  ])("that answers %s: %s", async (text, why) => {
    expect(await says(check, answers(text))).toEqual(why);
  });

  test("that throws, or that does not exist, has not passed", async () => {
    const thrown =
      '{"errorType":"Error","errorMessage":"boom","trace":["Error: boom","    at file:///code.mjs"]}';
    expect(await says(check, answers(thrown, "Unhandled"))).toBe("it failed: Error: boom");
    expect(await says(check, answers('{"errorMessage":"boom"}', "Unhandled"))).toBe("it failed: boom");
    expect(await says(check, answers("out of memory", "Unhandled"))).toBe("it failed: out of memory");
    const missing = {
      lambda: { invoke: () => Promise.reject(awsError("ResourceNotFoundException", "no function")) },
    };
    expect(await says(check, missing)).toBe("could not be asked: no function");
  });
});

describe("an address", () => {
  let server: Server;
  let address: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      response.statusCode = Number(request.url?.slice(1));
      if (response.statusCode === 302) response.setHeader("location", "/204");
      response.end("body");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test.each([
    [200, "passed"],
    [204, "passed"],
    [302, "passed"],
    [404, "it answered 404"],
    [503, "it answered 503"],
  ])("that answers %d: %s", async (status, why) => {
    expect(await says({ type: "http", url: `${address}/${status}` })).toBe(why);
  });

  test("where nobody is", async () => {
    expect(await says({ type: "http", url: "http://127.0.0.1:1/" })).toContain("could not be asked");
  });
});

describe("an alarm", () => {
  const check = { type: "alarm", alarm: "web-5xx" } as const;
  const state = (StateValue?: "OK" | "ALARM" | "INSUFFICIENT_DATA"): Provided => ({
    cloudwatch: {
      describeAlarms: async () => ({
        MetricAlarms: StateValue === undefined ? [] : [{ AlarmName: "web-5xx", StateValue }],
      }),
    },
  });

  test("must be OK: one without data is not", async () => {
    expect(await says(check, state("OK"))).toBe("passed");
    expect(await says(check, state("ALARM"))).toBe("alarm web-5xx is in ALARM");
    expect(await says(check, state("INSUFFICIENT_DATA"))).toBe("alarm web-5xx is in INSUFFICIENT_DATA");
    expect(await says(check, state())).toBe("there is no alarm web-5xx in CloudWatch");
  });

  test("may be a composite one", async () => {
    const composite: Provided = {
      cloudwatch: {
        describeAlarms: async () => ({
          CompositeAlarms: [{ AlarmName: "web-5xx", StateValue: "OK" as const }],
        }),
      },
    };
    expect(await says(check, composite)).toBe("passed");
  });
});

describe("ECR's scan", () => {
  const check = { type: "scan", severity: "high" } as const;
  const scans = (status: string, counts: Readonly<Record<string, number>> = {}): Provided => ({
    ecr: {
      describeImageScanFindings: async () => ({
        imageScanStatus: { status: status as "COMPLETE" },
        imageScanFindings: { findingSeverityCounts: counts },
      }),
    },
  });

  test("is of every platform's image, not of their index", async () => {
    const { calls } = await checked([check], scans("COMPLETE"));
    expect(calls.map((call) => said(call, "imageId"))).toEqual([
      { imageDigest: digest("linux/amd64") },
      { imageDigest: digest("linux/arm64") },
    ]);
  });

  test("must be complete, and without findings of the severity or above", async () => {
    expect(await says(check, scans("COMPLETE", { MEDIUM: 7, LOW: 3 }))).toBe("passed");
    expect(await says(check, scans("ACTIVE"))).toBe("passed");
    expect(await says(check, scans("COMPLETE", { CRITICAL: 1, HIGH: 2, LOW: 3 }))).toMatch(
      /^linux\/amd64 of hello@sha256:\w+… has 1 CRITICAL, 2 HIGH · linux\/arm64 of hello@/,
    );
    expect(await says(check, scans("IN_PROGRESS"))).toMatch(
      /^the scan of linux\/amd64 of hello@sha256:\w+… is IN_PROGRESS/,
    );
    const never = {
      ecr: { describeImageScanFindings: () => Promise.reject(awsError("ScanNotFoundException")) },
    };
    expect(await says(check, never)).toMatch(/has not been scanned/);
    const denied = {
      ecr: { describeImageScanFindings: () => Promise.reject(awsError("AccessDeniedException")) },
    };
    expect(await says(check, denied)).toBe("could not be asked: said AWS");
  });

  type Scanned = ReturnType<NonNullable<NonNullable<Provided["ecr"]>["describeImageScanFindings"]>>;
  const clean = () =>
    Promise.resolve({ imageScanStatus: { status: "COMPLETE" }, imageScanFindings: {} } as const);
  /** ECR knows the two images apart by their digests, and by nothing else. */
  const each = (amd64: () => Scanned, arm64: () => Scanned): Provided => ({
    ecr: {
      describeImageScanFindings: ({ imageId }) =>
        imageId?.imageDigest === digest("linux/arm64") ? arm64() : amd64(),
    },
  });
  const named = (platform: "linux/amd64" | "linux/arm64") =>
    `${platform} of hello@${digest(platform).slice(0, 19)}…`;

  test.each<[string, () => Scanned, string]>([
    [
      "has findings",
      async () => ({
        imageScanStatus: { status: "COMPLETE" },
        imageScanFindings: { findingSeverityCounts: { HIGH: 2 } },
      }),
      "# has 2 HIGH",
    ],
    ["was never scanned", () => Promise.reject(awsError("ScanNotFoundException")), "# has not been scanned"],
    [
      "is still being scanned",
      async () => ({ imageScanStatus: { status: "IN_PROGRESS" } }),
      "the scan of # is IN_PROGRESS",
    ],
  ])("one architecture that %s is enough to wait, and is named", async (_, bad, expected) => {
    expect(await says(check, each(clean, bad))).toBe(expected.replace("#", named("linux/arm64")));
    expect(await says(check, each(bad, clean))).toBe(expected.replace("#", named("linux/amd64")));
  });
});

/** Nothing else happens meanwhile: it may take as long as it likes. */
const SHORT_MS = 20;

describe("whoever does not answer in time", () => {
  const hangs = new Promise<never>(() => undefined);

  test("has not passed, and it is said: a function, an alarm, a scan", async () => {
    const late = "it has not answered within 0.02 seconds";
    const never = () => hangs;
    const aws: Provided = {
      lambda: { invoke: never },
      cloudwatch: { describeAlarms: never },
      ecr: { describeImageScanFindings: never },
    };
    expect(await says({ type: "lambda", function: "smoke" }, aws, SHORT_MS)).toBe(late);
    expect(await says({ type: "alarm", alarm: "web-5xx" }, aws, SHORT_MS)).toBe(late);
    expect(await says({ type: "scan", severity: "high" }, aws, SHORT_MS)).toBe(late);
  });

  test("an address is not listened to any longer, and its connection is closed", async () => {
    const closed: Promise<unknown>[] = [];
    const server = createServer((request) => {
      closed.push(once(request.socket, "close"));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      expect(await says({ type: "http", url }, {}, 1000)).toBe("it has not answered within 1 seconds");
      expect(closed).toHaveLength(1);
      await Promise.all(closed);
    } finally {
      server.close();
    }
  });

  test("keeps nobody else from passing", async () => {
    const { results } = await checked(
      [
        { type: "lambda", function: "smoke" },
        { type: "alarm", alarm: "a" },
      ],
      {
        lambda: { invoke: () => hangs },
        cloudwatch: {
          describeAlarms: async () => ({ MetricAlarms: [{ AlarmName: "a", StateValue: "OK" as const }] }),
        },
      },
      500,
    );
    expect(results.map(({ name, state }) => `${name}: ${state}`)).toEqual([
      "function smoke: failed",
      "alarm a: passed",
    ]);
  });
});

test("all are asked, whatever one of them says, and keep their order", async () => {
  const { results } = await checked(
    [
      { type: "alarm", alarm: "a" },
      { type: "lambda", function: "f" },
      { type: "scan", severity: "low" },
    ],
    {
      cloudwatch: {
        describeAlarms: async () => ({ MetricAlarms: [{ AlarmName: "a", StateValue: "OK" as const }] }),
      },
    },
  );
  expect(results.map(({ name, state }) => `${name}: ${state}`)).toEqual([
    "alarm a: passed",
    "function f: failed",
    "no findings of severity low or above: failed",
  ]);
});
