/**
 * CloudFormation spells the members of ECS's requests with a capital first letter, and its parameters turn numbers and
 * booleans into text; the operations expect them as the API has them.
 */

/** Maps whose keys are the user's own. */
const freeMaps = new Set(["options", "dockerLabels", "driverOpts", "labels", "hookDetails"]);

const numbers = new Set([
  "containerPort",
  "hostPort",
  "memoryReservation",
  "weight",
  "base",
  "desiredCount",
  "minimumHealthyPercent",
  "maximumPercent",
  "healthCheckGracePeriodSeconds",
  "stopTimeout",
  "startTimeout",
  "interval",
  "timeout",
  "retries",
  "startPeriod",
  "bakeTimeInMinutes",
  "canaryPercent",
  "canaryBakeTimeInMinutes",
  "stepPercent",
  "stepBakeTimeInMinutes",
  "timeoutInMinutes",
  "softLimit",
  "hardLimit",
]);
const booleans = new Set([
  "essential",
  "interactive",
  "enable",
  "rollback",
  "resetOnHealthyTask",
  "enableECSManagedTags",
  "enableExecuteCommand",
  "readonlyRootFilesystem",
  "privileged",
]);

const camel = (name: string): string =>
  name === "EnableECSManagedTags" ? "enableECSManagedTags" : name.charAt(0).toLowerCase() + name.slice(1);

function scalar(name: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (numbers.has(name) && value.trim() !== "" && !Number.isNaN(Number(value))) return Number(value);
  if (booleans.has(name) && (value === "true" || value === "false")) return value === "true";
  return value;
}

/** The properties of a resource as the input of the operation that creates it. */
export function apiInput(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(apiInput);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined && member !== null)
      .map(([name, member]) => {
        const key = camel(name);
        if (freeMaps.has(key)) return [key, member];
        return [key, typeof member === "object" ? apiInput(member) : scalar(key, member)];
      }),
  );
}

/** A container definition's `Cpu` and `Memory` are numbers, a task definition's are texts. */
export function definitionInput(properties: unknown): Record<string, unknown> {
  const input = recordOf(apiInput(properties));
  const containers = Array.isArray(input.containerDefinitions) ? input.containerDefinitions : [];
  return {
    ...input,
    ...(input.cpu === undefined ? {} : { cpu: String(input.cpu) }),
    ...(input.memory === undefined ? {} : { memory: String(input.memory) }),
    containerDefinitions: containers.map((container: unknown) => {
      const { cpu, memory, ...rest } = recordOf(container);
      return {
        ...rest,
        ...(cpu === undefined ? {} : { cpu: Number(cpu) }),
        ...(memory === undefined ? {} : { memory: Number(memory) }),
      };
    }),
  };
}

export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
