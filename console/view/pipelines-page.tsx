import type { PipelineView, RunLine, RunsAnswer } from "../../shared/pipeline/api-views.ts";
import { matches } from "../model/match.ts";
import { pipelineAddress, runAddress } from "../model/route.ts";
import { isPipelines, isRuns } from "../net/guards.ts";
import type { Pace } from "../net/pace.ts";
import { Status } from "../parts/small.tsx";
import { useConsole } from "./context.ts";
import { useLive } from "./live.ts";
import { Page } from "./page.tsx";
import { StageStation } from "./station.tsx";

/** Whether something in a pipeline moves by itself or waits for somebody. */
export function isMoving({ stages }: PipelineView): boolean {
  return stages.some(({ holder, queue }) => holder !== undefined || queue.length > 0);
}

const UNDERWAY: ReadonlySet<string> = new Set(["building", "publishing", "staging"]);

export function isUnderway({ status }: Pick<RunLine, "status">): boolean {
  return UNDERWAY.has(status);
}

/** Lists of runs: something is under way, or may be soon. */
export function paceOfRuns({ runs }: RunsAnswer): Pace {
  return runs.some(isUnderway) ? "fast" : "slow";
}

/** Every pipeline with the release in each stage and what waits. */
export function PipelinesPage({ query }: { readonly query: string }) {
  const { t } = useConsole();
  const runs = useLive("/runs?limit=50", isRuns, paceOfRuns);
  const busy = runs.value?.runs.some(isUnderway) === true;
  const live = useLive("/pipelines", isPipelines, ({ pipelines }) =>
    busy || pipelines.some(isMoving) ? "fast" : "slow",
  );
  const shown = (live.value?.pipelines ?? []).filter(({ name, source, stages, images }) =>
    matches(query, [
      name,
      source.repository,
      ...stages.map((stage) => stage.name),
      ...images.map((image) => image.name),
    ]),
  );
  return (
    <Page title={t.pipelines} live={live} search={query}>
      {live.value !== undefined && shown.length === 0 && (
        <p class="empty">{query === "" ? t.noPipelines : t.nothingMatches(query)}</p>
      )}
      {shown.map((pipeline) => (
        <PipelineLine
          key={pipeline.name}
          pipeline={pipeline}
          runs={(runs.value?.runs ?? []).filter((run) => run.pipeline === pipeline.name)}
        />
      ))}
    </Page>
  );
}

function PipelineLine({
  pipeline,
  runs,
}: {
  readonly pipeline: PipelineView;
  readonly runs: readonly RunLine[];
}) {
  return (
    <section class="line" aria-labelledby={`pipeline-${pipeline.name}`}>
      <header>
        <h2 id={`pipeline-${pipeline.name}`}>
          <a href={pipelineAddress(pipeline.name)} data-item>
            {pipeline.name}
          </a>
        </h2>
        <p class="quiet">
          {pipeline.source.repository}
          <br />
          {pipeline.source.type} · {pipeline.mode}
        </p>
      </header>
      <PipelineStrip pipeline={pipeline} runs={runs} level="h3" />
    </section>
  );
}

/** The way of a pipeline: its builds, then its stages. */
export function PipelineStrip({
  pipeline,
  runs,
  level: Level,
}: {
  readonly pipeline: PipelineView;
  readonly runs: readonly RunLine[];
  /** What a stage's name is on this page. */
  readonly level: "h2" | "h3";
}) {
  const { t } = useConsole();
  const building = runs.filter(({ status }) => status === "building" || status === "publishing");
  return (
    <ol class="strip">
      <li class="station" data-tone={building.length > 0 ? "busy" : "quiet"}>
        <span class="node" aria-hidden="true" />
        <Level>{t.builds}</Level>
        {building.length === 0 && <LastRun run={runs[0]} pipeline={pipeline} />}
        {building.map((run) => (
          <p key={run.id}>
            <a class="train" href={runAddress(run.id)}>
              <b>#{run.sequence}</b> <Status status={run.status} />
            </a>
          </p>
        ))}
      </li>
      {pipeline.stages.map((stage) => (
        <StageStation
          key={stage.name}
          pipeline={pipeline.name}
          stage={stage}
          newest={pipeline.sequence}
          level={Level}
        />
      ))}
    </ol>
  );
}

function LastRun({ run, pipeline }: { readonly run: RunLine | undefined; readonly pipeline: PipelineView }) {
  const { t } = useConsole();
  if (pipeline.sequence === 0) return <p class="quiet">{t.noRunYet}</p>;
  return (
    <p class="quiet">
      {t.lastRun}{" "}
      <a href={runAddress(run?.id ?? `${pipeline.name}-${pipeline.sequence}`)}>
        <b>#{run?.sequence ?? pipeline.sequence}</b>
      </a>{" "}
      {run !== undefined && <Status status={run.status} />}
    </p>
  );
}
