import type { LoadBalancing } from "../load-balancer/balancer.ts";
import type { Task } from "./task.ts";
import type { RevisionTarget } from "./types.ts";

const keyOf = (targetGroupArn: string, id: string, port: number): string => `${targetGroupArn} ${id}:${port}`;

/**
 * Puts the tasks of services into target groups as they are activated, and takes them out before they are stopped.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
 */
export class TaskTargets {
  readonly #balancing: LoadBalancing;
  readonly #tasks = new Map<string, Task>();
  readonly #end: () => void;
  readonly #closed: Promise<void>;
  #close: () => void = () => undefined;

  /** @param changed called when the health of a task's target has changed. */
  constructor(balancing: LoadBalancing, changed: (task: Task) => void) {
    this.#balancing = balancing;
    this.#closed = new Promise((resolve) => {
      this.#close = resolve;
    });
    this.#end = balancing.listen((targetGroupArn, target, state) => {
      const task = this.#tasks.get(keyOf(targetGroupArn, target.id, target.port));
      const own = task?.targets?.find(
        (one) => one.targetGroupArn === targetGroupArn && one.id === target.id && one.port === target.port,
      );
      // That it drains says nothing of how it was.
      if (task === undefined || own === undefined || state === "draining" || own.state === state) return;
      own.state = state;
      changed(task);
    });
  }

  /**
   * Registers a task whose containers have started. What AWS reaches in a network of its own is here a port of this machine.
   *
   * @param instanceId the id of its host, which names the target in a group of instances.
   */
  register(task: Task, targets: readonly RevisionTarget[], instanceId: string | undefined): void {
    for (const { targetGroupArn, containerName, containerPort } of targets) {
      const binding = task.containers
        .find(({ name }) => name === containerName)
        ?.ports.find((one) => one.containerPort === containerPort);
      if (binding === undefined) continue;
      const { targetType } = this.#balancing.targetGroup(targetGroupArn);
      const address = task.networkInterface?.privateIpv4Address ?? "127.0.0.1";
      const id = targetType === "instance" ? (instanceId ?? address) : address;
      const port = binding.hostPort;
      task.targets = [...(task.targets ?? []), { targetGroupArn, id, port, state: "initial" }];
      this.#tasks.set(keyOf(targetGroupArn, id, port), task);
      this.#balancing.register(targetGroupArn, { id, port });
    }
  }

  /** Takes a task out of its target groups; resolves when its requests have ended. */
  async drain(task: Task): Promise<void> {
    const targets = task.targets ?? [];
    await Promise.all(
      targets.map(async ({ targetGroupArn, id, port }) => {
        await Promise.race([this.#balancing.deregister(targetGroupArn, { id, port }), this.#closed]);
        const key = keyOf(targetGroupArn, id, port);
        if (this.#tasks.get(key) === task) this.#tasks.delete(key);
      }),
    );
  }

  /** Nobody waits for requests any longer. */
  close(): void {
    this.#end();
    this.#close();
  }
}
