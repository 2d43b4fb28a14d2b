import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { AwsError, type LocalContext } from "../service.ts";
import type { FunctionConfiguration } from "./configuration.ts";
import { type Environment, initEnvironment, newLogStream, variablesOf } from "./environment.ts";
import type { HostProcess } from "./host-process.ts";
import { type InvocationResult, runInvocation } from "./invocation.ts";
import type { PackageCode } from "./package-code.ts";
import { createPool } from "./pool.ts";

/** A deployed function: a configuration, its code, and the environments that run it. */
export interface LocalFunction {
  readonly configuration: FunctionConfiguration;
  readonly code: PackageCode;
  readonly lastModified: number;
  /** Whether an invocation would run at once. */
  readonly hasRoom: boolean;
  /** Invokes it, waiting its turn; the payload is JSON. A failing function is a result, not an exception. */
  run(payload: string, requestId?: string): Promise<InvocationResult>;
  /**
   * Invokes it for somebody who waits for the answer.
   *
   * @throws AwsError TooManyRequestsException when its reserved concurrency is in use; the local default limit only
   *   protects the machine, so without a reservation the invocation waits
   */
  runNow(payload: string, requestId?: string): Promise<InvocationResult>;
  /** Lets what runs end, and takes no more. */
  retire(): Promise<void>;
  close(): Promise<void>;
}

export interface LocalFunctionSettings {
  readonly context: LocalContext;
  readonly configuration: FunctionConfiguration;
  readonly code: PackageCode;
  /** The service's folder. */
  readonly root: string;
  /** Gives a process that can become an environment with these variables. */
  readonly host: (variables: Readonly<Record<string, string>>) => HostProcess;
  /** Called when an environment is up: the time to prepare the next process. */
  readonly started: () => void;
  readonly defaultConcurrency: number;
  readonly idleMs: number;
  readonly substitute: Readonly<Record<string, string>>;
}

export function createLocalFunction(settings: LocalFunctionSettings): LocalFunction {
  const { context, configuration, code, root } = settings;
  const { logGroup, timeoutSeconds, memoryMb } = configuration;
  const environmentSettings = {
    context,
    configuration,
    directory: code.directory,
    substitute: settings.substitute,
    compileCache: join(root, "compile-cache"),
  };
  const pool = createPool<Environment>({
    limit: configuration.reservedConcurrency ?? settings.defaultConcurrency,
    idleMs: settings.idleMs,
    start: async () => {
      const logStream = newLogStream(context.now());
      const host = settings.host(variablesOf(environmentSettings, logStream));
      const environment = await initEnvironment(environmentSettings, host, logStream);
      settings.started();
      return environment;
    },
  });
  const warm = new WeakSet<Environment>();

  const run = (payload: string, requestId: string = randomUUID()) =>
    pool.use((environment) => {
      const cold = !warm.has(environment);
      warm.add(environment);
      const onLine = (line: string) => context.logs.put(logGroup, environment.logStream, [line]);
      const invocation = { requestId, payload, memoryMb, timeoutSeconds, now: context.now, onLine };
      return runInvocation(environment, invocation, cold);
    });

  return {
    configuration,
    code,
    lastModified: context.now(),
    get hasRoom() {
      return !pool.full;
    },
    run,
    async runNow(payload, requestId) {
      if (configuration.reservedConcurrency !== undefined && pool.full) {
        throw new AwsError("TooManyRequestsException", `Function ${configuration.name}: Rate Exceeded.`, 429);
      }
      return run(payload, requestId);
    },
    retire: () => pool.retire(),
    close: () => pool.close(),
  };
}
