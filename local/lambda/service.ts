import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { LocalContext, LocalService } from "../service.ts";
import { LOCAL_RETRY_DELAYS_MS, runAsynchronously } from "./asynchronous.ts";
import { createFunctions } from "./functions.ts";
import { createHosts } from "./hosts.ts";
import { checkSynchronousPayload, invokeApi } from "./invoke-api.ts";
import { createLocalFunction } from "./local-function.ts";
import { prepareRuntime } from "./package-code.ts";
import { type Artifacts, lambdaResources } from "./resources.ts";
import { createTurns } from "./turns.ts";

/** Some may wait for what they have asked while others compute; more would only be in each other's way. */
const DEFAULT_CONCURRENCY = availableParallelism() + 1;

/** How long an event gives way to those who wait for an answer. */
const PATIENCE_MS = 10_000;

export interface LambdaOptions {
  /** Finds the deployment package of a function of the template. */
  readonly artifacts: Artifacts;
  /** How long is waited before the first and the second retry; on AWS `AWS_RETRY_DELAYS_MS`. */
  readonly retryDelaysMs?: readonly number[];
  /** How many environments a function without reserved concurrency may have; further invocations wait. */
  readonly defaultConcurrency?: number;
  /** How long an event gives way to invocations that somebody waits for, in milliseconds. */
  readonly patienceMs?: number;
  /** An environment that was not used for so long is ended. */
  readonly idleMs?: number;
  /**
   * What functions are handed instead of a value of their environment: the template names the world
   * (`https://api.github.com`), and here something stands in for it. A value is replaced only as a whole.
   */
  readonly substitute?: Readonly<Record<string, string>>;
}

/** What the other services ask of Lambda. */
export interface LambdaService extends LocalService {
  /**
   * Invokes a function and gives what its handler returned.
   *
   * @throws AwsError ResourceNotFoundException, TooManyRequestsException, RequestTooLargeException; FunctionFailure when
   * the function failed
   */
  invoke(nameOrArn: string, payload: unknown): Promise<unknown>;
  /**
   * Accepts an event for a function, as asynchronous invocation does: it is retried, and goes to the function's
   * dead-letter queue when all is in vain.
   *
   * @throws AwsError ResourceNotFoundException
   */
  invokeAsync(nameOrArn: string, payload: unknown): void;
  /** Whether the function's policy lets a service principal invoke it on behalf of a source. */
  allows(nameOrArn: string, principal: string, sourceArn: string): boolean;
}

const failureSchema = z.object({ errorType: z.string(), errorMessage: z.string() });

/** A function answered with an error; what it answered is `payload` (`errorType`, `errorMessage`, `trace`). */
export class FunctionFailure extends Error {
  readonly functionName: string;
  readonly payload: unknown;

  constructor(functionName: string, payload: unknown) {
    // The trace is in the payload and in the log; a message is for people.
    const shown = failureSchema.safeParse(payload).data;
    super(
      `Function ${functionName} failed: ${shown?.errorType ?? "Error"}: ${shown?.errorMessage ?? "unknown"}`,
    );
    this.name = "FunctionFailure";
    this.functionName = functionName;
    this.payload = payload;
  }
}

/** Runs the packaged functions in processes of their own, as Lambda does in execution environments. */
export async function createLambda(context: LocalContext, options: LambdaOptions): Promise<LambdaService> {
  const root = join(context.stateDir, "lambda");
  await mkdir(root, { recursive: true });
  await prepareRuntime(root);
  const hosts = createHosts(DEFAULT_CONCURRENCY - 1);
  const ending = new AbortController();
  const turns = createTurns(options.patienceMs ?? PATIENCE_MS);
  // To start a process holds up all others for a while: not as long as somebody waits.
  const refill = () => {
    turns
      .event(
        () => true,
        async () => hosts.refill(),
      )
      .catch(() => undefined);
  };
  const functions = createFunctions(context, (configuration, code) => {
    refill();
    return createLocalFunction({
      context,
      configuration,
      code,
      root,
      host: hosts.take,
      started: refill,
      defaultConcurrency: options.defaultConcurrency ?? DEFAULT_CONCURRENCY,
      idleMs: options.idleMs ?? 60_000,
      substitute: options.substitute ?? {},
    });
  });

  const accept = (nameOrArn: string, payload: string, requestId?: string): void => {
    const { configuration } = functions.find(nameOrArn);
    const { name } = configuration;
    const invocation = {
      configuration,
      invokeConfiguration: functions.invokeConfigurationOf(name),
      payload,
      ...(requestId === undefined ? {} : { requestId }),
      // Looked up for every attempt: a function may be deployed anew between two.
      run: (text: string, id: string) =>
        turns.event(
          () => functions.find(name).hasRoom,
          () => functions.find(name).run(text, id),
        ),
    };
    const settings = {
      context,
      retryDelaysMs: options.retryDelaysMs ?? LOCAL_RETRY_DELAYS_MS,
      signal: ending.signal,
      invokeFunction: (arn: string, record: string) => accept(arn, record),
    };
    runAsynchronously(invocation, settings).catch((error: unknown) => {
      context.say(
        `Function ${name}: an event was lost: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
  };

  return {
    async invoke(nameOrArn, payload) {
      const called = functions.find(nameOrArn);
      const text = JSON.stringify(payload ?? {});
      checkSynchronousPayload(text);
      const result = await turns.answer(() => called.runNow(text));
      const answer: unknown = JSON.parse(result.payload);
      if (result.functionError !== undefined) throw new FunctionFailure(called.configuration.name, answer);
      return answer;
    },
    invokeAsync: (nameOrArn, payload) => accept(nameOrArn, JSON.stringify(payload ?? {})),
    allows: functions.allows,
    resources: lambdaResources(context, functions, options.artifacts, root),
    routes: { "/2015-03-31/functions": invokeApi({ context, functions, turns, invokeAsync: accept }) },
    async close() {
      ending.abort();
      turns.close();
      await Promise.all([functions.close(), hosts.close()]);
    },
  };
}
