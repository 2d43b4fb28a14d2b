import { type Input, optionalText, text } from "../input.ts";
import { AwsError } from "../service.ts";
import { parseTemplate } from "../template/parse.ts";
import { isRecord, type Template, TemplateError } from "../template/template.ts";
import type { Stack } from "./stack.ts";
import type { StackRequest, Stacks } from "./stacks.ts";

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const MAX_TEMPLATE_BYTES = 51_200;

/** CloudFormation's answer to what it does not understand. */
export const invalid = (message: string): AwsError => new AwsError("ValidationError", message);

/**
 * Reads what CreateStack, UpdateStack and CreateChangeSet have in common.
 * @param known the stack that is updated
 * @throws AwsError ValidationError, InsufficientCapabilitiesException
 */
export function stackRequest(name: string, input: Input, known: Stack | undefined): StackRequest {
  const { template, templateBody } = templateIn(input, known);
  requireCapabilities(template, input);
  const parameters = parametersIn(input, known);
  return { name, template, templateBody, parameters, nameOf: (logicalId) => `${name}-${logicalId}` };
}

/** @throws AwsError ValidationError when there is no such stack */
export function stackOf(stacks: Stacks, input: Input): Stack {
  const name = text(input, "StackName");
  const stack = stacks.find(name);
  if (stack === undefined) throw invalid(`Stack with id ${name} does not exist`);
  return stack;
}

/** @throws AwsError ValidationError when it cannot be the name of a stack */
export function newStackName(input: Input): string {
  const name = text(input, "StackName");
  if (/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(name)) return name;
  throw invalid(`Value '${name}' at 'stackName' failed to satisfy constraint: [a-zA-Z][-a-zA-Z0-9]*`);
}

/** Whether an update would leave the stack as it is. */
export function changesNothing(request: StackRequest, stack: Stack): boolean {
  const same = JSON.stringify(Object.fromEntries(request.parameters)) === JSON.stringify(stack.parameters);
  return same && request.templateBody === stack.templateBody && stack.status.endsWith("_COMPLETE");
}

/** An empty list of the Query protocol is an empty text. */
export function listOf(input: Input, name: string): readonly unknown[] {
  const value = input[name];
  return Array.isArray(value) ? value : [];
}

export function templateIn(
  input: Input,
  known: Stack | undefined,
): { readonly template: Template; readonly templateBody: string } {
  if (optionalText(input, "TemplateURL") !== undefined)
    throw invalid("TemplateURL is not emulated by the local endpoint, which has no S3: send TemplateBody.");
  const previous = input.UsePreviousTemplate === "true" ? known?.templateBody : undefined;
  const templateBody = previous ?? optionalText(input, "TemplateBody");
  if (templateBody === undefined || templateBody === "")
    throw invalid("Either Template URL or Template Body must be specified.");
  if (Buffer.byteLength(templateBody) > MAX_TEMPLATE_BYTES)
    throw invalid(
      `1 validation error detected: Value at 'templateBody' must have length less than or equal to ${MAX_TEMPLATE_BYTES}`,
    );
  try {
    return { template: parseTemplate(templateBody), templateBody };
  } catch (error) {
    if (error instanceof TemplateError) throw invalid(error.message);
    throw error;
  }
}

function parametersIn(input: Input, known: Stack | undefined): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const parameter of listOf(input, "Parameters")) {
    if (!isRecord(parameter)) continue;
    const { ParameterKey: key, ParameterValue: value, UsePreviousValue: previous } = parameter;
    const kept = previous === "true" ? known?.parameters[String(key)] : value;
    if (kept !== undefined) values.set(String(key), String(kept));
  }
  return values;
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html (Capabilities) */
export function capabilitiesOf(template: Template): readonly string[] {
  const iam = [...template.resources.values()].filter(({ type }) =>
    /^AWS::IAM::(Role|User|Group|Policy|ManagedPolicy|InstanceProfile)$/.test(type),
  );
  if (iam.length === 0) return [];
  const named = iam.some(({ properties }) =>
    ["RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"].some(
      (name) => properties[name] !== undefined,
    ),
  );
  return [named ? "CAPABILITY_NAMED_IAM" : "CAPABILITY_IAM"];
}

function requireCapabilities(template: Template, input: Input): void {
  const given = listOf(input, "Capabilities");
  const missing = capabilitiesOf(template).filter(
    (needed) =>
      !given.includes(needed) && !(needed === "CAPABILITY_IAM" && given.includes("CAPABILITY_NAMED_IAM")),
  );
  if (missing.length > 0)
    throw new AwsError(
      "InsufficientCapabilitiesException",
      `Requires capabilities : [${missing.join(", ")}]`,
    );
}
