import { inOrder } from "./architectures.ts";
import { failureSentence, failuresOf, type SeenTask, type TaskFailure } from "./task-failures.ts";

/** A container's image as the tasks that run of one architecture were started from it. */
export interface SeenDigest {
  readonly container: string;
  readonly digest: string;
  /** How many running tasks. */
  readonly tasks: number;
}

/** What became of a deployment on the hosts of one architecture; plain data, part of a run's events. */
export interface ArchitectureVerdict {
  /** `x86_64`, `arm64`; `unknown` for tasks that never got a host. */
  readonly architecture: string;
  readonly running: number;
  readonly wanted: number;
  /** Tasks that ran until ECS stopped them, as it does when it goes back; absent: none. */
  readonly retired?: number;
  /** Tasks that failed, all retries counted: more than are wanted when ECS tries again and again. */
  readonly attempts: number;
  readonly digests: readonly SeenDigest[];
  /** The most frequent first, at most five. */
  readonly failures: readonly TaskFailure[];
}

/** One per architecture, `x86_64` first. */
export type Verdict = readonly ArchitectureVerdict[];

/** What the service wants. */
export interface Expected {
  /** The service's desired count. */
  readonly desired: number;
  /**
   * How the strategy shares them out over the architectures (`expectedTasks` of placement.ts); absent when the hosts of one
   * provider are of several architectures, and only the tasks themselves show where they go.
   */
  readonly byArchitecture?: Readonly<Record<string, number>>;
}

/** The tasks of one deployment, by the architecture of their hosts. */
export function verdictOf(tasks: readonly SeenTask[], expected: Expected): Verdict {
  const byArchitecture = new Map<string, SeenTask[]>();
  for (const task of tasks) {
    const architecture = task.architecture ?? "unknown";
    byArchitecture.set(architecture, [...(byArchitecture.get(architecture) ?? []), task]);
  }
  const wanted = wantedByArchitecture(tasks, expected);
  const architectures = inOrder([...byArchitecture.keys(), ...Object.keys(wanted)]);
  return architectures.flatMap((architecture) => {
    const own = byArchitecture.get(architecture) ?? [];
    const running = own.filter(({ state }) => state === "running");
    const failed = own.filter(({ state, failed }) => state === "stopped" && failed);
    const retired = own.filter((task) => task.retired).length;
    const one: ArchitectureVerdict = {
      architecture,
      running: running.length,
      wanted: wanted[architecture] ?? 0,
      ...(retired === 0 ? {} : { retired }),
      attempts: failed.length,
      digests: digestsOf(running),
      failures: failuresOf(failed),
    };
    return one.running + one.wanted + one.attempts + retired === 0 ? [] : [one];
  });
}

/**
 * How many tasks each architecture should run. What runs is wanted; where the strategy says how the rest is shared out,
 * so it is; otherwise a missing task is wanted where it is being started, or where the last ones stopped.
 */
function wantedByArchitecture(
  tasks: readonly SeenTask[],
  { desired, byArchitecture }: Expected,
): Readonly<Record<string, number>> {
  const wanted: Record<string, number> = {};
  const count = (architecture: string, tasks: number) => {
    wanted[architecture] = (wanted[architecture] ?? 0) + tasks;
  };
  for (const { state, architecture } of tasks) if (state === "running") count(architecture ?? "unknown", 1);
  let missing = Math.max(0, desired - tasks.filter(({ state }) => state === "running").length);
  if (byArchitecture !== undefined) {
    for (const [architecture, share] of Object.entries(byArchitecture)) {
      const lacking = Math.min(missing, Math.max(0, share - (wanted[architecture] ?? 0)));
      count(architecture, lacking);
      missing -= lacking;
    }
  }
  const pending = tasks.filter(({ state }) => state === "pending");
  const stopped = tasks
    .filter((task) => task.state === "stopped" && (task.failed || task.retired))
    .sort((a, b) => (b.stoppedAt ?? 0) - (a.stoppedAt ?? 0));
  for (const { architecture } of [...pending, ...stopped].slice(0, missing)) {
    count(architecture ?? "unknown", 1);
    missing -= 1;
  }
  if (missing > 0) count("unknown", missing);
  return wanted;
}

function digestsOf(running: readonly SeenTask[]): readonly SeenDigest[] {
  const seen = new Map<string, SeenDigest>();
  for (const { containers } of running) {
    for (const { name, digest } of containers) {
      if (digest === undefined) continue;
      const key = `${name} ${digest}`;
      seen.set(key, { container: name, digest, tasks: (seen.get(key)?.tasks ?? 0) + 1 });
    }
  }
  return [...seen.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

const keyOf = ({ container, digest }: SeenDigest) => `${container} ${digest}`;

// ---- what a verdict says

/** `x86_64 6/6, arm64 0/2: exit 255 (exec format error)`. */
export function verdictSentence(verdict: Verdict): string {
  if (verdict.length === 0) return "no task is wanted";
  return verdict.map(architectureSentence).join(", ");
}

function architectureSentence(one: ArchitectureVerdict): string {
  const { architecture, running, wanted, retired = 0, attempts, failures } = one;
  const ran = Math.min(wanted, running + retired);
  const since = running < ran ? " (stopped since)" : "";
  const counts = `${architecture} ${Math.max(running, ran)}/${wanted}${since}`;
  const missing = wanted - ran;
  const [first, ...others] = failures;
  if (missing <= 0 || first === undefined) return counts;
  const tried = attempts > missing ? `, ${attempts} attempts` : "";
  const more =
    others.length === 0 ? "" : ` and ${others.length} other ${others.length === 1 ? "way" : "ways"}`;
  return `${counts}: ${failureSentence(first)}${more}${tried}`;
}

/** Whether an architecture runs all that is wanted of it, or did until ECS went back. */
export function isWhole({ running, wanted, retired = 0 }: ArchitectureVerdict): boolean {
  return wanted > 0 && running + retired >= wanted;
}

/**
 * Those on which everything failed while another architecture is whole, or has not failed at all: ECS may have given up
 * before the other's tasks had started. What a quarantine would take out.
 */
export function failedArchitectures(verdict: Verdict): readonly string[] {
  const fine = verdict.some((one) => isWhole(one) || (one.wanted > 0 && one.attempts === 0));
  if (!fine) return [];
  return verdict
    .filter(
      ({ running, wanted, retired = 0, attempts }) => running + retired === 0 && wanted > 0 && attempts > 0,
    )
    .map(({ architecture }) => architecture);
}

/** Failures of an architecture after which nobody expects its tasks to stay. */
const CRASHES = 3;

/**
 * Architectures whose tasks start and end again and again. ECS calls a deployment complete as soon as every task has run for a
 * moment, and its circuit breaker looks no longer then: without a health check, this is how such a release is known.
 */
export function crashLooping(verdict: Verdict): readonly string[] {
  return verdict
    .filter(({ running, wanted, attempts }) => running < wanted && attempts >= Math.max(CRASHES, 2 * wanted))
    .map(({ architecture }) => architecture);
}

/** Container to the digests that count as the release: its index, and the platforms' own images. */
export type ReleaseDigests = Readonly<Record<string, readonly string[]>>;

/** What runs though it is not the release; undefined when nothing else has been seen. */
export function digestProblem(
  service: string,
  verdict: Verdict,
  release: ReleaseDigests,
): { readonly reason: string; readonly remedy: string } | undefined {
  const others = verdict.flatMap(({ architecture, digests }) =>
    digests
      .filter(({ container, digest }) => release[container]?.includes(digest) === false)
      .map(({ container, digest, tasks }) => `${tasks} on ${architecture} run ${container} from ${digest}`),
  );
  if (others.length === 0) return undefined;
  return {
    reason: `tasks of service ${service} run other images than the release: ${others.join(", ")}`,
    remedy: "look at the containers' imageDigest in ECS, and push again",
  };
}
