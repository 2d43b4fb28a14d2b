import { z } from "zod";
import { deploymentConfigurationSchema } from "./deployment-configuration.ts";
import { tagsSchema } from "./input.ts";
import { lifecycleSchema } from "./strategies/lifecycle.ts";

/**
 * What is stored below `stateDir/ecs`, and the types inferred from it. Times are milliseconds since
 * the epoch; the AWS JSON form (epoch seconds) is made when something is described.
 */

export const attributeSchema = z.object({ name: z.string().min(1), value: z.string().optional() });
export type Attribute = z.infer<typeof attributeSchema>;

/** `weight` and `base` as documented for CapacityProviderStrategyItem: both default to 0. */
export const strategyItemSchema = z.object({
  capacityProvider: z.string().min(1),
  weight: z.number().int().min(0).max(1000).default(0),
  base: z.number().int().min(0).max(100_000).default(0),
});
export type StrategyItem = z.infer<typeof strategyItemSchema>;

export const constraintSchema = z.object({
  type: z.enum(["distinctInstance", "memberOf"]),
  expression: z.string().max(2000).optional(),
});
export type Constraint = z.infer<typeof constraintSchema>;

export const placementStrategySchema = z.object({
  type: z.enum(["random", "spread", "binpack"]),
  field: z.string().optional(),
});
export type PlacementStrategy = z.infer<typeof placementStrategySchema>;

export const clusterSchema = z.object({
  arn: z.string(),
  name: z.string(),
  status: z.enum(["ACTIVE", "INACTIVE"]),
  capacityProviders: z.array(z.string()),
  defaultStrategy: z.array(strategyItemSchema),
  settings: z.array(z.unknown()),
  tags: tagsSchema,
});
export type Cluster = z.infer<typeof clusterSchema>;

export const capacityProviderSchema = z.object({
  arn: z.string(),
  name: z.string(),
  status: z.enum(["ACTIVE", "INACTIVE"]),
  /** Of a provider over an Auto Scaling group; one of Managed Instances has `managedInstancesProvider` instead. */
  autoScalingGroupArn: z.string().optional(),
  /** As given: managedScaling, managedTerminationProtection, managedDraining. */
  autoScalingGroupProvider: z.record(z.string(), z.unknown()).optional(),
  /** As given: infrastructureRoleArn, instanceLaunchTemplate, … */
  managedInstancesProvider: z.record(z.string(), z.unknown()).optional(),
  /** The one cluster of a Managed Instances provider. */
  cluster: z.string().optional(),
  tags: tagsSchema,
});
export type CapacityProvider = z.infer<typeof capacityProviderSchema>;

export const architectureSchema = z.enum(["x86_64", "arm64"]);

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/launch_types.html */
export const launchTypeSchema = z.enum(["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]);
export type LaunchType = z.infer<typeof launchTypeSchema>;

export const containerInstanceSchema = z.object({
  arn: z.string(),
  cluster: z.string(),
  ec2InstanceId: z.string(),
  instanceType: z.string(),
  architecture: architectureSchema,
  availabilityZone: z.string(),
  /** CPU units (1024 per vCPU) and MiB. */
  cpu: z.number(),
  memory: z.number(),
  status: z.enum(["ACTIVE", "DRAINING", "INACTIVE"]),
  attributes: z.array(attributeSchema),
  capacityProviderName: z.string().optional(),
  /** What its tasks are launched as. */
  launchType: launchTypeSchema.default("EC2"),
  /** Whether the agent answers: without it no task is placed here, and none is stopped. */
  agentConnected: z.boolean().default(true),
  registeredAt: z.number(),
  version: z.number(),
  tags: tagsSchema,
});
export type ContainerInstance = z.infer<typeof containerInstanceSchema>;

export const deploymentSchema = z.object({
  id: z.string(),
  status: z.enum(["PRIMARY", "ACTIVE", "INACTIVE"]),
  taskDefinitionArn: z.string(),
  revisionArn: z.string(),
  serviceDeploymentArn: z.string(),
  rolloutState: z.enum(["IN_PROGRESS", "COMPLETED", "FAILED"]),
  rolloutStateReason: z.string(),
  failedTasks: z.number(),
  /** Until when no task is started, because the last ones failed to start (milliseconds). */
  pausedUntil: z.number(),
  createdAt: z.number(),
  updatedAt: z.number(),
});
export type Deployment = z.infer<typeof deploymentSchema>;

export const serviceDeploymentStatuses = [
  "PENDING",
  "IN_PROGRESS",
  "SUCCESSFUL",
  "STOPPED",
  "STOP_REQUESTED",
  "ROLLBACK_REQUESTED",
  "ROLLBACK_IN_PROGRESS",
  "ROLLBACK_SUCCESSFUL",
  "ROLLBACK_FAILED",
] as const;

export const monitorStatuses = ["TRIGGERED", "MONITORING", "MONITORING_COMPLETE", "DISABLED"] as const;

export const serviceDeploymentSchema = z.object({
  arn: z.string(),
  status: z.enum(serviceDeploymentStatuses),
  statusReason: z.string().optional(),
  sourceRevisionArns: z.array(z.string()),
  targetRevisionArn: z.string(),
  deploymentConfiguration: deploymentConfigurationSchema,
  circuitBreaker: z.object({
    status: z.enum(monitorStatuses),
    failureCount: z.number(),
    threshold: z.number(),
  }),
  rollback: z
    .object({ reason: z.string(), startedAt: z.number(), serviceRevisionArn: z.string() })
    .optional(),
  /** What goes back: the last revision that completed, or the one that served when this began. */
  baseRevisionArn: z.string().optional(),
  /** Where the deployment stands in its lifecycle; `strategies/stages.ts` has the order. */
  lifecycle: lifecycleSchema.optional(),
  /** Percentages of the traffic by service revision; none where ECS shifts no traffic. */
  weights: z
    .object({ test: z.record(z.string(), z.number()), production: z.record(z.string(), z.number()) })
    .optional(),
  alarms: z
    .object({ status: z.enum(monitorStatuses), names: z.array(z.string()), triggered: z.array(z.string()) })
    .optional(),
  createdAt: z.number(),
  startedAt: z.number(),
  updatedAt: z.number(),
  finishedAt: z.number().optional(),
  stoppedAt: z.number().optional(),
});
export type ServiceDeployment = z.infer<typeof serviceDeploymentSchema>;

export const serviceRevisionSchema = z.object({
  arn: z.string(),
  taskDefinitionArn: z.string(),
  capacityProviderStrategy: z.array(strategyItemSchema),
  launchType: launchTypeSchema.optional(),
  containerImages: z.array(
    z.object({ containerName: z.string(), image: z.string(), imageDigest: z.string().optional() }),
  ),
  /** What else starts a deployment: loadBalancers, networkConfiguration, … as given. */
  configuration: z.record(z.string(), z.unknown()),
  /** Where its tasks are registered: with blue/green one of the service's two target groups. */
  targets: z
    .array(
      z.object({
        targetGroupArn: z.string(),
        containerName: z.string(),
        containerPort: z.number(),
        productionListenerRule: z.string().optional(),
        testListenerRule: z.string().optional(),
      }),
    )
    .default([]),
  createdAt: z.number(),
});
export type RevisionTarget = ServiceRevision["targets"][number];
export type ServiceRevision = z.infer<typeof serviceRevisionSchema>;

export const serviceSchema = z.object({
  arn: z.string(),
  name: z.string(),
  cluster: z.string(),
  status: z.enum(["ACTIVE", "DRAINING", "INACTIVE"]),
  desiredCount: z.number(),
  taskDefinitionArn: z.string(),
  /** Absent while a capacity provider strategy decides. */
  launchType: launchTypeSchema.optional(),
  /** What an empty strategy goes back to. */
  createdLaunchType: launchTypeSchema.optional(),
  capacityProviderStrategy: z.array(strategyItemSchema),
  deploymentConfiguration: deploymentConfigurationSchema,
  placementConstraints: z.array(constraintSchema),
  placementStrategy: z.array(placementStrategySchema),
  healthCheckGracePeriodSeconds: z.number(),
  /** Everything else as given: loadBalancers, networkConfiguration, enableExecuteCommand, propagateTags, … */
  configuration: z.record(z.string(), z.unknown()),
  clientToken: z.string().optional(),
  createdBy: z.string(),
  createdAt: z.number(),
  tags: tagsSchema,
  /** The newest first; exactly one is PRIMARY while the service is ACTIVE. */
  deployments: z.array(deploymentSchema),
  /** The newest first, at most 100. */
  serviceDeployments: z.array(serviceDeploymentSchema),
  revisions: z.array(serviceRevisionSchema),
  /** The newest first, at most 100. */
  events: z.array(z.object({ id: z.string(), createdAt: z.number(), message: z.string() })),
  /** The revision of the last deployment that completed: what a rollback goes back to. */
  lastCompleted: z.object({ revisionArn: z.string(), deploymentId: z.string() }).optional(),
  steady: z.boolean(),
});
export type Service = z.infer<typeof serviceSchema>;

export const containerDefinitionSchema = z.looseObject({
  name: z.string({ error: "Container.name should not be null or empty." }).regex(/^[A-Za-z0-9_-]{1,255}$/),
  image: z
    .string({ error: "Container.image should not be null or empty." })
    .min(1, "Container.image should not be null or empty."),
  cpu: z.number().int().min(0).default(0),
  memory: z.number().int().min(4).optional(),
  memoryReservation: z.number().int().min(4).optional(),
  essential: z.boolean().default(true),
  portMappings: z
    .array(
      z.looseObject({
        containerPort: z.number().int().min(0).max(65_535),
        hostPort: z.number().int().min(0).max(65_535).optional(),
        protocol: z.enum(["tcp", "udp"]).default("tcp"),
      }),
    )
    .default([]),
  environment: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
  entryPoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  interactive: z.boolean().optional(),
  user: z.string().optional(),
  workingDirectory: z.string().optional(),
  readonlyRootFilesystem: z.boolean().optional(),
  stopTimeout: z.number().int().min(0).max(120).optional(),
  healthCheck: z
    .object({
      command: z.array(z.string()).min(1),
      interval: z.number().int().min(5).max(300).default(30),
      timeout: z.number().int().min(2).max(60).default(5),
      retries: z.number().int().min(1).max(10).default(3),
      startPeriod: z.number().int().min(0).max(300).default(0),
    })
    .optional(),
  logConfiguration: z
    .looseObject({ logDriver: z.string(), options: z.record(z.string(), z.string()).optional() })
    .optional(),
  mountPoints: z.array(z.unknown()).default([]),
  volumesFrom: z.array(z.unknown()).default([]),
});
export type ContainerDefinition = z.infer<typeof containerDefinitionSchema>;

export const taskDefinitionSchema = z.object({
  arn: z.string(),
  family: z.string(),
  revision: z.number(),
  status: z.enum(["ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"]),
  containerDefinitions: z.array(containerDefinitionSchema),
  placementConstraints: z.array(constraintSchema),
  networkMode: z.string(),
  cpu: z.string().optional(),
  memory: z.string().optional(),
  runtimePlatform: z
    .looseObject({ cpuArchitecture: z.string().optional(), operatingSystemFamily: z.string().optional() })
    .optional(),
  requiresCompatibilities: z.array(z.string()).optional(),
  /** Every other member of the request, as given. */
  rest: z.record(z.string(), z.unknown()),
  registeredAt: z.number(),
  registeredBy: z.string(),
  deregisteredAt: z.number().optional(),
  deleteRequestedAt: z.number().optional(),
  tags: tagsSchema,
});
export type TaskDefinition = z.infer<typeof taskDefinitionSchema>;

export const launchTemplateSchema = z.object({
  id: z.string(),
  name: z.string(),
  instanceType: z.string(),
  /** As EC2's API spells it, where the template chooses by attributes instead of a type. */
  instanceRequirements: z
    .object({ cpuManufacturerSet: z.array(z.string()), allowedInstanceTypeSet: z.array(z.string()) })
    .optional(),
  imageId: z.string(),
  /** As decoded from the base64 of the template. */
  userData: z.string(),
  createdAt: z.number().default(0),
});
export type LaunchTemplate = z.infer<typeof launchTemplateSchema>;

export const autoScalingGroupSchema = z.object({
  arn: z.string(),
  name: z.string(),
  launchTemplateId: z.string(),
  /** The types of a mixed instances policy, which stand in for the template's. */
  instanceTypes: z.array(z.string()).default([]),
  minSize: z.number().default(0),
  maxSize: z.number().optional(),
  createdAt: z.number().default(0),
  desiredCapacity: z.number(),
  availabilityZones: z.array(z.string()),
  /** The EC2 instances it has started, in order. */
  instanceIds: z.array(z.string()),
});
export type AutoScalingGroup = z.infer<typeof autoScalingGroupSchema>;
