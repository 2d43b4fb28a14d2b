import { z } from "zod";
import { AwsError, type Caller, type Operation } from "../../service.ts";
import { definitionName } from "../arns.ts";
import { cpuUnits, mebibytes } from "../demand.ts";
import { describeDefinition } from "../describe.ts";
import type { Ecs } from "../ecs.ts";
import { ExpressionError, parseExpression } from "../expression.ts";
import { page, pageSchema, parse, tagsSchema } from "../input.ts";
import {
  type Constraint,
  constraintSchema,
  containerDefinitionSchema,
  type TaskDefinition,
} from "../types.ts";

const clientError = (message: string): AwsError => new AwsError("ClientException", message);

const registerSchema = z.looseObject({
  family: z.string({ error: "Family should not be null or empty." }).regex(/^[A-Za-z0-9_-]{1,255}$/, {
    error:
      "Family contains invalid characters: up to 255 letters, numbers, underscores and hyphens are allowed.",
  }),
  containerDefinitions: z
    .array(containerDefinitionSchema, { error: "Container definitions should not be null or empty." })
    .min(1, "Container definitions should not be null or empty."),
  placementConstraints: z.array(constraintSchema).default([]),
  networkMode: z.enum(["bridge", "host", "awsvpc", "none"]).default("bridge"),
  requiresCompatibilities: z.array(z.enum(["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"])).optional(),
  runtimePlatform: z
    .looseObject({
      cpuArchitecture: z.enum(["X86_64", "ARM64"]).optional(),
      operatingSystemFamily: z.string().optional(),
    })
    .optional(),
  cpu: z.string().optional(),
  memory: z.string().optional(),
  tags: tagsSchema.default([]),
});
type Registration = z.infer<typeof registerSchema>;

/** The other members of a request that a definition keeps; anything else (what only a description has) is dropped. */
const kept = [
  "taskRoleArn",
  "executionRoleArn",
  "volumes",
  "pidMode",
  "ipcMode",
  "proxyConfiguration",
  "inferenceAccelerators",
  "ephemeralStorage",
  "enableFaultInjection",
];

/**
 * What RegisterTaskDefinition refuses beyond the shape of the request.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
 */
function check(wanted: Registration): void {
  const names = wanted.containerDefinitions.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw clientError(`Container.name '${twice}' should be unique within a task definition.`);
  if (!wanted.containerDefinitions.some(({ essential }) => essential)) {
    throw clientError("At least one container in the task definition must be marked as essential.");
  }
  for (const container of wanted.containerDefinitions) {
    const { memory, memoryReservation, name } = container;
    if (memory === undefined && memoryReservation === undefined && wanted.memory === undefined) {
      throw clientError(
        `Invalid setting for container '${name}'. At least one of 'memory' or 'memoryReservation' must be specified.`,
      );
    }
    if (memory !== undefined && memoryReservation !== undefined && memoryReservation >= memory) {
      throw clientError(
        `Invalid setting for container '${name}'. 'memory' must be greater than 'memoryReservation'.`,
      );
    }
  }
  if (wanted.cpu !== undefined && Number.isNaN(cpuUnits(wanted.cpu))) {
    throw clientError(`Invalid 'cpu' setting for task: ${wanted.cpu}`);
  }
  if (wanted.memory !== undefined && Number.isNaN(mebibytes(wanted.memory))) {
    throw clientError(`Invalid 'memory' setting for task: ${wanted.memory}`);
  }
  checkConstraints(wanted.placementConstraints);
}

/** @throws AwsError for more than 10 constraints, or an expression that cannot be read. */
export function checkConstraints(constraints: readonly Constraint[]): void {
  if (constraints.length > 10) {
    throw new AwsError("InvalidParameterException", "At most 10 placement constraints can be specified.");
  }
  for (const { type, expression } of constraints) {
    if (type === "distinctInstance") continue;
    try {
      parseExpression(expression ?? "");
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      throw clientError(`Invalid constraint expression "${expression ?? ""}": ${error.message}`);
    }
  }
}

/** The definition that `family`, `family:revision` or an ARN names; without a revision the newest that is ACTIVE. */
function lookUp(ecs: Ecs, nameOrArn: string): TaskDefinition | undefined {
  const { family, revision } = definitionName(nameOrArn);
  const revisions = ecs.state.definitions.get(family) ?? [];
  if (revision !== undefined) return revisions[revision - 1];
  return revisions.findLast(({ status }) => status === "ACTIVE");
}

/** @throws AwsError ClientException when there is none. */
export function findDefinition(ecs: Ecs, nameOrArn: string): TaskDefinition {
  const found = lookUp(ecs, nameOrArn);
  if (found === undefined) throw clientError("Unable to describe task definition.");
  return found;
}

/** @throws AwsError ClientException for a definition that is missing or INACTIVE: nothing new may be started from it. */
export function usableDefinition(ecs: Ecs, nameOrArn: string): TaskDefinition {
  const found = lookUp(ecs, nameOrArn);
  if (found === undefined) throw clientError("TaskDefinition not found.");
  if (found.status !== "ACTIVE") throw clientError("TaskDefinition is inactive");
  return found;
}

type Requested = Omit<
  TaskDefinition,
  "arn" | "family" | "revision" | "status" | "registeredAt" | "registeredBy"
>;

/** What a request to register asks for, checked and with its defaults. */
export function definitionOfRequest(input: unknown): Requested {
  const wanted = parse(registerSchema, input);
  check(wanted);
  const { containerDefinitions, placementConstraints, networkMode, tags, cpu, memory } = wanted;
  const { runtimePlatform, requiresCompatibilities } = wanted;
  const rest = Object.fromEntries(Object.entries(wanted).filter(([name]) => kept.includes(name)));
  return {
    containerDefinitions,
    placementConstraints,
    networkMode,
    cpu,
    memory,
    runtimePlatform,
    requiresCompatibilities,
    rest: { volumes: [], ...rest },
    tags,
  };
}

/** Registers the next revision of the family. */
export async function registerDefinition(
  ecs: Ecs,
  input: unknown,
  caller: Pick<Caller, "arn">,
): Promise<TaskDefinition> {
  const requested = definitionOfRequest(input);
  const { family } = parse(registerSchema, input);
  const revision = (ecs.state.definitions.get(family)?.length ?? 0) + 1;
  const definition: TaskDefinition = {
    ...requested,
    arn: ecs.arns.ecs(`task-definition/${family}:${revision}`),
    family,
    revision,
    status: "ACTIVE",
    registeredAt: ecs.context.now(),
    registeredBy: caller.arn,
  };
  await ecs.store.saveDefinition(definition);
  return definition;
}

export function taskDefinitionOperations(ecs: Ecs): Record<string, Operation> {
  const { state, store } = ecs;
  const familyStatus = z.enum(["ACTIVE", "INACTIVE", "ALL"]).default("ACTIVE");

  return {
    RegisterTaskDefinition: async (input, caller) => {
      const definition = await registerDefinition(ecs, input, caller);
      return { taskDefinition: describeDefinition(definition), tags: definition.tags };
    },

    DescribeTaskDefinition: async (input) => {
      const wanted = parse(
        z.object({ taskDefinition: z.string(), include: z.array(z.string()).default([]) }),
        input,
      );
      const definition = findDefinition(ecs, wanted.taskDefinition);
      const tags = wanted.include.includes("TAGS") ? { tags: definition.tags } : {};
      return { taskDefinition: describeDefinition(definition), ...tags };
    },

    DeregisterTaskDefinition: async (input) => {
      const { taskDefinition } = parse(z.object({ taskDefinition: z.string() }), input);
      if (definitionName(taskDefinition).revision === undefined) {
        throw new AwsError(
          "InvalidParameterException",
          "taskDefinition must name a revision, as in family:revision.",
        );
      }
      const definition = findDefinition(ecs, taskDefinition);
      const inactive: TaskDefinition = {
        ...definition,
        status: "INACTIVE",
        deregisteredAt: ecs.context.now(),
      };
      await store.saveDefinition(inactive);
      return { taskDefinition: describeDefinition(inactive) };
    },

    ListTaskDefinitions: async (input) => {
      const wanted = parse(
        pageSchema.extend({
          familyPrefix: z.string().optional(),
          status: z.enum(["ACTIVE", "INACTIVE"]).default("ACTIVE"),
          sort: z.enum(["ASC", "DESC"]).default("ASC"),
        }),
        input,
      );
      // `familyPrefix` is the full family name, in spite of its name.
      const families = [...state.definitions.keys()].toSorted();
      const arns = families
        .filter((family) => wanted.familyPrefix === undefined || family === wanted.familyPrefix)
        .flatMap((family) => state.definitions.get(family) ?? [])
        .filter(({ status }) => status === wanted.status)
        .map(({ arn }) => arn);
      const { items, ...rest } = page(
        wanted.sort === "ASC" ? arns : arns.toReversed(),
        wanted.nextToken,
        wanted.maxResults,
      );
      return { taskDefinitionArns: items, ...rest };
    },

    ListTaskDefinitionFamilies: async (input) => {
      const wanted = parse(
        pageSchema.extend({ familyPrefix: z.string().default(""), status: familyStatus }),
        input,
      );
      const families = [...state.definitions]
        .filter(([family, revisions]) => {
          const active = revisions.some(({ status }) => status === "ACTIVE");
          const fits = wanted.status === "ALL" || active === (wanted.status === "ACTIVE");
          return fits && family.startsWith(wanted.familyPrefix);
        })
        .map(([family]) => family)
        .toSorted();
      const { items, ...rest } = page(families, wanted.nextToken, wanted.maxResults);
      return { families: items, ...rest };
    },
  };
}
