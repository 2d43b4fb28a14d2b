import type { RunView } from "../shared/pipeline/view.ts";
import type { PlatformImage } from "./registry.ts";
import { ARCHITECTURES } from "./tasks.ts";

/** Where a run's time went. */
export interface Seconds {
  /** From the first build's request to the last build's success. */
  readonly builds: number;
  /** From there to the published index. */
  readonly publish: number;
  /** All stages' rollouts, each from its request to the tasks seen running; not what a stage waited for. */
  readonly stages: number;
  /** From the end of `git push` to the end of the run, without the time a person took to answer. */
  readonly total: number;
}

/** What `--json` writes of a run. */
export interface RunResult {
  readonly id: string;
  readonly status: string;
  readonly commit: string;
  readonly images: readonly {
    readonly repository: string;
    readonly indexDigest: string | undefined;
    readonly platforms: readonly string[];
  }[];
  readonly stages: readonly {
    readonly name: string;
    readonly status: string;
    readonly services: readonly {
      readonly service: string;
      readonly taskDefinition: string | undefined;
      readonly imageDigest: string | undefined;
      readonly tasks: Readonly<Record<string, number>>;
    }[];
  }[];
  readonly seconds: Seconds;
}

export function runResult(
  run: RunView,
  index: readonly PlatformImage[] | undefined,
  seconds: Seconds,
): RunResult {
  return {
    id: run.id,
    status: run.status,
    commit: run.commit,
    images: run.images.map(({ repository, indexDigest }) => ({
      repository,
      indexDigest,
      platforms: (index ?? []).map(({ platform }) => platform).sort(),
    })),
    stages: run.stages.map(({ name, status, services }) => ({
      name,
      status,
      services: services.map(({ service, taskDefinition, imageDigest, tasks }) => ({
        service,
        taskDefinition,
        imageDigest,
        tasks: Object.fromEntries(
          ARCHITECTURES.map((architecture) => [architecture, tasks?.[architecture] ?? 0]),
        ),
      })),
    })),
    seconds,
  };
}

/** An event of a run's stream, as `GET /api/runs/{id}/events` gives it. */
export interface TimedEvent {
  readonly type: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly stage?: string | undefined;
}

/** Reads the times out of the run's own record. */
export function secondsOf(events: readonly TimedEvent[], pushedAt: number, personMs: number): Seconds {
  const times = (type: string) => events.filter((event) => event.type === type).map(({ at }) => at);
  const first = (type: string) => Math.min(...times(type));
  const last = (type: string) => Math.max(...times(type));
  const names = new Set(events.flatMap(({ stage }) => (stage === undefined ? [] : [stage])));
  const stages = [...names].map((name) => {
    const rollout = events.filter(({ type, stage }) => stage === name && type.startsWith("deployment."));
    const moments = rollout.map(({ at }) => at);
    return moments.length === 0 ? 0 : Math.max(...moments) - Math.min(...moments);
  });
  return {
    builds: seconds(last("build.succeeded") - first("build.requested")),
    publish: seconds(last("index.published") - last("build.succeeded")),
    stages: seconds(stages.reduce((sum, one) => sum + one, 0)),
    total: seconds(last("run.finished") - pushedAt - personMs),
  };
}

/** Rounded to milliseconds; 0 for what did not take place. */
const seconds = (milliseconds: number): number =>
  Number.isFinite(milliseconds) ? Math.max(0, Math.round(milliseconds)) / 1000 : 0;
