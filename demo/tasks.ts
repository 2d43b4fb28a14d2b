import type { Task } from "@aws-sdk/client-ecs";
import type { Clients } from "./clients.ts";
import { SERVICE } from "./clusters.ts";

export const ARCHITECTURES = ["x86_64", "arm64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** One task of a service, as far as the demo shows it. */
export interface ShownTask {
  readonly id: string;
  readonly cluster: string;
  readonly architecture: Architecture;
  readonly running: boolean;
  readonly taskDefinition: string;
  readonly simulated: boolean;
  /** Where its page is, when it has one. */
  readonly hostPort: number | undefined;
}

/** The tasks that the service wants to run. */
export async function tasksOf({ ecs }: Clients, cluster: string): Promise<readonly ShownTask[]> {
  const { taskArns = [] } = await ecs.listTasks({ cluster, serviceName: SERVICE });
  if (taskArns.length === 0) return [];
  const { tasks = [] } = await ecs.describeTasks({ cluster, tasks: taskArns });
  return tasks.map((task) => shown(task, cluster));
}

function shown(task: Task, cluster: string): ShownTask {
  const attribute = (name: string) => task.attributes?.find((one) => one.name === name);
  return {
    id: task.taskArn?.split("/").at(-1) ?? "",
    cluster,
    architecture: attribute("ecs.cpu-architecture")?.value === "arm64" ? "arm64" : "x86_64",
    running: task.lastStatus === "RUNNING",
    taskDefinition: task.taskDefinitionArn ?? "",
    simulated: attribute("tandem.simulated") !== undefined,
    hostPort: task.containers?.[0]?.networkBindings?.[0]?.hostPort,
  };
}

/** The task's mark: of before, starting, of this release. */
export const MARKS = { before: "○", starting: "◌", now: "●" } as const;

/** `x86_64 ●○  arm64 ●◌`: each task by architecture, those of the release first. */
export function picture(tasks: readonly ShownTask[], before: string): string {
  return ARCHITECTURES.map((architecture) => {
    const marks = tasks
      .filter((task) => task.architecture === architecture)
      .map(({ running, taskDefinition }) =>
        taskDefinition === before ? MARKS.before : running ? MARKS.now : MARKS.starting,
      );
    const order = [MARKS.now, MARKS.starting, MARKS.before];
    marks.sort((a, b) => order.indexOf(a) - order.indexOf(b));
    return `${architecture} ${marks.join("").padEnd(4)}`;
  })
    .join("  ")
    .trimEnd();
}
