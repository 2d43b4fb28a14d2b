import { describe, expect, test } from "@jest/globals";
import type { StageDefinition } from "../../shared/pipeline/definition.ts";
import { stageFault, stageOf, stageWith } from "./stages.ts";
import { faultsOf, pipelineWith } from "./yaml.ts";

/** Every key of a stage: what it becomes, and what is said of each fault. */

describe("a stage", () => {
  const VALID: readonly (readonly [string, Partial<StageDefinition>])[] = [
    ["order: parallel", { order: "parallel" }],
    ["onFailure: stay", { onFailure: "stay" }],
    ["url: https://shop.example", { url: "https://shop.example" }],
    ["window: { timezone: Asia/Tokyo }", { window: { timezone: "Asia/Tokyo", open: [], frozen: [] } }],
    [
      "window: { timezone: UTC, open: ['mon-thu 10:00-17:00', 'sat,sun 22:00-02:00', 'fri 00:00-24:00'] }",
      {
        window: {
          timezone: "UTC",
          frozen: [],
          open: [
            { days: [1, 2, 3, 4], from: 600, to: 1020 },
            { days: [6, 7], from: 1320, to: 120 },
            { days: [5], from: 0, to: 1440 },
          ],
        },
      },
    ],
    [
      "window: { timezone: UTC, open: ['fri-mon 09:00-10:00'] }",
      { window: { timezone: "UTC", frozen: [], open: [{ days: [1, 5, 6, 7], from: 540, to: 600 }] } },
    ],
    [
      "window: { timezone: UTC, frozen: ['2026-12-24/2027-01-04', '2026-11-27'] }",
      {
        window: {
          timezone: "UTC",
          open: [],
          frozen: [
            { from: "2026-12-24", to: "2027-01-04" },
            { from: "2026-11-27", to: "2026-11-27" },
          ],
        },
      },
    ],
    [
      "window: { timezone: Asia/Tokyo, notBefore: '2026-12-01T09:00' }",
      { window: { timezone: "Asia/Tokyo", open: [], frozen: [], notBefore: Date.UTC(2026, 11, 1) } },
    ],
    [
      "checks: [{ lambda: smoke }, { http: 'https://shop.example/health' }, { alarm: 5xx }, { scan: high }]",
      {
        checks: [
          { type: "lambda", function: "smoke" },
          { type: "http", url: "https://shop.example/health" },
          { type: "alarm", alarm: "5xx" },
          { type: "scan", severity: "high" },
        ],
      },
    ],
  ];

  test.each(VALID)("%s", (line, stage) => {
    expect(stageOf(stageWith(line))).toMatchObject(stage);
  });

  test("that pauses, in a deployment of another strategy than rolling", () => {
    const text = pipelineWith({
      9: "    approval: { from: [release-managers] }\n    pauseAt: [POST_TEST_TRAFFIC_SHIFT]",
      14: "          containers: { web: hello }\n          strategy: canary",
    });
    expect(stageOf(text).pauseAt).toEqual(["POST_TEST_TRAFFIC_SHIFT"]);
  });

  const FAULTS: readonly (readonly [string, string])[] = [
    stageFault(
      "order: paralel",
      'order: must be one of in-order, parallel, not "paralel"; did you mean "parallel"?',
    ),
    stageFault(
      "onFailure: goback",
      'onFailure: must be one of go-back, stay, not "goback"; did you mean "go-back"?',
    ),
    stageFault("onFialure: stay", 'onFialure: unknown key; did you mean "onFailure"?'),
    stageFault("pauseAt: []", "pauseAt: must not be an empty list"),
    stageFault("window: {}", "window.timezone: is missing: text"),
    stageFault(
      "window: { timezone: Asia/Tokio }",
      "window.timezone: must be a time zone of the IANA database, e.g. Asia/Tokyo or UTC",
    ),
    stageFault(
      "window: { timezone: UTC, open: [weekdays] }",
      "window.open[0]: must be days and hours, e.g. mon-thu 10:00-17:00",
    ),
    stageFault(
      "window: { timezone: UTC, open: ['mon 10:00-10:00'] }",
      "window.open[0]: must be days and hours, e.g. mon-thu 10:00-17:00",
    ),
    stageFault(
      "window: { timezone: UTC, open: ['mon 10:00-24:30'] }",
      "window.open[0]: must be days and hours, e.g. mon-thu 10:00-17:00",
    ),
    stageFault(
      "window: { timezone: UTC, frozen: ['2026-02-30'] }",
      "window.frozen[0]: must be a date or two, e.g. 2026-12-24 or 2026-12-24/2027-01-04",
    ),
    stageFault(
      "window: { timezone: UTC, frozen: ['2027-01-04/2026-12-24'] }",
      "window.frozen[0]: must be a date or two, e.g. 2026-12-24 or 2026-12-24/2027-01-04",
    ),
    stageFault(
      "window: { timezone: UTC, notBefore: '2026-12-01' }",
      "window.notBefore: must be a date and time, e.g. 2026-12-01T09:00",
    ),
    stageFault("window: { timezone: UTC, frosen: [] }", 'window.frosen: unknown key; did you mean "frozen"?'),
    stageFault("checks: []", "checks: must not be an empty list"),
    stageFault("checks: [{}]", "checks[0]: must name one check: lambda, http, alarm or scan"),
    stageFault(
      "checks: [{ alarm: a, scan: high }]",
      "checks[0]: must name one check: lambda, http, alarm or scan",
    ),
    stageFault("checks: [{ lamda: smoke }]", 'checks[0].lamda: unknown key; did you mean "lambda"?'),
    stageFault(
      "checks: [{ lambda: 'arn:x' }]",
      'checks[0].lambda: "arn:x" must be the name of a Lambda function',
    ),
    stageFault(
      "checks: [{ scan: hihg }]",
      'checks[0].scan: must be one of critical, high, medium, low, not "hihg"; did you mean "high"?',
    ),
  ];

  test.each(FAULTS)("%s", (line, fault) => {
    expect(faultsOf(stageWith(line))).toContain(fault);
  });

  test("that pauses needs somebody who may let ECS go on, and a strategy that pauses", () => {
    const pauses = (approval: string, strategy: string) =>
      faultsOf(
        pipelineWith({
          9: `${approval}    pauseAt: [POST_SCALE_UP]`,
          14: `          containers: { web: hello }\n          strategy: ${strategy}`,
        }),
      );
    expect(pauses("", "canary")).toEqual([
      "pipelines/hello.yml:9 stages[0].pauseAt: needs an approval rule in the stage: it says who may let ECS go on",
    ]);
    expect(pauses("    approval: { from: [release-managers] }\n", "rolling")).toEqual([
      expect.stringContaining("needs the strategy blue-green, linear or canary: ECS pauses in no other"),
    ]);
  });
});

describe("services of one stage", () => {
  const service = (name: string, ...lines: readonly string[]) =>
    [`      - ecs: { cluster: staging, service: ${name}, containers: { web: hello }`, ...lines]
      .join(", ")
      .concat(" }");
  const stage = (order: string, ...services: readonly string[]) =>
    pipelineWith({ 9: order, 11: services.join("\n"), 12: "", 13: "", 14: "" });

  test("may need each other, and be pairs", () => {
    const text = stage(
      "    order: parallel",
      service("web", "needs: [api]"),
      service("api", "pair: p"),
      service("auth", "pair: p"),
    );
    expect(stageOf(text).deploy.map(({ needs, pair }) => [needs, pair])).toEqual([
      [["api"], undefined],
      [undefined, "p"],
      [undefined, "p"],
    ]);
  });

  test.each([
    ["needs: [ipa]", 'deploy[0].ecs.needs[0]: the stage deploys no service "ipa"; did you mean "api"?'],
    ["needs: [web]", "deploy[0].ecs.needs[0]: waits for itself in the end"],
    ["needs: []", "deploy[0].ecs.needs: must not be an empty list"],
  ])("%s", (line, fault) => {
    const text = stage("    order: parallel", service("web", line), service("api"));
    expect(faultsOf(text)).toEqual([`pipelines/hello.yml:11 stages[0].${fault}`]);
  });

  test("must not wait for each other in a circle", () => {
    const text = stage("    order: parallel", service("web", "needs: [api]"), service("api", "needs: [web]"));
    expect(faultsOf(text)).toEqual([
      "pipelines/hello.yml:11 stages[0].deploy[0].ecs.needs[0]: waits for itself in the end",
      "pipelines/hello.yml:12 stages[0].deploy[1].ecs.needs[0]: waits for itself in the end",
    ]);
  });
});
