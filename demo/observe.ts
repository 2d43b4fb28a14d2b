import { isOver } from "../cli/render/run.ts";
import type { RunView } from "../shared/pipeline/view.ts";
import type { Clients } from "./clients.ts";
import { CLUSTERS } from "./clusters.ts";
import { type ShownTask, tasksOf } from "./tasks.ts";

/** A build as CodeBuild tells of it while it runs. */
export interface BuildProgress {
  readonly platform: string;
  readonly phase: string;
  readonly seconds: number;
}

/** Everything that is shown of a run at one moment. */
export interface Observation {
  readonly run: RunView;
  readonly builds: readonly BuildProgress[];
  /** By cluster. */
  readonly tasks: ReadonlyMap<string, readonly ShownTask[]>;
}

/** Looks at a run, at its builds while there are any under way, and at the tasks of both clusters. */
export async function observe(clients: Clients, id: string): Promise<Observation> {
  const run = await clients.tandem.run(id);
  const [builds, ...lists] = await Promise.all([
    run.status === "building" ? buildProgress(clients, run) : [],
    // Nothing moves before there is a release.
    ...(run.status === "staging" || isOver(run) ? CLUSTERS.map((cluster) => tasksOf(clients, cluster)) : []),
  ]);
  return { run, builds, tasks: new Map(CLUSTERS.map((cluster, at) => [cluster, lists[at] ?? []])) };
}

async function buildProgress({ codeBuild }: Clients, run: RunView): Promise<readonly BuildProgress[]> {
  const views = run.images.flatMap(({ builds }) => builds);
  const ids = views.flatMap(({ buildId }) => (buildId === undefined ? [] : [buildId]));
  if (ids.length === 0) return [];
  const { builds = [] } = await codeBuild.batchGetBuilds({ ids });
  return views.flatMap(({ platform, buildId }) => {
    const build = builds.find(({ arn, id }) => arn === buildId || id === buildId);
    if (build?.startTime === undefined) return [];
    const until = build.endTime?.getTime() ?? Date.now();
    const seconds = Math.max(0, until - build.startTime.getTime()) / 1000;
    return [{ platform, phase: build.currentPhase ?? "SUBMITTED", seconds }];
  });
}
