import { z } from "zod";

/** What is kept of a stack. Its resources themselves are kept by their services. */
export const stackSchema = z.object({
  name: z.string(),
  id: z.string(),
  description: z.string().optional(),
  status: z.string(),
  statusReason: z.string().optional(),
  createdMs: z.number(),
  updatedMs: z.number().optional(),
  deletedMs: z.number().optional(),
  templateBody: z.string(),
  parameters: z.record(z.string(), z.string()),
  resources: z.array(
    z.object({
      logicalId: z.string(),
      type: z.string(),
      physicalId: z.string(),
      status: z.string(),
      statusReason: z.string().optional(),
      updatedMs: z.number(),
    }),
  ),
  outputs: z.array(z.object({ key: z.string(), value: z.string(), description: z.string().optional() })),
  events: z.array(
    z.object({
      id: z.string(),
      logicalId: z.string(),
      type: z.string(),
      physicalId: z.string(),
      status: z.string(),
      reason: z.string().optional(),
      timeMs: z.number(),
    }),
  ),
});

export type Stack = z.infer<typeof stackSchema>;
export type StackEvent = Stack["events"][number];

const iso = (milliseconds: number | undefined): Date | undefined =>
  milliseconds === undefined ? undefined : new Date(milliseconds);

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html */
export const describeStack = (stack: Stack): unknown => ({
  StackId: stack.id,
  StackName: stack.name,
  Description: stack.description,
  Parameters: Object.entries(stack.parameters).map(([ParameterKey, ParameterValue]) => ({
    ParameterKey,
    ParameterValue,
  })),
  CreationTime: iso(stack.createdMs),
  LastUpdatedTime: iso(stack.updatedMs),
  DeletionTime: iso(stack.deletedMs),
  StackStatus: stack.status,
  StackStatusReason: stack.statusReason,
  DisableRollback: true,
  Outputs: stack.outputs.map(({ key, value, description }) => ({
    OutputKey: key,
    OutputValue: value,
    Description: description,
  })),
});

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSummary.html */
export const summarizeStack = (stack: Stack): unknown => ({
  StackId: stack.id,
  StackName: stack.name,
  TemplateDescription: stack.description,
  CreationTime: iso(stack.createdMs),
  LastUpdatedTime: iso(stack.updatedMs),
  DeletionTime: iso(stack.deletedMs),
  StackStatus: stack.status,
  StackStatusReason: stack.statusReason,
});

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackResource.html */
export const describeResource = (stack: Stack, resource: Stack["resources"][number]): unknown => ({
  StackName: stack.name,
  StackId: stack.id,
  LogicalResourceId: resource.logicalId,
  PhysicalResourceId: resource.physicalId,
  ResourceType: resource.type,
  ResourceStatus: resource.status,
  ResourceStatusReason: resource.statusReason,
  Timestamp: iso(resource.updatedMs),
  LastUpdatedTimestamp: iso(resource.updatedMs),
});

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html */
export const describeEvent = (stack: Stack, event: StackEvent): unknown => ({
  StackId: stack.id,
  EventId: event.id,
  StackName: stack.name,
  LogicalResourceId: event.logicalId,
  PhysicalResourceId: event.physicalId,
  ResourceType: event.type,
  Timestamp: iso(event.timeMs),
  ResourceStatus: event.status,
  ResourceStatusReason: event.reason,
});
