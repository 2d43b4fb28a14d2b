import type { Task } from "./task.ts";

export interface TaskCounts {
  readonly running: number;
  readonly pending: number;
}

/** RUNNING and PENDING as ECS counts them: a task that is told to stop is neither. */
export function countTasks(tasks: Iterable<Task>): TaskCounts {
  let running = 0;
  let pending = 0;
  for (const { lastStatus, desiredStatus } of tasks) {
    if (lastStatus === "RUNNING") running += 1;
    else if (desiredStatus === "RUNNING" && lastStatus !== "STOPPED") pending += 1;
  }
  return { running, pending };
}

/** The counts of one deployment's tasks. */
export function deploymentTasks(tasks: Iterable<Task>, deploymentId: string): TaskCounts {
  const own: Task[] = [];
  for (const task of tasks) if (task.startedBy === deploymentId) own.push(task);
  return countTasks(own);
}
