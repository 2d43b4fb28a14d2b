import type { PipelineStageView, StageHolder } from "../../shared/pipeline/api-views.ts";
import { shortRef } from "../format/names.ts";
import { runAddress } from "../model/route.ts";
import { Icon } from "../parts/icons.tsx";
import { Commit, Foreign, type Tone, When } from "../parts/small.tsx";
import { useConsole } from "./context.ts";

/** One stage on a pipeline's way: what it runs, who has it, who waits. */
export function StageStation({
  pipeline,
  stage,
  newest,
  level: Level,
}: {
  readonly pipeline: string;
  readonly stage: PipelineStageView;
  readonly newest: number;
  readonly level: "h2" | "h3";
}) {
  const { t } = useConsole();
  const { release, hold, holder, queue, quarantined = [] } = stage;
  const behind = release === undefined ? 0 : newest - release.sequence;
  return (
    <li class="station" data-tone={toneOfStage(stage)}>
      <span class="node" aria-hidden="true">
        {hold !== undefined && <Icon name="lock" />}
      </span>
      <Level>{stage.name}</Level>
      {release === undefined ? (
        <p class="quiet">{t.nothingReleased}</p>
      ) : (
        <p class="release">
          <a href={runAddress(release.run)}>
            <b>#{release.sequence}</b>
          </a>{" "}
          <Commit commit={release.commit} />{" "}
          <span class="quiet">
            <Foreign text={shortRef(release.ref)} /> · <When at={release.at} />
            {behind > 0 && holder === undefined && ` · ${t.newerRuns(behind)}`}
          </span>
        </p>
      )}
      {quarantined.map(({ cluster, service, architecture }) => (
        <p class="flag" data-tone="bad" key={`${cluster}/${service}`}>
          {t.missing(service, architecture)}
        </p>
      ))}
      {hold !== undefined && (
        <p class="flag" data-tone="bad">
          <b>{t.held}</b> <Foreign text={hold.reason} /> (<a href={runAddress(hold.run)}>{hold.run}</a>)
        </p>
      )}
      {holder !== undefined && <HolderFlag pipeline={pipeline} stage={stage.name} holder={holder} />}
      {queue.map(({ run, sequence }) => (
        <p class="flag" key={run}>
          <a href={runAddress(run)}>
            <b>#{sequence}</b>
          </a>{" "}
          {t.waitsForTheStage}
        </p>
      ))}
    </li>
  );
}

function HolderFlag({
  pipeline,
  stage,
  holder,
}: {
  readonly pipeline: string;
  readonly stage: string;
  readonly holder: StageHolder;
}) {
  const { t, me } = useConsole();
  const { gate, phase, run, sequence, since } = holder;
  const mine = me.may.decide.some((one) => one.pipeline === pipeline && one.stage === stage);
  // A deployment that ECS has paused asks people, as a gate does.
  if (phase === "deploying" && gate === undefined)
    return (
      <p class="flag" data-tone="busy">
        <a href={runAddress(run)}>
          <b>#{sequence}</b>
        </a>{" "}
        {t.status("deploying")} · <When at={since} />
      </p>
    );
  return (
    <p class="flag" data-tone="waits" data-mine={mine}>
      <a href={runAddress(run)}>
        <b>#{sequence}</b>{" "}
        {gate === undefined ? t.status("gated") : t.waitsForApprovals(gate.approvals.length, gate.required)}
      </a>
      {gate !== undefined && (
        <span class="quiet">
          {" "}
          {t.until} <When at={gate.expiresAt} />
        </span>
      )}
    </p>
  );
}

function toneOfStage({ hold, holder, release }: PipelineStageView): Tone {
  if (hold !== undefined) return "bad";
  if (holder !== undefined) return holder.phase === "gated" || holder.gate !== undefined ? "waits" : "busy";
  return release === undefined ? "quiet" : "good";
}
