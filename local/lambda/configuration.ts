import { z } from "zod";
import { AwsError, type TemplateResource } from "../service.ts";

/** A function as it is configured, named as `GetFunctionConfiguration` names things. */
export interface FunctionConfiguration {
  readonly name: string;
  readonly arn: string;
  readonly runtime: string;
  readonly handler: string;
  /** ARN of the execution role. */
  readonly role: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly description: string;
  readonly architectures: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly logGroup: string;
  /** Absent: no reservation, the local default limit applies. */
  readonly reservedConcurrency?: number;
  readonly deadLetterTarget?: string;
}

/** How asynchronous invocations of a function are retried, and where failures go. */
export interface InvokeConfiguration {
  readonly maximumRetryAttempts: number;
  readonly maximumEventAgeSeconds: number;
  readonly onFailure?: string;
}

/** What holds without an `EventInvokeConfig`: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
export const DEFAULT_INVOKE_CONFIGURATION: InvokeConfiguration = {
  maximumRetryAttempts: 2,
  maximumEventAgeSeconds: 6 * 60 * 60,
};

// CloudFormation accepts numbers as text.
const queueArn = z.string().regex(/^arn:aws[a-z-]*:sqs:/, "only SQS queues take dead letters locally");
const destinationArn = z
  .string()
  .regex(/^arn:aws[a-z-]*:(sqs|lambda|events):/, "only SQS, Lambda and EventBridge are destinations locally");
const count = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html */
const functionSchema = z.object({
  FunctionName: z.string().min(1).max(64).optional(),
  Handler: z.string().min(1).max(128),
  Runtime: z.string().startsWith("nodejs", "only the Node.js runtimes run locally"),
  Role: z.string().startsWith("arn:"),
  Timeout: count(1, 900).default(3),
  MemorySize: count(128, 10_240).default(128),
  Description: z.string().max(256).default(""),
  Architectures: z.array(z.string()).default(["x86_64"]),
  Environment: z.object({ Variables: z.record(z.string(), z.coerce.string()).default({}) }).optional(),
  LoggingConfig: z.object({ LogGroup: z.string().optional() }).optional(),
  ReservedConcurrentExecutions: count(0, 1000).optional(),
  DeadLetterConfig: z.object({ TargetArn: queueArn.optional() }).optional(),
});

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventinvokeconfig.html */
const invokeConfigSchema = z.object({
  FunctionName: z.string(),
  Qualifier: z.string().optional(),
  MaximumRetryAttempts: count(0, 2).default(DEFAULT_INVOKE_CONFIGURATION.maximumRetryAttempts),
  MaximumEventAgeInSeconds: count(60, 21_600).default(DEFAULT_INVOKE_CONFIGURATION.maximumEventAgeSeconds),
  DestinationConfig: z
    .object({
      OnFailure: z.object({ Destination: destinationArn }).optional(),
      OnSuccess: z
        .never("OnSuccess destinations are not emulated locally: remove it or test it on AWS")
        .optional(),
    })
    .optional(),
});

/** Reads the properties of an `AWS::Lambda::Function`; throws an `AwsError` that names every fault. */
export function parseFunction(
  resource: TemplateResource,
  place: { readonly region: string; readonly accountId: string },
): FunctionConfiguration {
  const parsed = parseProperties(functionSchema, resource);
  const name = parsed.FunctionName ?? resource.logicalId;
  const deadLetterTarget = parsed.DeadLetterConfig?.TargetArn;
  return {
    name,
    arn: `arn:aws:lambda:${place.region}:${place.accountId}:function:${name}`,
    runtime: parsed.Runtime,
    handler: parsed.Handler,
    role: parsed.Role,
    timeoutSeconds: parsed.Timeout,
    memoryMb: parsed.MemorySize,
    description: parsed.Description,
    architectures: parsed.Architectures,
    variables: parsed.Environment?.Variables ?? {},
    logGroup: parsed.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`,
    ...(parsed.ReservedConcurrentExecutions === undefined
      ? {}
      : { reservedConcurrency: parsed.ReservedConcurrentExecutions }),
    ...(deadLetterTarget === undefined ? {} : { deadLetterTarget }),
  };
}

/** Reads the properties of an `AWS::Lambda::EventInvokeConfig`. */
export function parseInvokeConfig(
  resource: TemplateResource,
): InvokeConfiguration & { readonly functionName: string } {
  const parsed = parseProperties(invokeConfigSchema, resource);
  const onFailure = parsed.DestinationConfig?.OnFailure?.Destination;
  return {
    functionName: parsed.FunctionName,
    maximumRetryAttempts: parsed.MaximumRetryAttempts,
    maximumEventAgeSeconds: parsed.MaximumEventAgeInSeconds,
    ...(onFailure === undefined ? {} : { onFailure }),
  };
}

/** Checks a resource's properties against a schema; the error names every faulty property (who applies the template adds the resource). */
export function parseProperties<T extends z.ZodType>(schema: T, resource: TemplateResource): z.infer<T> {
  const parsed = schema.safeParse(resource.properties);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    (issue) => `${issue.path.join(".") || "properties"}: ${issue.message}`,
  );
  throw new AwsError(
    "InvalidParameterValueException",
    `${faults.join("; ")}. Correct the resource in the template.`,
  );
}

/**
 * The function's name in a name, a partial or full ARN, with or without qualifier:
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export function functionNameOf(nameOrArn: string): string {
  const arn =
    /^(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:)?(?:\d{12}:)?function:([A-Za-z0-9_-]+)(?::[$A-Za-z0-9_-]+)?$/;
  const name = arn.exec(nameOrArn)?.[1] ?? /^([A-Za-z0-9_-]+)(?::[$A-Za-z0-9_-]+)?$/.exec(nameOrArn)?.[1];
  return name ?? nameOrArn;
}
