import type { Task } from "./task.ts";

/** How long, and how many, stopped tasks can still be described; ECS keeps them for one hour as well. */
const keepMs = 3_600_000;
const keepCount = 10_000;

/** The tasks that stopped last, the oldest first. Adding and forgetting cost the same however many there are. */
export class StoppedTasks {
  private readonly tasks = new Map<string, Task>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  add(task: Task): void {
    this.tasks.set(task.arn, task);
    this.forget();
  }

  get(arn: string): Task | undefined {
    this.forget();
    return this.tasks.get(arn);
  }

  all(): readonly Task[] {
    this.forget();
    return [...this.tasks.values()];
  }

  private forget(): void {
    const oldest = this.now() - keepMs;
    for (const [arn, task] of this.tasks) {
      if (this.tasks.size <= keepCount && (task.stoppedAt ?? 0) >= oldest) return;
      this.tasks.delete(arn);
    }
  }
}
