import { z } from "zod";
import { AwsError, type TemplateResource } from "../service.ts";
import { compilePattern, InvalidPattern, type Matcher } from "./pattern.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";
import { isEventPath, type RuleIdentity, type TargetInput } from "./target-input.ts";

/** A rule of the default bus, ready to be asked. */
export interface Rule extends RuleIdentity {
  readonly description: string;
  /** The pattern as it was given, for `DescribeRule`; absent for a rule that only has a schedule. */
  readonly pattern?: { readonly json: string; readonly matches: Matcher };
  readonly schedule?: { readonly expression: string; readonly parsed: Schedule };
  readonly enabled: boolean;
  readonly targets: readonly Target[];
}

/** A Lambda function that a rule invokes. */
export interface Target {
  readonly id: string;
  readonly arn: string;
  readonly input: TargetInput;
  readonly deadLetterArn?: string;
  /** The properties as they were given, for `ListTargetsByRule`. */
  readonly properties: Readonly<Record<string, unknown>>;
}

const queueArn = z.string().regex(/^arn:aws[a-z-]*:sqs:/, "must be the ARN of an SQS queue");

const targetSchema = z.looseObject({
  Id: z.string().min(1).max(64),
  Arn: z
    .string()
    .regex(/^arn:aws[a-z-]*:lambda:/, "only Lambda functions can be targets locally, as arn:aws:lambda:…"),
  Input: z.string().optional(),
  InputPath: z.string().refine(isEventPath, "must be a path such as $.detail").optional(),
  InputTransformer: z
    .object({
      InputPathsMap: z
        .record(z.string(), z.string().refine(isEventPath, "must be a path such as $.detail"))
        .default({}),
      InputTemplate: z.string(),
    })
    .optional(),
  DeadLetterConfig: z.object({ Arn: queueArn.optional() }).optional(),
  RetryPolicy: z
    .object({
      MaximumRetryAttempts: z.coerce.number().int().min(0).max(185).optional(),
      MaximumEventAgeInSeconds: z.coerce.number().int().min(60).max(86_400).optional(),
    })
    .optional(),
});

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html */
const ruleSchema = z
  .object({
    Name: z.string().min(1).max(64).optional(),
    Description: z.string().max(512).default(""),
    EventBusName: z
      .string()
      .regex(/(^|\/)default$/, "only the default event bus exists locally")
      .optional(),
    EventPattern: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
    ScheduleExpression: z.string().optional(),
    State: z
      .enum(["ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"])
      .default("ENABLED"),
    Targets: z.array(targetSchema).default([]),
  })
  .refine((rule) => rule.EventPattern !== undefined || rule.ScheduleExpression !== undefined, {
    error: "must have an EventPattern or a ScheduleExpression",
  });

/**
 * Reads an `AWS::Events::Rule`.
 *
 * @throws AwsError that names every faulty property
 */
export function parseRule(
  resource: TemplateResource,
  place: { readonly region: string; readonly accountId: string },
): Rule {
  const result = ruleSchema.safeParse(resource.properties);
  if (!result.success) {
    const faults = result.error.issues.map(
      (issue) => `${issue.path.join(".") || "properties"}: ${issue.message}`,
    );
    throw fault(faults.join("; "));
  }
  const properties = result.data;
  const name = properties.Name ?? resource.logicalId;
  const pattern = properties.EventPattern;
  const expression = properties.ScheduleExpression;
  try {
    return {
      name,
      arn: `arn:aws:events:${place.region}:${place.accountId}:rule/${name}`,
      description: properties.Description,
      ...(pattern === undefined ? {} : { pattern: readPattern(pattern) }),
      ...(expression === undefined ? {} : { schedule: { expression, parsed: parseSchedule(expression) } }),
      enabled: properties.State !== "DISABLED",
      targets: properties.Targets.map(readTarget),
    };
  } catch (error) {
    throw fault(error instanceof Error ? error.message : String(error));
  }
}

function fault(what: string): AwsError {
  return new AwsError("ValidationException", `${what}. Correct the rule in the template.`);
}

/** @throws InvalidPattern */
export function readPattern(pattern: unknown): { readonly json: string; readonly matches: Matcher } {
  if (typeof pattern !== "string") return { json: JSON.stringify(pattern), matches: compilePattern(pattern) };
  let parsed: unknown;
  try {
    parsed = JSON.parse(pattern);
  } catch (error) {
    throw new InvalidPattern([], `Invalid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { json: pattern, matches: compilePattern(parsed) };
}

function readTarget(target: z.infer<typeof targetSchema>): Target {
  const deadLetterArn = target.DeadLetterConfig?.Arn;
  return {
    id: target.Id,
    arn: target.Arn,
    input: readInput(target),
    ...(deadLetterArn === undefined ? {} : { deadLetterArn }),
    properties: target,
  };
}

function readInput({ Id, Input, InputPath, InputTransformer }: z.infer<typeof targetSchema>): TargetInput {
  const given = [Input, InputPath, InputTransformer].filter((one) => one !== undefined).length;
  if (given > 1) throw new Error(`Target ${Id} may have only one of Input, InputPath, InputTransformer`);
  if (Input !== undefined) return { type: "constant", json: Input };
  if (InputPath !== undefined) return { type: "path", path: InputPath };
  if (InputTransformer === undefined) return { type: "event" };
  return {
    type: "transformer",
    paths: InputTransformer.InputPathsMap,
    template: InputTransformer.InputTemplate,
  };
}
