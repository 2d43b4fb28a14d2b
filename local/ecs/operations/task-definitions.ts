import { z } from "zod";
import { AwsError, type Caller, type Operation } from "../../service.ts";
import { definitionName } from "../arns.ts";
import { describeDefinition } from "../describe.ts";
import type { Ecs } from "../ecs.ts";
import { page, pageSchema, parse } from "../input.ts";
import { checkRegistration, registrationSchema } from "../registration.ts";
import type { TaskDefinition } from "../types.ts";

const clientError = (message: string): AwsError => new AwsError("ClientException", message);
const maxDeleted = 10;

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
  const wanted = parse(registrationSchema, input);
  checkRegistration(wanted);
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
  const { family } = parse(registrationSchema, input);
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

/**
 * Why a revision is not deleted: only one that was deregistered can be. It stays describable as DELETE_IN_PROGRESS, for good
 * here. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html
 */
function refusalToDelete(ecs: Ecs, nameOrArn: string): string | undefined {
  const { revision } = definitionName(nameOrArn);
  const definition = revision === undefined ? undefined : lookUp(ecs, nameOrArn);
  if (definition === undefined) {
    return "The specified task definition does not exist. Specify a valid family and revision and try again.";
  }
  return definition.status === "ACTIVE"
    ? "The specified task definition is still in ACTIVE status. Please deregister the target and try again."
    : undefined;
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

    DeleteTaskDefinitions: async (input) => {
      const { taskDefinitions } = parse(
        z.object({
          taskDefinitions: z
            .array(z.string())
            .min(1, "taskDefinitions cannot be empty.")
            .max(maxDeleted, `At most ${maxDeleted} task definitions can be deleted at once.`),
        }),
        input,
      );
      const deleted: unknown[] = [];
      const failures: unknown[] = [];
      for (const name of taskDefinitions) {
        const refusal = refusalToDelete(ecs, name);
        if (refusal !== undefined) {
          failures.push({ arn: name, reason: refusal });
          continue;
        }
        const definition: TaskDefinition = {
          ...findDefinition(ecs, name),
          status: "DELETE_IN_PROGRESS",
          deleteRequestedAt: ecs.context.now(),
        };
        await store.saveDefinition(definition);
        deleted.push(describeDefinition(definition));
      }
      return { taskDefinitions: deleted, failures };
    },

    ListTaskDefinitions: async (input) => {
      const wanted = parse(
        pageSchema.extend({
          familyPrefix: z.string().optional(),
          status: z.enum(["ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"]).default("ACTIVE"),
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
