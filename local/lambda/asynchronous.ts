import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { LocalContext } from "../service.ts";
import type { FunctionConfiguration, InvokeConfiguration } from "./configuration.ts";
import type { InvocationResult } from "./invocation.ts";
import { PoolClosed } from "./pool.ts";

/** Lambda waits one minute before the first retry of an asynchronous invocation, and two before the second. */
export const AWS_RETRY_DELAYS_MS: readonly number[] = [60_000, 120_000];

/** What is waited locally, so that a failing function is seen to fail while somebody looks. */
export const LOCAL_RETRY_DELAYS_MS: readonly number[] = [1_000, 2_000];

/** One event for a function, from being accepted until it succeeded or was given up. */
export interface AsynchronousInvocation {
  readonly configuration: FunctionConfiguration;
  readonly invokeConfiguration: InvokeConfiguration;
  readonly payload: string;
  readonly requestId?: string;
  /** Waits its turn; rejects when the emulator ends. */
  readonly run: (payload: string, requestId: string) => Promise<InvocationResult>;
}

/** Why an event was given up, in the words of the invocation record. */
type Condition = "RetriesExhausted" | "EventAgeExceeded";

interface Failure {
  readonly condition: Condition;
  readonly attempts: number;
  readonly last: InvocationResult | undefined;
}

export interface AsynchronousSettings {
  readonly context: LocalContext;
  readonly retryDelaysMs: readonly number[];
  /** Ends the waiting between attempts. */
  readonly signal: AbortSignal;
  /** Invokes a function that is an on-failure destination. */
  readonly invokeFunction: (arn: string, payload: string) => void;
}

/**
 * Runs an event until the function succeeds, its retries are used up, or it is too old
 * (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html); what was given up goes to the
 * on-failure destination and to the dead-letter queue, whichever are configured.
 */
export async function runAsynchronously(
  invocation: AsynchronousInvocation,
  settings: AsynchronousSettings,
): Promise<void> {
  const requestId = invocation.requestId ?? randomUUID();
  const failure = await attempt(invocation, requestId, settings);
  if (failure === undefined || settings.signal.aborted) return;
  const { name, logGroup } = invocation.configuration;
  settings.context.say(
    `Function ${name} failed ${failure.attempts} times and gave up its event: ${errorMessageOf(failure.last)} (request ${requestId} in log group ${logGroup})`,
  );
  sendToDestination(invocation, requestId, failure, settings);
  sendToDeadLetterQueue(invocation, requestId, failure, settings);
}

async function attempt(
  { configuration, invokeConfiguration, payload, run }: AsynchronousInvocation,
  requestId: string,
  { context, retryDelaysMs, signal }: AsynchronousSettings,
): Promise<Failure | undefined> {
  const { maximumRetryAttempts, maximumEventAgeSeconds } = invokeConfiguration;
  // A function that may not run at all gets no retries.
  if (configuration.reservedConcurrency === 0) {
    return { condition: "RetriesExhausted", attempts: 0, last: undefined };
  }
  const expires = context.now() + maximumEventAgeSeconds * 1000;
  let last: InvocationResult | undefined;
  for (let attempts = 0; attempts <= maximumRetryAttempts; attempts++) {
    if (context.now() > expires) return { condition: "EventAgeExceeded", attempts, last };
    try {
      if (attempts > 0)
        await sleep(retryDelaysMs[attempts - 1] ?? retryDelaysMs.at(-1) ?? 0, undefined, { signal });
      last = await run(payload, requestId);
    } catch (error) {
      // Environments are only refused when the emulator ends: there is nobody left to run it, or to tell.
      if (signal.aborted || error instanceof PoolClosed) return undefined;
      throw error;
    }
    if (last.functionError === undefined) return undefined;
  }
  return { condition: "RetriesExhausted", attempts: maximumRetryAttempts + 1, last };
}

/** The record of https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
function sendToDestination(
  { configuration, invokeConfiguration, payload }: AsynchronousInvocation,
  requestId: string,
  { condition, attempts, last }: Failure,
  { context, invokeFunction }: AsynchronousSettings,
): void {
  const { onFailure } = invokeConfiguration;
  if (onFailure === undefined) return;
  const record = {
    version: "1.0",
    timestamp: new Date(context.now()).toISOString(),
    requestContext: {
      requestId,
      functionArn: `${configuration.arn}:$LATEST`,
      condition,
      approximateInvokeCount: attempts,
    },
    requestPayload: JSON.parse(payload),
    ...(last === undefined
      ? {}
      : {
          responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: last.functionError },
          responsePayload: JSON.parse(last.payload),
        }),
  };
  const service = onFailure.split(":")[2];
  if (service === "sqs") context.deadLetter?.(onFailure, JSON.stringify(record));
  else if (service === "lambda") invokeFunction(onFailure, JSON.stringify(record));
  else if (service === "events") {
    context.emit({
      source: "lambda",
      detailType: "Lambda Function Invocation Result - Failure",
      resources: [onFailure, `${configuration.arn}:$LATEST`],
      detail: record,
    });
  }
}

/** The event itself with the error as message attributes: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq */
function sendToDeadLetterQueue(
  { configuration, payload }: AsynchronousInvocation,
  requestId: string,
  { last }: Failure,
  { context }: AsynchronousSettings,
): void {
  const { deadLetterTarget } = configuration;
  if (deadLetterTarget === undefined) return;
  context.deadLetter?.(deadLetterTarget, payload, {
    RequestID: requestId,
    ErrorCode: "200",
    ErrorMessage: errorMessageOf(last).slice(0, 1024),
  });
}

function errorMessageOf(last: InvocationResult | undefined): string {
  if (last === undefined) return "Rate Exceeded.";
  const answer: unknown = JSON.parse(last.payload);
  const known = typeof answer === "object" && answer !== null && "errorMessage" in answer;
  return known ? String(answer.errorMessage) : last.payload;
}
