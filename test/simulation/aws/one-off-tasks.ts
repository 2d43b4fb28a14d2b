import type { RunTaskCommandInput, Task } from "@aws-sdk/client-ecs";
import type { Agenda } from "../agenda.ts";
import { AwsError } from "./aws-error.ts";
import { ACCOUNT, REGION } from "./names.ts";

/** A task that runs once, beside the services. */
export interface OneOffTask {
  readonly arn: string;
  readonly token: string;
  readonly startedBy: string;
  readonly container: string;
  readonly taskDefinition: string;
  exitCode?: number;
}

export interface OneOffHooks {
  /** How long it takes, and how it ends. */
  readonly courseOf: (task: OneOffTask) => { readonly milliseconds: number; readonly exitCode: number };
  readonly onStart: (task: OneOffTask) => void;
  /** It has stopped, and its event is due. */
  readonly onEnd: (task: OneOffTask) => void;
}

/** RunTask with its client token, which ECS knows for a day. */
export class OneOffTasks {
  readonly #byToken = new Map<string, OneOffTask>();
  readonly #agenda: Agenda;
  readonly #hooks: OneOffHooks;

  constructor(agenda: Agenda, hooks: OneOffHooks) {
    this.#agenda = agenda;
    this.#hooks = hooks;
  }

  run({ clientToken = "", startedBy = "", taskDefinition = "", overrides }: RunTaskCommandInput): OneOffTask {
    const known = this.#byToken.get(clientToken);
    if (known !== undefined) {
      if (known.taskDefinition !== taskDefinition)
        throw new AwsError("ConflictException", "the client token is in use with a different request");
      return known;
    }
    const task: OneOffTask = {
      arn: `arn:aws:ecs:${REGION}:${ACCOUNT}:task/once-${this.#byToken.size + 1}`,
      token: clientToken,
      startedBy,
      container: overrides?.containerOverrides?.[0]?.name ?? "",
      taskDefinition,
    };
    this.#byToken.set(clientToken, task);
    this.#hooks.onStart(task);
    const { milliseconds, exitCode } = this.#hooks.courseOf(task);
    this.#agenda.schedule(milliseconds, () => this.#end(task, exitCode));
    return task;
  }

  stop(arn: string | undefined): void {
    const task = this.find(arn ?? "");
    if (task !== undefined) this.#end(task, 137);
  }

  #end(task: OneOffTask, exitCode: number): void {
    if (task.exitCode !== undefined) return;
    task.exitCode = exitCode;
    this.#hooks.onEnd(task);
  }

  get all(): readonly OneOffTask[] {
    return [...this.#byToken.values()];
  }

  find(arn: string): OneOffTask | undefined {
    return this.all.find((task) => task.arn === arn);
  }
}

export function describeOneOff({ arn, startedBy, container, taskDefinition, exitCode }: OneOffTask): Task {
  return {
    taskArn: arn,
    startedBy,
    taskDefinitionArn: taskDefinition,
    lastStatus: exitCode === undefined ? "RUNNING" : "STOPPED",
    containers: [{ name: container, ...(exitCode === undefined ? {} : { exitCode }) }],
  };
}
