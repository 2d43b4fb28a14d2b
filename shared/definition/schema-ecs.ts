import { z } from "zod";
import { duration, path, repository } from "./schema-words.ts";

/** What a stage does to one ECS service. */

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html */
const provider = z.strictObject({
  base: z.int().min(0).max(100_000).default(0),
  weight: z.int().min(0).max(1000).default(0),
});

const ecsName = z
  .string()
  .regex(/^[a-zA-Z0-9_-]+$/, "must be letters, digits, hyphens and underscores")
  .max(255);

const architecture = z.enum(["x86_64", "arm64"]);

/** Whole minutes, as ECS takes them: at most a day. */
const minutes = duration.refine(
  (text) => /^(?:\d{1,3}|1[0-3]\d\d|14[0-3]\d|1440)m$|^(?:[1-9]|1\d|2[0-4])h$|^1d$/.test(text),
  "must be at most a day, e.g. 10m or 2h",
);

const percent = z
  .number()
  .min(0.1)
  .max(100)
  .refine((value) => Number.isInteger(Math.round(value * 1e6) / 1e5), "must be a multiple of 0.1");

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html, counted as JSON. */
const OVERRIDES = 8192;

const oneOff = z.strictObject({
  run: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, "must be lower-case letters, digits and hyphens")
    .max(40)
    .describe("What people know the task by, e.g. migrate."),
  container: ecsName.describe("The container of the task definition that runs the command."),
  command: z
    .array(z.string().min(1).max(1000))
    .min(1)
    .max(50)
    .refine(
      (words) => JSON.stringify(words).length <= OVERRIDES - 500,
      "is longer than ECS takes: 8,192 characters with the container's name",
    )
    .describe("The command and its arguments."),
  architecture: architecture.optional().describe("The hosts it may run on; any otherwise."),
  timeout: duration.default("30m").describe("How long it may take; it is stopped then."),
});

const oneOffs = z.union([z.array(oneOff).min(1).max(10), oneOff]);

const taskDefinition = z.union([
  z.enum(["service", "family"]),
  z.strictObject({
    file: path.describe("A JSON file of the repository, as `aws ecs register-task-definition` takes it."),
    variables: z
      .record(
        z.string().regex(/^[A-Z][A-Z0-9_]*$/, "must be capital letters, digits and underscores"),
        z.string().max(1000),
      )
      .default({})
      .describe("What its placeholders stand for: a name in braces after a dollar sign."),
  }),
]);

const shift = z.strictObject({
  weights: z
    .record(z.string(), z.int().min(0).max(1000))
    .refine((weights) => Object.keys(weights).length > 0, "names no capacity provider")
    .describe("Capacity provider to its new weight."),
  bake: duration.optional().describe("How long the step must hold before the next."),
});

export const ecs = z.strictObject({
  cluster: ecsName.describe("The ECS cluster."),
  service: ecsName.describe("The ECS service."),
  containers: z.record(ecsName, repository).describe("Container name to image name."),
  capacity: z
    .record(z.string(), provider)
    .optional()
    .describe("Capacity providers with base and weight; the service's own otherwise."),
  taskDefinition: taskDefinition
    .optional()
    .describe(
      "What the new revision starts from: the service's (the default), the family's newest, or a file.",
    ),
  strategy: z
    .enum(["rolling", "blue-green", "linear", "canary"])
    .optional()
    .describe("How ECS replaces the tasks; the service's own way otherwise."),
  traffic: z
    .strictObject({
      percent: percent
        .optional()
        .describe("Percent of the traffic in a step of linear, or in canary's first."),
      every: minutes.optional().describe("The time between two steps."),
    })
    .optional()
    .describe("The steps of linear and canary."),
  circuitBreaker: z
    .strictObject({
      rollback: z.boolean().default(true).describe("Whether ECS goes back by itself."),
      threshold: z
        .union([
          z.strictObject({ count: z.int().min(1).max(10_000) }),
          z.strictObject({ percent: z.int().min(1).max(100) }),
        ])
        .optional()
        .describe("Failed tasks after which the deployment has failed."),
    })
    .optional()
    .describe("ECS's circuit breaker; healthy tasks of one architecture never reset the count of the other."),
  alarms: z
    .array(z.string().min(1).max(255))
    .min(1)
    .max(20)
    .optional()
    .describe("CloudWatch alarms that must not ring while the release settles."),
  bake: minutes.optional().describe("How long the release must hold before the deployment has succeeded."),
  missingArchitecture: z
    .enum(["refuse", "constrain"])
    .optional()
    .describe(
      "When an image lacks the architecture of a host: refuse (the default), or use only hosts that fit.",
    ),
  onArchitectureFailure: z
    .enum(["fail", "quarantine"])
    .optional()
    .describe("When only one architecture fails: fail (the default), or finish on the other, degraded."),
  before: oneOffs.optional().describe("Tasks that run once before the service is moved, e.g. migrations."),
  after: oneOffs.optional().describe("Tasks that run once when the release is running."),
  shift: z
    .array(shift)
    .min(1)
    .max(20)
    .optional()
    .describe("New weights to go to step by step, once the release runs."),
  needs: z
    .array(ecsName)
    .min(1)
    .optional()
    .describe("Services of this stage that must have succeeded first, where the order is parallel."),
  pair: ecsName.optional().describe("Services of one pair are rolled together and go back together."),
});

export type EcsFile = z.infer<typeof ecs>;
