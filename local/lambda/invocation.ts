import type { Environment } from "./environment.ts";
import type { HostReply, RuntimeError } from "./host-process.ts";
import type { OnLine } from "./output-lines.ts";

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, and the few bytes that Lambda adds to it. */
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100;

/** How one invocation ended. */
export interface InvocationResult {
  readonly requestId: string;
  /** JSON: what the handler returned, or the error as the runtime answers it. */
  readonly payload: string;
  /** Present when the function failed: `X-Amz-Function-Error`. */
  readonly functionError?: "Unhandled";
  /** All lines of the invocation, for `X-Amz-Log-Result`. */
  readonly logLines: readonly string[];
}

export interface InvocationSettings {
  readonly requestId: string;
  readonly payload: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly now: () => number;
  /** Takes every line as it is printed. */
  readonly onLine: OnLine;
}

/**
 * Runs one invocation in an environment and writes the platform's log lines around it
 * (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html).
 *
 * @param cold whether the environment was started for this invocation: its REPORT then tells the init's duration
 */
export async function runInvocation(
  environment: Environment,
  settings: InvocationSettings,
  cold: boolean,
): Promise<InvocationResult> {
  const { requestId, payload, memoryMb } = settings;
  const logLines: string[] = [];
  const log: OnLine = (line) => {
    logLines.push(line);
    settings.onLine(line);
  };
  if (cold) for (const line of environment.initLines) log(line);
  log(`START RequestId: ${requestId} Version: $LATEST`);
  const started = performance.now();
  const reply: HostReply =
    environment.initError === undefined
      ? await environment.invoke(requestId, payload, log)
      : { type: "failed", memoryMb: 0, error: environment.initError };
  const durationMs = performance.now() - started;

  if (reply.type === "timed-out") {
    log(`${new Date(settings.now()).toISOString()} ${requestId} ${timedOut(settings.timeoutSeconds)}`);
  }
  log(`END RequestId: ${requestId}`);
  const usedMb = reply.type === "done" || reply.type === "failed" ? reply.memoryMb : memoryMb;
  log(
    reportLine({ requestId, durationMs, memoryMb, usedMb, ...(cold ? { initMs: environment.initMs } : {}) }),
  );

  const size = reply.type === "done" ? Buffer.byteLength(reply.payload) : 0;
  if (reply.type === "done" && size <= MAX_RESPONSE_BYTES)
    return { requestId, payload: reply.payload, logLines };
  const error = reply.type === "done" ? tooLarge() : errorOf(reply, settings);
  return { requestId, payload: JSON.stringify(error), functionError: "Unhandled", logLines };
}

function tooLarge(): Omit<RuntimeError, "trace"> {
  const limit = `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`;
  return { errorType: "Function.ResponseSizeTooLarge", errorMessage: limit };
}

function timedOut(seconds: number): string {
  return `Task timed out after ${seconds.toFixed(2)} seconds`;
}

function errorOf(
  reply: Exclude<HostReply, { readonly type: "done" }>,
  { requestId, timeoutSeconds }: InvocationSettings,
): Omit<RuntimeError, "trace"> {
  switch (reply.type) {
    case "failed":
      return reply.error;
    case "timed-out":
      return {
        errorType: "Sandbox.Timedout",
        errorMessage: `RequestId: ${requestId} Error: ${timedOut(timeoutSeconds)}`,
      };
    case "exited":
      return {
        errorType: "Runtime.ExitError",
        errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: ${reply.status}`,
      };
  }
}

interface Report {
  readonly requestId: string;
  readonly durationMs: number;
  readonly memoryMb: number;
  readonly usedMb: number;
  readonly initMs?: number;
}

/** Since August 2025 the init is billed as well. */
function reportLine({ requestId, durationMs, memoryMb, usedMb, initMs }: Report): string {
  const fields = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(durationMs + (initMs ?? 0))} ms`,
    `Memory Size: ${memoryMb} MB`,
    `Max Memory Used: ${usedMb} MB`,
    ...(initMs === undefined ? [] : [`Init Duration: ${initMs.toFixed(2)} ms`]),
  ];
  return fields.join("\t");
}
