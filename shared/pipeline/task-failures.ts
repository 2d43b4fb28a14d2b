/** Why tasks stopped that nobody asked to stop: all with the same exit code and reason are one. */
export interface TaskFailure {
  /** The container that failed first; absent when the task never got as far as a container. */
  readonly container?: string;
  readonly exitCode?: number;
  readonly reason: string;
  /** How many tasks. */
  readonly count: number;
}

/** A task of the deployment, as the verdict needs it. */
export interface SeenTask {
  /** Undefined when it has no host yet, and nothing else tells. */
  readonly architecture: string | undefined;
  readonly state: "running" | "pending" | "stopped";
  /** Of a stopped task: whether it failed, rather than being told to stop. */
  readonly failed: boolean;
  /** Of a stopped task: whether it ran, and nothing was wrong with it. */
  readonly retired?: boolean;
  /** The task's own `stoppedReason`. */
  readonly reason?: string;
  /** When it stopped, milliseconds since the epoch. */
  readonly stoppedAt?: number;
  readonly containers: readonly SeenContainer[];
}

export interface SeenContainer {
  readonly name: string;
  readonly digest?: string;
  readonly exitCode?: number;
  readonly reason?: string;
}

const MOST_FAILURES = 5;
const LONGEST_REASON = 300;

/** Failures by what they have in common, the most frequent first. */
export function failuresOf(failed: readonly SeenTask[]): readonly TaskFailure[] {
  const groups = new Map<string, TaskFailure>();
  for (const task of failed) {
    const failure = failureOf(task);
    const key = JSON.stringify([failure.container, failure.exitCode, failure.reason]);
    groups.set(key, { ...failure, count: (groups.get(key)?.count ?? 0) + 1 });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count).slice(0, MOST_FAILURES);
}

/** When nobody says more. */
const STOPPED = "stopped";

/** ECS's own words when a container ends, which say less than its exit code. */
const ESSENTIAL_EXITED = /^Essential container in task exited$/i;

/**
 * The container that explains the stop: one with a reason of its own before one with an exit code; those that ECS stopped
 * with it (137, 143) last.
 */
function failureOf(task: SeenTask): TaskFailure {
  const rank = ({ exitCode, reason }: SeenContainer) => {
    if (reason !== undefined && exitCode !== 0) return 0;
    if (exitCode === undefined || exitCode === 0) return 3;
    return exitCode === 137 || exitCode === 143 ? 2 : 1;
  };
  const [container] = [...task.containers].sort((a, b) => rank(a) - rank(b));
  const told = container !== undefined && rank(container) < 3 ? container : undefined;
  const own = told?.reason ?? (told?.exitCode === undefined ? undefined : exitReason(told.exitCode));
  const taskReason = task.reason === undefined || ESSENTIAL_EXITED.test(task.reason) ? "" : task.reason;
  const ended = container?.exitCode === 0 ? "it ended, and a service's task must not" : STOPPED;
  const reason = own ?? (taskReason === "" ? ended : taskReason);
  const exitCode = told?.exitCode ?? (taskReason === "" ? container?.exitCode : undefined);
  return {
    ...(told === undefined ? {} : { container: told.name }),
    ...(exitCode === undefined ? {} : { exitCode }),
    reason: withoutIds(reason).slice(0, LONGEST_REASON),
    count: 1,
  };
}

/** What a shell or runtime means by it, where it means one thing: https://docs.docker.com/engine/containers/run/#exit-status */
function exitReason(exitCode: number): string | undefined {
  switch (exitCode) {
    case 126:
      return "the command cannot be executed";
    case 127:
      return "the command is not found";
    case 137:
      return "killed";
    case 139:
      return "segmentation fault";
    case 143:
      return "terminated";
    default:
      return undefined;
  }
}

/** Two tasks that fail alike say the same but for names of hosts, tasks and addresses. */
function withoutIds(reason: string): string {
  return (
    reason
      .replace(/\s+/g, " ")
      .trim()
      // Which program it was is the same for all, and no news.
      .replace(/^exec \S*: (exec format error)$/, "$1")
      .replace(/(?<!sha256:)\b[0-9a-f]{32,64}\b|\bi-[0-9a-f]{8,17}\b/g, "…")
      .replace(/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?->/g, "…->")
  );
}

/** `exit 255 (exec format error)`. */
export function failureSentence({ exitCode, reason }: TaskFailure): string {
  if (exitCode === undefined) return reason;
  return reason === STOPPED ? `exit ${exitCode}` : `exit ${exitCode} (${reason})`;
}
