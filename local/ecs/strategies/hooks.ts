import { randomBytes, randomUUID } from "node:crypto";
import { reasonOf } from "../../errors.ts";
import type { LocalContext } from "../../service.ts";
import type { LifecycleHook } from "../deployment-configuration.ts";
import { hookStateChange } from "../events.ts";
import type { Pauses, Timings } from "../timings.ts";
import type { Service, ServiceDeployment } from "../types.ts";
import { hookAnswer, hookPayload, mergedDetails } from "./hook-payload.ts";
import type { HookExecution } from "./lifecycle.ts";
import { isPending, positionOf } from "./progress.ts";
import { isHookStage, stagesWithoutPause } from "./stages.ts";

/** Invokes a function and gives what it returned. */
export type InvokeFunction = (functionArn: string, payload: unknown) => Promise<unknown>;

export interface HookDependencies {
  readonly context: Pick<LocalContext, "now" | "emit" | "say">;
  readonly timings: Pick<Timings, "minuteMs" | "hookMinuteMs">;
  readonly pauses: Pauses;
  readonly invoke: InvokeFunction | undefined;
  readonly clusterArn: (cluster: string) => string;
  /** A hook of the service's deployment has ended. */
  readonly changed: (service: Service) => void;
}

const defaultTimeoutMinutes = 1440;
const defaultCallBackSeconds = 30;

/**
 * Runs the lifecycle hooks of a stage: functions are called until they have an answer, pauses wait for
 * ContinueServiceDeployment.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
 */
export class Hooks {
  readonly #deps: HookDependencies;

  constructor(deps: HookDependencies) {
    this.#deps = deps;
  }

  /** Begins the hooks of the stage that the deployment has just entered. During a rollback there are no pauses. */
  begin(service: Service, record: ServiceDeployment): void {
    const { stage } = positionOf(record);
    const { lifecycle } = record;
    if (lifecycle === undefined || !isHookStage(stage)) return;
    const back = record.rollback !== undefined;
    for (const [index, hook] of (record.deploymentConfiguration.lifecycleHooks ?? []).entries()) {
      if (!hook.lifecycleStages.includes(stage) || (back && !stagesWithoutPause.has(stage))) continue;
      const execution = this.#execution(hook, index, stage);
      lifecycle.hooks.push(execution);
      this.#say(service, record, execution);
      if (execution.targetType === "AWS_LAMBDA") void this.#call(service, record, execution);
    }
  }

  /** Calls the functions again that had not answered when the endpoint ended. */
  resume(service: Service, record: ServiceDeployment): void {
    for (const execution of record.lifecycle?.hooks ?? [])
      if (execution.status === "IN_PROGRESS") void this.#call(service, record, execution);
  }

  /** ContinueServiceDeployment's answer to a pause. */
  answer(
    service: Service,
    record: ServiceDeployment,
    execution: HookExecution,
    action: "CONTINUE" | "ROLLBACK",
  ): void {
    this.#end(service, record, execution, action === "CONTINUE" ? "SUCCEEDED" : "FAILED");
  }

  /** Ends the hooks whose time is over. */
  expire(service: Service, record: ServiceDeployment): void {
    const now = this.#deps.context.now();
    for (const execution of record.lifecycle?.hooks ?? [])
      if (isPending(execution) && execution.expiresAt <= now)
        this.#end(service, record, execution, "TIMED_OUT");
  }

  #execution(hook: LifecycleHook, index: number, stage: HookExecution["stage"]): HookExecution {
    const { targetType, hookTargetArn, timeoutConfiguration, hookDetails } = hook;
    const minutes = timeoutConfiguration?.timeoutInMinutes ?? defaultTimeoutMinutes;
    const pause = targetType === "PAUSE";
    return {
      hookId: pause ? `ecs-pause-${randomBytes(32).toString("base64url")}` : randomUUID(),
      hook: index,
      stage,
      targetType,
      ...(pause || hookTargetArn === undefined ? {} : { targetArn: hookTargetArn }),
      status: pause ? "AWAITING_ACTION" : "IN_PROGRESS",
      expiresAt: this.#deps.context.now() + minutes * this.#deps.timings.hookMinuteMs,
      timeoutAction: timeoutConfiguration?.action ?? "ROLLBACK",
      ...(hookDetails === undefined ? {} : { details: hookDetails }),
    };
  }

  async #call(service: Service, record: ServiceDeployment, execution: HookExecution): Promise<void> {
    const { context, pauses, timings, invoke } = this.#deps;
    const current = (): boolean =>
      !pauses.isClosed && execution.status === "IN_PROGRESS" && record.finishedAt === undefined;
    while (current()) {
      let answer: unknown;
      try {
        if (invoke === undefined) throw new Error("there are no functions here");
        answer = await invoke(execution.targetArn ?? "", hookPayload(service, record, execution));
      } catch (error) {
        context.say(
          `ecs: the lifecycle hook ${execution.targetArn ?? ""} at ${execution.stage} failed: ${reasonOf(error)}`,
        );
      }
      if (!current()) return;
      const read = hookAnswer(answer);
      if (read?.hookStatus !== "IN_PROGRESS") {
        this.#end(service, record, execution, read?.hookStatus ?? "FAILED");
        return;
      }
      execution.details = mergedDetails(execution.details, read.hookDetails);
      await pauses.wait(((read.callBackDelay ?? defaultCallBackSeconds) * timings.minuteMs) / 60);
    }
  }

  #end(
    service: Service,
    record: ServiceDeployment,
    execution: HookExecution,
    status: "SUCCEEDED" | "FAILED" | "TIMED_OUT",
  ): void {
    execution.status = status;
    record.updatedAt = this.#deps.context.now();
    this.#say(service, record, execution);
    this.#deps.changed(service);
  }

  #say(service: Service, record: ServiceDeployment, execution: HookExecution): void {
    const { context, clusterArn } = this.#deps;
    context.emit(hookStateChange(service, clusterArn(service.cluster), record.arn, execution, context.now()));
  }
}
