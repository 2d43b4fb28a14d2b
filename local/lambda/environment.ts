import { createHash, randomBytes } from "node:crypto";
import type { AwsCredentials, LocalContext } from "../service.ts";
import type { FunctionConfiguration } from "./configuration.ts";
import type { HostProcess, HostReply, RuntimeError } from "./host-process.ts";
import type { OnLine } from "./output-lines.ts";

/** Init may take this long: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
const INIT_TIMEOUT_MS = 10_000;

/** One warm process of a function. */
export interface Environment {
  readonly logStream: string;
  /** Milliseconds of the init; told in the first invocation's REPORT. */
  readonly initMs: number;
  /** Why no invocation can succeed here: the bundle did not load, or took too long. */
  readonly initError?: RuntimeError;
  /** What was printed while the bundle was loaded. */
  readonly initLines: readonly string[];
  readonly usable: boolean;
  invoke(requestId: string, payload: string, onLine: OnLine): Promise<HostReply>;
  kill(): Promise<void>;
}

export interface EnvironmentSettings {
  readonly context: LocalContext;
  readonly configuration: FunctionConfiguration;
  readonly directory: string;
  /** Values of the function's own variables that stand for something in the world, and what stands in for it here. */
  readonly substitute: Readonly<Record<string, string>>;
  /** A folder for V8's code cache, where this Node has one: it shortens later cold starts. */
  readonly compileCache: string;
}

/**
 * The environment variables of a function: its own, and those that the runtime defines
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html).
 */
export function variablesOf(settings: EnvironmentSettings, logStream: string): Record<string, string> {
  const { context, configuration, directory } = settings;
  const credentials = credentialsOf(context, configuration);
  return {
    TZ: "UTC",
    LANG: "en_US.UTF-8",
    // Nothing of the person's home (say, ~/.aws/config) may decide how a function behaves.
    HOME: directory,
    // The function's runtime is newer than the Node that runs it here may be; the SDK's advice on that is not for its log.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    LAMBDA_TASK_ROOT: directory,
    _HANDLER: configuration.handler,
    AWS_EXECUTION_ENV: `AWS_Lambda_${configuration.runtime}`,
    AWS_REGION: context.region,
    AWS_DEFAULT_REGION: context.region,
    AWS_ENDPOINT_URL: context.url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_LAMBDA_FUNCTION_NAME: configuration.name,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(configuration.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: configuration.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    ...substituted(configuration.variables, settings.substitute),
  };
}

function substituted(
  variables: Readonly<Record<string, string>>,
  substitute: Readonly<Record<string, string>>,
): Record<string, string> {
  const replace = (value: string): string =>
    (Object.hasOwn(substitute, value) ? substitute[value] : value) ?? value;
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, replace(value)]));
}

/** What the function signs with: it acts as its execution role, in a session named after it. */
function credentialsOf(context: LocalContext, configuration: FunctionConfiguration): AwsCredentials {
  const { accountId } = context;
  const role = configuration.role.split("/").at(-1) ?? configuration.role;
  const hash = createHash("sha256").update(role).digest("hex").toUpperCase();
  const arn = `arn:aws:sts::${accountId}:assumed-role/${role}/${configuration.name}`;
  const issued = context.credentials?.({
    arn,
    accountId,
    userId: `AROA${hash.slice(0, 17)}:${configuration.name}`,
  });
  const key = `function-${configuration.name}`;
  return issued ?? { accessKeyId: key, secretAccessKey: key, sessionToken: key };
}

/** `2026/11/21/[$LATEST]<32 hex>`, as Lambda names the stream of an environment. */
export function newLogStream(now: number): string {
  const day = new Date(now).toISOString().slice(0, 10).replaceAll("-", "/");
  return `${day}/[$LATEST]${randomBytes(16).toString("hex")}`;
}

/** Loads the function into a process; a bundle that does not load is told by `initError`, not thrown. */
export async function initEnvironment(
  settings: EnvironmentSettings,
  host: HostProcess,
  logStream: string,
): Promise<Environment> {
  const { configuration, directory, compileCache } = settings;
  const timeoutMs = configuration.timeoutSeconds * 1000;
  const started = performance.now();
  const initLines: string[] = [];
  const environment = variablesOf(settings, logStream);
  const reply = await host.request(
    { type: "init", environment, directory, handler: configuration.handler, compileCache },
    INIT_TIMEOUT_MS,
    (line) => initLines.push(line),
  );
  const initError = initErrorOf(reply);
  if (initError !== undefined) await host.kill();
  return {
    logStream,
    initMs: performance.now() - started,
    initLines,
    ...(initError === undefined ? {} : { initError }),
    get usable() {
      return host.usable;
    },
    invoke: (requestId, payload, onLine) =>
      host.request(
        { type: "invoke", requestId, payload, timeoutMs, context: contextOf(configuration, logStream) },
        timeoutMs,
        onLine,
      ),
    kill: () => host.kill(),
  };
}

function initErrorOf(reply: HostReply): RuntimeError | undefined {
  switch (reply.type) {
    case "done":
      return undefined;
    case "failed":
      return reply.error;
    case "timed-out":
      return {
        errorType: "Sandbox.Timedout",
        errorMessage: `Init timed out after ${(INIT_TIMEOUT_MS / 1000).toFixed(2)} seconds`,
        trace: [],
      };
    case "exited":
      return {
        errorType: "Runtime.ExitError",
        errorMessage: `Runtime exited without providing a reason: ${reply.status}`,
        trace: [],
      };
  }
}

/** The constant part of the context object: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
function contextOf(configuration: FunctionConfiguration, logStream: string): Record<string, string> {
  return {
    functionName: configuration.name,
    functionVersion: "$LATEST",
    invokedFunctionArn: configuration.arn,
    memoryLimitInMB: String(configuration.memoryMb),
    logGroupName: configuration.logGroup,
    logStreamName: logStream,
  };
}
