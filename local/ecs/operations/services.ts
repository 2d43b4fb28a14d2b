import { z } from "zod";
import { AwsError, type Operation } from "../../service.ts";
import { lastPart } from "../arns.ts";
import { changedConfiguration, deploymentConfigurationSchema } from "../deployment-configuration.ts";
import { describeService } from "../describe.ts";
import type { Ecs } from "../ecs.ts";
import { page, pageSchema, parse, tagsSchema } from "../input.ts";
import { checkLaunch, launchOf, launchOfUpdate } from "../launch.ts";
import { checkConstraints } from "../registration.ts";
import {
  checkDeploymentConfiguration,
  keptConfiguration,
  type ServiceConfiguration,
  startsDeployment,
} from "../service-config.ts";
import { checkLoadBalancers } from "../strategies/targets.ts";
import {
  type Cluster,
  constraintSchema,
  placementStrategySchema,
  type Service,
  strategyItemSchema,
} from "../types.ts";
import { usableDefinition } from "./task-definitions.ts";

const sharedMembers = {
  cluster: z.string().optional(),
  desiredCount: z.number().int().min(0).max(5000).optional(),
  taskDefinition: z.string().optional(),
  capacityProviderStrategy: z.array(strategyItemSchema).optional(),
  deploymentConfiguration: z.record(z.string(), z.unknown()).optional(),
  placementConstraints: z.array(constraintSchema).optional(),
  placementStrategy: z.array(placementStrategySchema).max(5).optional(),
  healthCheckGracePeriodSeconds: z.number().int().min(0).optional(),
  deploymentController: z.object({ type: z.string() }).optional(),
};
const createSchema = z.looseObject({
  ...sharedMembers,
  serviceName: z
    .string({ error: "serviceName is required." })
    .regex(
      /^[A-Za-z0-9_-]{1,255}$/,
      "Service name may only contain letters, numbers, underscores and hyphens.",
    ),
  launchType: z.string().optional(),
  schedulingStrategy: z.string().default("REPLICA"),
  clientToken: z.string().max(36).optional(),
  tags: tagsSchema.default([]),
});
const updateSchema = z.looseObject({
  ...sharedMembers,
  service: z.string({ error: "service is required." }),
  forceNewDeployment: z.boolean().default(false),
});
type Create = z.infer<typeof createSchema>;
type Update = z.infer<typeof updateSchema>;

const invalid = (message: string): AwsError => new AwsError("InvalidParameterException", message);

function unsupported(what: string): AwsError {
  return new AwsError("UnsupportedFeatureException", `The local endpoint does not emulate ${what}.`);
}

/** @throws AwsError ServiceNotFoundException */
export function findService(ecs: Ecs, cluster: Cluster, nameOrArn: string): Service {
  const service = ecs.state.service(cluster, nameOrArn);
  if (service === undefined) throw new AwsError("ServiceNotFoundException", "Service not found.");
  return service;
}

function checkCreate(wanted: Create): void {
  if (wanted.schedulingStrategy !== "REPLICA")
    throw unsupported(`the scheduling strategy ${wanted.schedulingStrategy}`);
  const controller = wanted.deploymentController?.type ?? "ECS";
  if (controller !== "ECS") throw unsupported(`the deployment controller ${controller}`);
  if (wanted.taskDefinition === undefined) throw invalid("taskDefinition is required.");
  if (wanted.desiredCount === undefined)
    throw invalid("desiredCount is required when the scheduling strategy is REPLICA.");
}

/** Creates a service, or gives back the one that the same client token created. */
export async function createService(ecs: Ecs, input: unknown, createdBy: string): Promise<Service> {
  const { context, state, store } = ecs;
  const wanted = parse(createSchema, input);
  const cluster = state.cluster(wanted.cluster);
  checkCreate(wanted);
  const known = state.service(cluster, wanted.serviceName);
  if (known?.status === "DRAINING") throw invalid("Unable to Start a service that is still Draining.");
  if (known?.status === "ACTIVE") {
    if (wanted.clientToken !== undefined && wanted.clientToken === known.clientToken) return known;
    throw invalid("Creation of service was not idempotent.");
  }
  const definition = usableDefinition(ecs, wanted.taskDefinition ?? "");
  const launch = launchOf(state, cluster, wanted);
  const deploymentConfiguration = parse(deploymentConfigurationSchema, wanted.deploymentConfiguration ?? {});
  checkDeploymentConfiguration(deploymentConfiguration);
  const { placementConstraints = [], placementStrategy = [] } = wanted;
  checkConstraints([...definition.placementConstraints, ...placementConstraints]);
  const kept = keptConfiguration(wanted);
  checkLaunch(state, launch, definition, { ...kept, placementConstraints, placementStrategy });
  checkLoadBalancers(kept, deploymentConfiguration, definition, ecs.balancing);
  const service: Service = {
    arn: ecs.arns.ecs(`service/${cluster.name}/${wanted.serviceName}`),
    name: wanted.serviceName,
    cluster: cluster.name,
    status: "ACTIVE",
    desiredCount: wanted.desiredCount ?? 0,
    taskDefinitionArn: definition.arn,
    launchType: launch.launchType,
    createdLaunchType: launch.launchType,
    capacityProviderStrategy: [...launch.strategy],
    deploymentConfiguration,
    placementConstraints,
    placementStrategy,
    healthCheckGracePeriodSeconds: wanted.healthCheckGracePeriodSeconds ?? 0,
    configuration: { loadBalancers: [], serviceRegistries: [], ...kept },
    clientToken: wanted.clientToken,
    createdBy,
    createdAt: context.now(),
    tags: wanted.tags,
    deployments: [],
    serviceDeployments: [],
    revisions: [],
    events: [],
    steady: false,
  };
  state.services.set(service.arn, service);
  ecs.rollout.begin(service, definition.containerDefinitions);
  ecs.scheduler.kick(service);
  await store.save();
  return service;
}

/** Changes a service; starts a deployment only for what AWS starts one for. */
export async function updateService(ecs: Ecs, input: unknown): Promise<Service> {
  const wanted = parse(updateSchema, input);
  const cluster = ecs.state.cluster(wanted.cluster);
  const service = findService(ecs, cluster, wanted.service);
  if (service.status !== "ACTIVE") throw new AwsError("ServiceNotActiveException", "Service was not ACTIVE.");
  const changed = changeOf(ecs, cluster, service, wanted);
  Object.assign(service, changed.members);
  service.steady = false;
  if (changed.deploys || wanted.forceNewDeployment) ecs.rollout.begin(service, changed.containers);
  ecs.scheduler.kick(service);
  await ecs.store.save();
  return service;
}

interface Change {
  readonly members: Partial<Service>;
  readonly containers: Parameters<Ecs["rollout"]["begin"]>[1];
  readonly deploys: boolean;
}

/** Reads and checks everything before anything is changed. */
function changeOf(ecs: Ecs, cluster: Cluster, service: Service, wanted: Update): Change {
  const controller = wanted.deploymentController?.type ?? "ECS";
  if (controller !== "ECS") throw unsupported(`the deployment controller ${controller}`);
  const named =
    wanted.taskDefinition === undefined ? undefined : usableDefinition(ecs, wanted.taskDefinition);
  const definition = named ?? ecs.state.definitionOf(service.taskDefinitionArn);
  const launch = launchOfUpdate(ecs.state, cluster, service, {
    capacityProviderStrategy: wanted.capacityProviderStrategy,
    force: wanted.forceNewDeployment,
  });
  const deploymentConfiguration = parse(
    deploymentConfigurationSchema,
    changedConfiguration(service.deploymentConfiguration, wanted.deploymentConfiguration),
  );
  checkDeploymentConfiguration(deploymentConfiguration);
  const placementConstraints = wanted.placementConstraints ?? service.placementConstraints;
  checkConstraints([...(definition?.placementConstraints ?? []), ...placementConstraints]);
  const configuration: ServiceConfiguration = { ...service.configuration, ...keptConfiguration(wanted) };
  const placementStrategy = wanted.placementStrategy ?? service.placementStrategy;
  if (definition !== undefined) {
    checkLaunch(ecs.state, launch, definition, { ...configuration, placementConstraints, placementStrategy });
  }
  checkLoadBalancers(configuration, deploymentConfiguration, definition, ecs.balancing);
  return {
    members: {
      desiredCount: wanted.desiredCount ?? service.desiredCount,
      taskDefinitionArn: definition?.arn ?? service.taskDefinitionArn,
      capacityProviderStrategy: [...launch.strategy],
      launchType: launch.launchType,
      deploymentConfiguration,
      placementConstraints,
      placementStrategy,
      healthCheckGracePeriodSeconds:
        wanted.healthCheckGracePeriodSeconds ?? service.healthCheckGracePeriodSeconds,
      configuration: { ...configuration },
    },
    containers: definition?.containerDefinitions ?? [],
    deploys:
      (named !== undefined && named.arn !== service.taskDefinitionArn) ||
      startsDeployment(service.configuration, configuration),
  };
}

const describeSchema = z.object({
  cluster: z.string().optional(),
  services: z.array(z.string()).min(1).max(10, "At most 10 services can be described at once."),
  include: z.array(z.string()).default([]),
});
const deleteSchema = z.object({
  cluster: z.string().optional(),
  service: z.string(),
  force: z.boolean().default(false),
});

export function serviceOperations(ecs: Ecs): Record<string, Operation> {
  const { state, store } = ecs;
  return {
    CreateService: async (input, caller) => ({
      service: describeService(state, await createService(ecs, input, caller.arn), true),
    }),

    UpdateService: async (input) => ({
      service: describeService(state, await updateService(ecs, input), false),
    }),

    DescribeServices: async (input) => {
      const wanted = parse(describeSchema, input);
      const cluster = state.cluster(wanted.cluster);
      const found = wanted.services.map((name) => ({ name, service: state.service(cluster, name) }));
      return {
        services: found.flatMap(({ service }) =>
          service === undefined ? [] : [describeService(state, service, wanted.include.includes("TAGS"))],
        ),
        failures: found
          .filter(({ service }) => service === undefined)
          .map(({ name }) => ({
            arn: ecs.arns.ecs(`service/${cluster.name}/${lastPart(name)}`),
            reason: "MISSING",
          })),
      };
    },

    ListServices: async (input) => {
      const wanted = parse(pageSchema.extend({ cluster: z.string().optional() }), input);
      const present = state
        .servicesOf(state.cluster(wanted.cluster).name)
        .filter(({ status }) => status !== "INACTIVE");
      const { items, ...rest } = page(present, wanted.nextToken, wanted.maxResults ?? 10);
      return { serviceArns: items.map(({ arn }) => arn), ...rest };
    },

    DeleteService: async (input) => {
      const wanted = parse(deleteSchema, input);
      const service = findService(ecs, state.cluster(wanted.cluster), wanted.service);
      if (service.status === "INACTIVE") throw new AwsError("ServiceNotFoundException", "Service not found.");
      if (service.desiredCount > 0 && !wanted.force) {
        throw invalid("The service cannot be stopped while it is scaled above 0.");
      }
      service.status = "DRAINING";
      service.desiredCount = 0;
      ecs.scheduler.kick(service);
      await store.save();
      return { service: describeService(state, service, false) };
    },
  };
}
