import { describe, expect, test } from "@jest/globals";
import { compilePipelines } from "../../shared/definition/compile.ts";
import type { EcsDeployment, StageDefinition } from "../../shared/pipeline/definition.ts";
import { faultsOf, pipelineWith } from "./yaml.ts";

/** Every key of a stage and of its deployments: what it becomes, and what is said of each fault. */

/** The stage's own keys begin at line 9, those of its one deployment at line 15. */
const stageWith = (...lines: readonly string[]) =>
  pipelineWith({
    9: ["    approval: { from: [release-managers] }", ...lines.map((line) => `    ${line}`)].join("\n"),
  });
const ecsWith = (...lines: readonly string[]) =>
  pipelineWith({
    14: ["          containers: { web: hello }", ...lines.map((line) => `          ${line}`)].join("\n"),
  });

function stageOf(text: string): StageDefinition {
  const { pipelines, faults } = compilePipelines([{ file: "pipelines/hello.yml", text }]);
  expect(faults).toEqual([]);
  const stage = pipelines[0]?.stages[0];
  if (stage === undefined) throw new Error("the pipeline has no stage");
  return stage;
}

const ecsOf = (text: string): EcsDeployment => {
  const { deploy } = stageOf(text);
  const [first] = deploy;
  if (first === undefined) throw new Error("the stage has no deployment");
  return first;
};

const stageFault = (line: string, fault: string) =>
  [line, `pipelines/hello.yml:10 stages[0].${fault}`] as const;
const ecsFault = (line: string, fault: string) =>
  [line, `pipelines/hello.yml:15 stages[0].deploy[0].ecs.${fault}`] as const;

describe("a deployment", () => {
  test("says nothing that the file is silent about: the service keeps its own", () => {
    expect(ecsOf(pipelineWith())).toEqual({
      cluster: "staging",
      service: "web",
      containers: { web: "hello" },
    });
  });

  const VALID: readonly (readonly [string, Partial<EcsDeployment>])[] = [
    ["taskDefinition: service", { taskDefinition: { from: "service" } }],
    ["taskDefinition: family", { taskDefinition: { from: "family" } }],
    [
      "taskDefinition: { file: deploy/web.json }",
      { taskDefinition: { from: "file", file: "deploy/web.json", variables: {} } },
    ],
    [
      "taskDefinition: { file: web.json, variables: { LOG_LEVEL: info } }",
      { taskDefinition: { from: "file", file: "web.json", variables: { LOG_LEVEL: "info" } } },
    ],
    ["strategy: rolling", { strategy: { type: "rolling" } }],
    ["strategy: blue-green", { strategy: { type: "blue-green" } }],
    [
      "strategy: canary\ntraffic: { percent: 0.1, every: 10m }",
      { strategy: { type: "canary", percent: 0.1, stepMinutes: 10 } },
    ],
    [
      "strategy: linear\ntraffic: { percent: 12.5, every: 1d }",
      { strategy: { type: "linear", percent: 12.5, stepMinutes: 1440 } },
    ],
    ["strategy: linear\ntraffic: { every: 24h }", { strategy: { type: "linear", stepMinutes: 1440 } }],
    ["circuitBreaker: {}", { circuitBreaker: { rollback: true } }],
    ["circuitBreaker: { rollback: false }", { circuitBreaker: { rollback: false } }],
    [
      "circuitBreaker: { threshold: { count: 4 } }",
      { circuitBreaker: { rollback: true, threshold: { type: "count", value: 4 } } },
    ],
    [
      "circuitBreaker: { threshold: { percent: 50 } }",
      { circuitBreaker: { rollback: true, threshold: { type: "percent", value: 50 } } },
    ],
    ["alarms: [web-5xx, web latency]", { alarms: ["web-5xx", "web latency"] }],
    ["bake: 90m", { bakeMinutes: 90 }],
    ["bake: 2h", { bakeMinutes: 120 }],
    ["missingArchitecture: constrain", { missingArchitecture: "constrain" }],
    ["onArchitectureFailure: quarantine", { onArchitectureFailure: "quarantine" }],
    [
      "before: { run: migrate, container: web, command: [npm, run, migrate] }",
      {
        before: [
          { run: "migrate", container: "web", command: ["npm", "run", "migrate"], timeoutMinutes: 30 },
        ],
      },
    ],
    [
      "after: [{ run: smoke, container: web, command: ['true'], architecture: arm64, timeout: 5m }]",
      {
        after: [
          { run: "smoke", container: "web", command: ["true"], timeoutMinutes: 5, architecture: "arm64" },
        ],
      },
    ],
    [
      "capacity: { x86: { base: 1, weight: 1 }, graviton: {} }\nshift: [{ weights: { graviton: 3 }, bake: 10m }, { weights: { x86: 0, graviton: 1 } }]",
      {
        capacity: { x86: { base: 1, weight: 1 }, graviton: { base: 0, weight: 0 } },
        shift: [
          { weights: { graviton: 3 }, bakeMinutes: 10 },
          { weights: { x86: 0, graviton: 1 }, bakeMinutes: 0 },
        ],
      },
    ],
    // Of the service's own strategy only ECS knows what is left.
    ["shift: [{ weights: { x86: 0 } }]", { shift: [{ weights: { x86: 0 }, bakeMinutes: 0 }] }],
  ];

  test.each(VALID)("%s", (lines, deployment) => {
    expect(ecsOf(ecsWith(...lines.split("\n")))).toMatchObject(deployment);
  });

  const FAULTS: readonly (readonly [string, string])[] = [
    ecsFault(
      "taskDefinition: famly",
      'taskDefinition: must be one of service, family, or a mapping of keys to values, not "famly"; did you mean "family"?',
    ),
    ecsFault(
      "taskDefinition: 7",
      "taskDefinition: must be one of service, family, or a mapping of keys to values, not 7",
    ),
    ecsFault(
      "taskDefinition: { flie: web.json, file: web.json }",
      'taskDefinition.flie: unknown key; did you mean "file"?',
    ),
    ecsFault("taskDefinition: { variables: {} }", "taskDefinition.file: is missing: text"),
    ecsFault(
      "taskDefinition: { file: ../web.json }",
      "taskDefinition.file: must not leave the repository (..)",
    ),
    ecsFault(
      "taskDefinition: { file: /web.json }",
      'taskDefinition.file: "/web.json" must be a relative path of letters, digits, . _ - /',
    ),
    ecsFault(
      "taskDefinition: { file: web.json, variables: { log: info } }",
      'taskDefinition.variables.log: "log" must be capital letters, digits and underscores',
    ),
    ecsFault(
      "taskDefinition: { file: web.json, variables: { LOG: 7 } }",
      "taskDefinition.variables.LOG: must be text, not 7",
    ),
    ecsFault(
      "strategy: bluegreen",
      'strategy: must be one of rolling, blue-green, linear, canary, not "bluegreen"; did you mean "blue-green"?',
    ),
    ecsFault(
      "traffic: { percent: 10 }",
      "traffic: only says something where the strategy is linear or canary",
    ),
    ecsFault(
      "circuitBreaker: { rolback: true }",
      'circuitBreaker.rolback: unknown key; did you mean "rollback"?',
    ),
    ecsFault(
      "circuitBreaker: { threshold: { cuont: 4, count: 4 } }",
      'circuitBreaker.threshold.cuont: unknown key; did you mean "count"?',
    ),
    ecsFault(
      "circuitBreaker: { threshold: { percent: 101 } }",
      "circuitBreaker.threshold.percent: must be at most 100",
    ),
    ecsFault(
      "circuitBreaker: { threshold: 4 }",
      "circuitBreaker.threshold: must be a mapping of keys to values, or a mapping of keys to values, not 4",
    ),
    ecsFault("alarms: []", "alarms: must not be an empty list"),
    ecsFault("alarms: web-5xx", 'alarms: must be a list, not "web-5xx"'),
    ecsFault("bake: 10", "bake: must be text, not 10"),
    ecsFault("bake: 25h", "bake: must be at most a day, e.g. 10m or 2h"),
    ecsFault(
      "bake: 0m",
      'bake: "0m" must be a number of minutes, hours or days, at most 9999, e.g. 30m, 12h, 7d',
    ),
    ecsFault(
      "missingArchitecture: ignore",
      'missingArchitecture: must be one of refuse, constrain, not "ignore"',
    ),
    ecsFault(
      "onArchitectureFailure: quarantin",
      'onArchitectureFailure: must be one of fail, quarantine, not "quarantin"; did you mean "quarantine"?',
    ),
    ecsFault("before: { run: migrate, container: web }", "before.command: is missing: a list"),
    ecsFault(
      "before: { run: migrate, contaner: web, container: web, command: [a] }",
      'before.contaner: unknown key; did you mean "container"?',
    ),
    ecsFault(
      "before: [{ run: migrate, container: web, comand: [a], command: [a] }]",
      'before[0].comand: unknown key; did you mean "command"?',
    ),
    ecsFault(
      "before: [{ run: Migrate, container: web, command: [a] }]",
      'before[0].run: "Migrate" must be lower-case letters, digits and hyphens',
    ),
    ecsFault("before: []", "before: must not be an empty list"),
    ecsFault("before: migrate", 'before: must be a list, or a mapping of keys to values, not "migrate"'),
    ecsFault(
      "before: { run: migrate, container: web, command: [] }",
      "before.command: must not be an empty list",
    ),
    ecsFault(
      "after: { run: smoke, container: web, command: [a], architecture: arm }",
      'after.architecture: must be one of x86_64, arm64, not "arm"; did you mean "arm64"?',
    ),
    ecsFault(
      "after: { run: smoke, container: web, command: [a], timeout: 5 minutes }",
      'after.timeout: "5 minutes" must be a number of minutes, hours or days, at most 9999, e.g. 30m, 12h, 7d',
    ),
    ecsFault(
      `before: { run: migrate, container: web, command: [${Array.from({ length: 9 }, () => "a".repeat(999)).join(", ")}] }`,
      "before.command: is longer than ECS takes: 8,192 characters with the container's name",
    ),
    ecsFault("shift: []", "shift: must not be an empty list"),
    ecsFault("shift: [{ weights: {} }]", "shift[0].weights: names no capacity provider"),
    ecsFault("shift: [{ weights: { x86: 1001 } }]", "shift[0].weights.x86: must be at most 1000"),
    ecsFault(
      "shift: [{ weight: { x86: 1 }, weights: { x86: 1 } }]",
      'shift[0].weight: unknown key; did you mean "weights"?',
    ),
    ecsFault(
      "shift: [{ weights: { x86: 1 }, bake: soon }]",
      'shift[0].bake: "soon" must be a number of minutes, hours or days, at most 9999, e.g. 30m, 12h, 7d',
    ),
    ecsFault("needs: [api]", "needs[0]: only says something where the stage's order is parallel"),
    ecsFault("pair: both", 'pair: nothing else of the stage is in pair "both"'),
  ];

  test.each(FAULTS)("%s", (line, fault) => {
    expect(faultsOf(ecsWith(line))).toEqual([fault]);
  });

  test.each([
    ["strategy: canary", "traffic: { percent: 0 }", "traffic.percent: must be at least 0.1"],
    ["strategy: canary", "traffic: { percent: 100.1 }", "traffic.percent: must be at most 100"],
    ["strategy: canary", "traffic: { percent: 0.15 }", "traffic.percent: must be a multiple of 0.1"],
    [
      "strategy: linear",
      "traffic: { percent: 2.9 }",
      "traffic.percent: must be at least 3 where the strategy is linear",
    ],
    ["strategy: linear", "traffic: { evry: 5m }", 'traffic.evry: unknown key; did you mean "every"?'],
    [
      "strategy: rolling",
      "traffic: { percent: 10 }",
      "traffic: only says something where the strategy is linear or canary",
    ],
    [
      "capacity: { x86: { weight: 1 } }",
      "shift: [{ weights: { x68: 1 } }]",
      'shift[0].weights.x68: is no capacity provider of the service; did you mean "x86"?',
    ],
    [
      "capacity: { x86: { weight: 1 }, arm: {} }",
      "shift: [{ weights: { x86: 0 } }]",
      "shift[0].weights: needs a weight above 0 on at least one capacity provider",
    ],
  ])("%s, %s", (first, second, fault) => {
    expect(faultsOf(ecsWith(first, second))).toEqual([
      `pipelines/hello.yml:16 stages[0].deploy[0].ecs.${fault}`,
    ]);
  });

  test("every fault of a deployment is told at once", () => {
    expect(faultsOf(ecsWith("strategy: blue", "alarms: []", "before: { run: migrate }"))).toHaveLength(4);
  });
});

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
