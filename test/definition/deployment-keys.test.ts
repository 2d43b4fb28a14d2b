import { describe, expect, test } from "@jest/globals";
import type { EcsDeployment } from "../../shared/pipeline/definition.ts";
import { ecsFault, ecsOf, ecsWith } from "./stages.ts";
import { faultsOf, pipelineWith } from "./yaml.ts";

/** Every key of a deployment: what it becomes, and what is said of each fault. */

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
