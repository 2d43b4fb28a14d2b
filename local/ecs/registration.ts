import { z } from "zod";
import { AwsError } from "../service.ts";
import { compatibilitiesOf, fargateProblem } from "./compatibility.ts";
import { cpuUnits, mebibytes } from "./demand.ts";
import { ExpressionError, parseExpression } from "./expression.ts";
import { tagsSchema } from "./input.ts";
import { type Constraint, constraintSchema, containerDefinitionSchema, launchTypeSchema } from "./types.ts";

const clientError = (message: string): AwsError => new AwsError("ClientException", message);

const maxContainers = 10;
const maxConstraints = 10;

/** What RegisterTaskDefinition reads of a request. */
export const registrationSchema = z.looseObject({
  family: z.string({ error: "Family should not be null or empty." }).regex(/^[A-Za-z0-9_-]{1,255}$/, {
    error:
      "Family contains invalid characters: up to 255 letters, numbers, underscores and hyphens are allowed.",
  }),
  containerDefinitions: z
    .array(containerDefinitionSchema, { error: "Container definitions should not be null or empty." })
    .min(1, "Container definitions should not be null or empty.")
    .max(maxContainers, `A task definition can have up to ${maxContainers} containers.`),
  placementConstraints: z.array(constraintSchema).default([]),
  networkMode: z.enum(["bridge", "host", "awsvpc", "none"]).default("bridge"),
  requiresCompatibilities: z.array(launchTypeSchema).optional(),
  runtimePlatform: z
    .looseObject({
      cpuArchitecture: z.enum(["X86_64", "ARM64"]).optional(),
      operatingSystemFamily: z
        .string()
        .regex(
          /^(LINUX|WINDOWS_SERVER_[A-Z0-9_]+)$/,
          "operatingSystemFamily must be LINUX or a Windows Server.",
        )
        .optional(),
    })
    .optional(),
  cpu: z.string().optional(),
  memory: z.string().optional(),
  tags: tagsSchema.default([]),
});
export type Registration = z.infer<typeof registrationSchema>;

/**
 * What RegisterTaskDefinition refuses beyond the shape of the request.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
 *
 * @throws AwsError ClientException
 */
export function checkRegistration(wanted: Registration): void {
  const names = wanted.containerDefinitions.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw clientError(`Container.name '${twice}' should be unique within a task definition.`);
  if (!wanted.containerDefinitions.some(({ essential }) => essential)) {
    throw clientError("At least one container in the task definition must be marked as essential.");
  }
  checkSizes(wanted);
  checkPorts(wanted);
  const foreign = wanted.placementConstraints.find(({ type }) => type !== "memberOf");
  if (foreign !== undefined) {
    throw clientError(
      `The placement constraint ${foreign.type} is not valid in a task definition: memberOf is the only one.`,
    );
  }
  checkConstraints(wanted.placementConstraints);
  checkCompatibilities(wanted);
}

const troubleshooting =
  "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";

function checkSizes(wanted: Registration): void {
  const { cpu, memory: taskMemory } = wanted;
  if (cpu !== undefined && Number.isNaN(cpuUnits(cpu))) {
    throw clientError(`Invalid 'cpu' setting for task: ${cpu}. ${troubleshooting}`);
  }
  if (taskMemory !== undefined && Number.isNaN(mebibytes(taskMemory))) {
    throw clientError(`Invalid 'memory' setting for task: ${taskMemory}. ${troubleshooting}`);
  }
  for (const { memory, memoryReservation, name } of wanted.containerDefinitions) {
    const invalid = (why: string): AwsError => clientError(`Invalid setting for container '${name}'. ${why}`);
    if (memory === undefined && memoryReservation === undefined && taskMemory === undefined) {
      throw invalid("At least one of 'memory' or 'memoryReservation' must be specified.");
    }
    if (memory !== undefined && memoryReservation !== undefined && memoryReservation >= memory) {
      throw invalid("'memory' must be greater than 'memoryReservation'.");
    }
    if (memory !== undefined && taskMemory !== undefined && memory > mebibytes(taskMemory)) {
      throw invalid(`'memory' (${memory}) must not be greater than the task's (${taskMemory}).`);
    }
  }
}

function checkPorts({ containerDefinitions, networkMode }: Registration): void {
  if (networkMode !== "awsvpc" && networkMode !== "host") return;
  const differs = containerDefinitions.some(({ portMappings }) =>
    portMappings.some(({ containerPort, hostPort = 0 }) => hostPort !== 0 && hostPort !== containerPort),
  );
  if (differs) {
    throw clientError(
      `When networkMode=${networkMode}, the host ports and container ports in port mappings must match.`,
    );
  }
}

function checkCompatibilities(wanted: Registration): void {
  const required = wanted.requiresCompatibilities ?? [];
  const problem = required.includes("FARGATE") ? fargateProblem(wanted) : undefined;
  if (problem !== undefined) throw clientError(problem);
  const possible = compatibilitiesOf(wanted);
  const impossible = required.find((launchType) => !possible.includes(launchType));
  if (impossible !== undefined) {
    throw clientError(
      `requiresCompatibilities ${impossible} does not support network mode '${wanted.networkMode}'.`,
    );
  }
}

/** @throws AwsError for more than 10 constraints, or an expression that is missing or cannot be read. */
export function checkConstraints(constraints: readonly Constraint[]): void {
  if (constraints.length > maxConstraints) {
    throw new AwsError(
      "InvalidParameterException",
      `${constraints.length} placement constraints: at most ${maxConstraints} can be specified, those of the task definition included.`,
    );
  }
  for (const { type, expression } of constraints) {
    if (type === "distinctInstance") continue;
    if (expression === undefined || expression.trim() === "") {
      throw clientError("A memberOf placement constraint needs an expression.");
    }
    try {
      parseExpression(expression);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      throw clientError(`Invalid constraint expression "${expression}": ${error.message}`);
    }
  }
}
