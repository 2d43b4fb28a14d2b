import { setTimeout as delay } from "node:timers/promises";
import { optionalText, text } from "../input.ts";
import {
  type ApplyResource,
  AwsError,
  type LocalContext,
  type LocalService,
  type Operation,
} from "../service.ts";
import type { Template } from "../template/template.ts";
import { changeSetOperations } from "./change-sets.ts";
import {
  capabilitiesOf,
  changesNothing,
  invalid,
  listOf,
  newStackName,
  stackOf,
  stackRequest,
  templateIn,
} from "./request.ts";
import { describeEvent, describeResource, describeStack, summarizeStack } from "./stack.ts";
import { type StackRequest, Stacks } from "./stacks.ts";

/** A request is answered when its stack is complete, or after so long: the AWS CLI's waiters look every 30 seconds. */
const PATIENCE_MS = 5_000;

/** CloudFormation, and its stacks for the packaged template. */
export interface CloudFormation extends LocalService {
  readonly stacks: Stacks;
}

/**
 * CloudFormation with templates as text: stacks are created and updated through the services' own resource types.
 * @param creator who creates a resource type; undefined when no service does
 */
export async function createCloudFormation(
  context: Pick<LocalContext, "accountId" | "region" | "now" | "say" | "stateDir">,
  creator: (type: string) => ApplyResource | undefined,
): Promise<CloudFormation> {
  const stacks = await Stacks.open(context, creator);
  return {
    stacks,
    query: { version: "2010-05-15", namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/" },
    operations: { ...writeOperations(stacks), ...readOperations(stacks) },
    close: async () => {},
  };
}

function writeOperations(stacks: Stacks): Readonly<Record<string, Operation>> {
  const begin = async (request: StackRequest): Promise<unknown> => {
    const { id, done } = stacks.begin(request);
    await Promise.race([done, delay(PATIENCE_MS, undefined, { ref: false })]);
    return { StackId: id };
  };
  return {
    ...changeSetOperations(stacks, begin),
    CreateStack: async (input) => {
      const name = newStackName(input);
      if (stacks.find(name) !== undefined)
        throw new AwsError("AlreadyExistsException", `Stack [${name}] already exists`);
      return begin(stackRequest(name, input, undefined));
    },
    UpdateStack: async (input) => {
      const stack = stackOf(stacks, input);
      const request = stackRequest(stack.name, input, stack);
      if (changesNothing(request, stack)) throw invalid("No updates are to be performed.");
      return begin(request);
    },
    DeleteStack: async (input) => {
      const stack = stacks.find(text(input, "StackName"));
      // Deleting what does not exist is no error.
      if (stack !== undefined) await stacks.delete(stack);
    },
  };
}

function readOperations(stacks: Stacks): Readonly<Record<string, Operation>> {
  return {
    DescribeStacks: async (input) => {
      if (optionalText(input, "StackName") !== undefined)
        return { Stacks: [describeStack(stackOf(stacks, input))] };
      const existing = stacks.list().filter(({ status }) => status !== "DELETE_COMPLETE");
      return { Stacks: existing.map(describeStack) };
    },
    ListStacks: async (input) => {
      const filter = listOf(input, "StackStatusFilter");
      const found = stacks.list().filter(({ status }) => filter.length === 0 || filter.includes(status));
      return { StackSummaries: found.map(summarizeStack) };
    },
    DescribeStackResources: async (input) => {
      const stack = stackOf(stacks, input);
      const wanted = optionalText(input, "LogicalResourceId");
      const found = stack.resources.filter(({ logicalId }) => wanted === undefined || logicalId === wanted);
      return { StackResources: found.map((resource) => describeResource(stack, resource)) };
    },
    DescribeStackResource: async (input) => {
      const stack = stackOf(stacks, input);
      const wanted = text(input, "LogicalResourceId");
      const found = stack.resources.find(({ logicalId }) => logicalId === wanted);
      if (found === undefined) throw invalid(`Resource ${wanted} does not exist for stack ${stack.name}`);
      return { StackResourceDetail: describeResource(stack, found) };
    },
    ListStackResources: async (input) => {
      const stack = stackOf(stacks, input);
      return { StackResourceSummaries: stack.resources.map((resource) => describeResource(stack, resource)) };
    },
    DescribeStackEvents: async (input) => {
      const stack = stackOf(stacks, input);
      return { StackEvents: [...stack.events].reverse().map((event) => describeEvent(stack, event)) };
    },
    GetTemplate: async (input) => ({
      TemplateBody: stackOf(stacks, input).templateBody,
      StagesAvailable: ["Original", "Processed"],
    }),
    ValidateTemplate: async (input) => summarizeTemplate(templateIn(input, undefined).template),
    GetTemplateSummary: async (input) => {
      const stack = optionalText(input, "StackName") === undefined ? undefined : stackOf(stacks, input);
      const previous = stack === undefined ? {} : { UsePreviousTemplate: "true" };
      return summarizeTemplate(templateIn({ ...input, ...previous }, stack).template);
    },
  };
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplateSummary.html */
function summarizeTemplate(template: Template): unknown {
  return {
    Description: template.description,
    Parameters: [...template.parameters].map(([ParameterKey, declaration]) => ({
      ParameterKey,
      DefaultValue: declaration.default,
      ParameterType: declaration.type,
      NoEcho: false,
    })),
    Capabilities: capabilitiesOf(template),
    ResourceTypes: [...new Set([...template.resources.values()].map(({ type }) => type))],
  };
}
