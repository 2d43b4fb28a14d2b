import { z } from "zod";
import type { Architecture } from "../../engine.ts";
import { AwsError, type Operation } from "../../service.ts";
import { lastPart } from "../arns.ts";
import { providerOfGroup } from "../auto-scaling.ts";
import { describeInstance } from "../describe.ts";
import type { Ecs } from "../ecs.ts";
import { ExpressionError, parseExpression } from "../expression.ts";
import { page, pageSchema, parse, tagsSchema } from "../input.ts";
import { architectureOf, resourcesOf } from "../instance-types.ts";
import {
  announceInstance,
  externalAttribute,
  registerInstance,
  removeInstance,
  setConnected,
} from "../instances.ts";
import { subjectsOf } from "../placement.ts";
import {
  type Attribute,
  architectureSchema,
  attributeSchema,
  type Cluster,
  type ContainerInstance,
} from "../types.ts";

const documentSchema = z.looseObject({
  instanceId: z.string(),
  instanceType: z.string().default("m5.large"),
  architecture: architectureSchema.optional(),
  availabilityZone: z.string().optional(),
});
const registerSchema = z.object({
  cluster: z.string().optional(),
  instanceIdentityDocument: z.string({ error: "instanceIdentityDocument is required." }),
  totalResources: z
    .array(z.looseObject({ name: z.string(), integerValue: z.number().optional() }))
    .default([]),
  attributes: z.array(attributeSchema).default([]),
  tags: tagsSchema.default([]),
});
const statuses = ["ACTIVE", "DRAINING", "REGISTERING", "DEREGISTERING", "REGISTRATION_FAILED"] as const;

/** The Auto Scaling group of an EC2 instance, as EC2 tags it. */
const groupTag = "aws:autoscaling:groupName";

function identityDocument(text: string): z.infer<typeof documentSchema> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new AwsError("InvalidParameterException", "instanceIdentityDocument is not valid JSON.");
  }
  return parse(documentSchema, document);
}

/**
 * Whether the agent runs on a host of ECS Anywhere: it was registered with Systems Manager (`mi-…`), and says so.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere-registration.html
 */
function isExternal(instanceId: string, attributes: readonly Attribute[]): boolean {
  return instanceId.startsWith("mi-") || attributes.some(({ name }) => name === externalAttribute.name);
}

/** The agent says its architecture itself; the instance type stands in for what it does not say. */
function architectureGiven(
  document: z.infer<typeof documentSchema>,
  attributes: readonly Attribute[],
): Architecture {
  const said = attributes.find(({ name }) => name === "ecs.cpu-architecture")?.value;
  return (
    document.architecture ?? architectureSchema.safeParse(said).data ?? architectureOf(document.instanceType)
  );
}

export function instanceOperations(ecs: Ecs): Record<string, Operation> {
  const { state, store } = ecs;

  /** @throws AwsError InvalidParameterException for an instance that is not registered in the cluster. */
  function instanceOf(cluster: Cluster, nameOrArn: string): ContainerInstance {
    const instance = find(cluster, nameOrArn);
    if (instance === undefined) {
      throw new AwsError("InvalidParameterException", "Referenced container instance not found.");
    }
    return instance;
  }
  const find = (cluster: Cluster, nameOrArn: string): ContainerInstance | undefined =>
    state.instances.get(ecs.arns.ecs(`container-instance/${cluster.name}/${lastPart(nameOrArn)}`));

  return {
    RegisterContainerInstance: async (input) => {
      const wanted = parse(registerSchema, input);
      const cluster = state.cluster(wanted.cluster);
      const document = identityDocument(wanted.instanceIdentityDocument);
      const given = (name: string): number | undefined =>
        wanted.totalResources.find((resource) => resource.name === name)?.integerValue;
      const own = resourcesOf(document.instanceType);
      const groupName = wanted.tags.find(({ key }) => key === groupTag)?.value;
      const provider = groupName === undefined ? undefined : providerOfGroup(state, groupName);
      const external = isExternal(document.instanceId, wanted.attributes);
      const known = state.instancesOf(cluster.name).find((one) => one.ec2InstanceId === document.instanceId);
      if (known !== undefined) {
        // An agent that starts again registers again, and is the same container instance.
        setConnected(ecs, known, true);
        await store.save();
        return { containerInstance: describeInstance(state, known) };
      }
      const instance = registerInstance(ecs, cluster, {
        ec2InstanceId: document.instanceId,
        instanceType: document.instanceType,
        architecture: architectureGiven(document, wanted.attributes),
        availabilityZone: document.availabilityZone ?? `${ecs.context.region}a`,
        cpu: given("CPU") ?? own.cpu,
        memory: given("MEMORY") ?? own.memory,
        attributes: external ? [externalAttribute, ...wanted.attributes] : wanted.attributes,
        // Hosts of ECS Anywhere belong to no capacity provider.
        ...(external ? { launchType: "EXTERNAL" } : { capacityProviderName: provider?.name }),
        tags: wanted.tags,
      });
      await store.save();
      return { containerInstance: describeInstance(state, instance) };
    },

    DeregisterContainerInstance: async (input) => {
      const { cluster, containerInstance, force } = parse(
        z.object({
          cluster: z.string().optional(),
          containerInstance: z.string(),
          force: z.boolean().default(false),
        }),
        input,
      );
      const instance = instanceOf(state.cluster(cluster), containerInstance);
      const { tasks } = state.usageOf(instance.arn);
      if (tasks.size > 0 && !force) {
        throw new AwsError(
          "InvalidParameterException",
          "Found running tasks on the instance. Use force, or drain it first.",
        );
      }
      // On AWS the tasks become orphans that services replace; here nothing is left to run, so they stop.
      removeInstance(ecs, instance, "Container instance was deregistered.");
      await store.save();
      return { containerInstance: describeInstance(state, instance) };
    },

    DescribeContainerInstances: async (input) => {
      const { cluster: name, containerInstances } = parse(
        z.object({ cluster: z.string().optional(), containerInstances: z.array(z.string()).min(1).max(100) }),
        input,
      );
      const cluster = state.cluster(name);
      const found = containerInstances.map((one) => ({ one, instance: find(cluster, one) }));
      return {
        containerInstances: found.flatMap(({ instance }) =>
          instance === undefined ? [] : [describeInstance(state, instance)],
        ),
        failures: found
          .filter(({ instance }) => instance === undefined)
          .map(({ one }) => ({
            arn: ecs.arns.ecs(`container-instance/${cluster.name}/${lastPart(one)}`),
            reason: "MISSING",
          })),
      };
    },

    ListContainerInstances: async (input) => {
      const wanted = parse(
        pageSchema.extend({
          cluster: z.string().optional(),
          filter: z.string().optional(),
          status: z.enum(statuses).optional(),
        }),
        input,
      );
      const cluster = state.cluster(wanted.cluster);
      const matches = filterOf(wanted.filter);
      const hosts = state.hostsOf(cluster.name, "").filter(({ instance }) => {
        return wanted.status === undefined ? true : instance.status === wanted.status;
      });
      const { items, ...rest } = page(
        hosts.filter((host) => matches(subjectsOf(host))),
        wanted.nextToken,
        wanted.maxResults,
      );
      return { containerInstanceArns: items.map(({ instance }) => instance.arn), ...rest };
    },

    UpdateContainerInstancesState: async (input) => {
      const wanted = parse(
        z.object({
          cluster: z.string().optional(),
          containerInstances: z.array(z.string()).min(1).max(10),
          status: z.enum(["ACTIVE", "DRAINING"], {
            error: "Container instance status should be ACTIVE or DRAINING.",
          }),
        }),
        input,
      );
      const cluster = state.cluster(wanted.cluster);
      const changed = wanted.containerInstances.map((one) => instanceOf(cluster, one));
      for (const instance of changed) {
        if (instance.status === wanted.status) continue;
        instance.status = wanted.status;
        instance.version += 1;
        announceInstance(ecs, instance);
      }
      ecs.scheduler.kickCluster(cluster.name);
      await store.save();
      return {
        containerInstances: changed.map((instance) => describeInstance(state, instance)),
        failures: [],
      };
    },

    PutAttributes: async (input) => {
      const wanted = parse(
        z.object({
          cluster: z.string().optional(),
          attributes: z
            .array(attributeSchema.extend({ targetType: z.string().optional(), targetId: z.string() }))
            .min(1)
            .max(10),
        }),
        input,
      );
      const cluster = state.cluster(wanted.cluster);
      for (const { name, value, targetId } of wanted.attributes) {
        const instance = find(cluster, targetId);
        if (instance === undefined) {
          throw new AwsError(
            "TargetNotFoundException",
            `The target ${targetId} of attribute ${name} was not found.`,
          );
        }
        instance.attributes = [...instance.attributes.filter((one) => one.name !== name), { name, value }];
      }
      ecs.scheduler.kickCluster(cluster.name);
      await store.save();
      return { attributes: wanted.attributes };
    },

    ListAttributes: async (input) => {
      const wanted = parse(
        pageSchema.extend({
          cluster: z.string().optional(),
          targetType: z.literal("container-instance"),
          attributeName: z.string().optional(),
          attributeValue: z.string().optional(),
        }),
        input,
      );
      const all = state.instancesOf(state.cluster(wanted.cluster).name).flatMap(({ arn, attributes }) =>
        attributes
          .filter(({ name }) => wanted.attributeName === undefined || name === wanted.attributeName)
          .filter(({ value }) => wanted.attributeValue === undefined || value === wanted.attributeValue)
          .map((attribute) => ({ ...attribute, targetId: arn })),
      );
      const { items, ...rest } = page(all, wanted.nextToken, wanted.maxResults);
      return { attributes: items, ...rest };
    },
  };
}

function filterOf(text: string | undefined): ReturnType<typeof parseExpression> {
  if (text === undefined || text.trim() === "") return () => true;
  try {
    return parseExpression(text);
  } catch (error) {
    if (error instanceof ExpressionError) {
      throw new AwsError("InvalidParameterException", `Invalid filter "${text}": ${error.message}`);
    }
    throw error;
  }
}
