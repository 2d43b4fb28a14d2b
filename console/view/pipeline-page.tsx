import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { HistoryEntry, PipelineStageView, PipelineView } from "../../shared/pipeline/api-views.ts";
import { personName, shortRef } from "../format/names.ts";
import { runAddress, runsAddress } from "../model/route.ts";
import { isHistory, isPipelines, isRuns } from "../net/guards.ts";
import { Ask } from "../parts/ask.tsx";
import { Icon } from "../parts/icons.tsx";
import { Commit, Foreign, Notice, Status, safeLink, When } from "../parts/small.tsx";
import { useConsole } from "./context.ts";
import { useLive } from "./live.ts";
import { Page } from "./page.tsx";
import { isMoving, isUnderway, PipelineStrip, paceOfRuns } from "./pipelines-page.tsx";
import { ReleaseHold } from "./release-hold.tsx";
import { RunsTable } from "./runs-page.tsx";
import { LiftQuarantine, MoveWeights } from "./stage-moves.tsx";

/** One pipeline: its way, what each stage has run, and its latest runs. */
export function PipelinePage({ name }: { readonly name: string }) {
  const { t } = useConsole();
  const runs = useLive(`/runs?limit=20&pipeline=${encodeURIComponent(name)}`, isRuns, paceOfRuns);
  const busy = runs.value?.runs.some(isUnderway) ?? false;
  const live = useLive("/pipelines", isPipelines, ({ pipelines }) =>
    busy || pipelines.some(isMoving) ? "fast" : "slow",
  );
  const pipeline = live.value?.pipelines.find((one) => one.name === name);
  const lines = runs.value?.runs ?? [];
  return (
    <Page title={name} live={live}>
      {live.value !== undefined && pipeline === undefined && (
        <Notice tone="bad">{t.unknownPipeline(name)}</Notice>
      )}
      {pipeline !== undefined && (
        <>
          <p class="facts quiet">
            <span>{pipeline.source.repository}</span>
            <span>{pipeline.source.type}</span>
            <span>{pipeline.mode}</span>
            <span>
              {pipeline.images.map((image) => `${image.name} (${image.platforms.join(", ")})`).join(" · ")}
            </span>
          </p>
          <PipelineStrip pipeline={pipeline} runs={lines} level="h2" />
          {pipeline.stages.map((stage) => (
            <StageHistory key={stage.name} pipeline={pipeline} stage={stage} refresh={live.refresh} />
          ))}
          <section aria-labelledby="latest">
            <h2 id="latest">
              {t.runs}{" "}
              <a class="quiet" href={runsAddress({ pipeline: name })}>
                {t.all}
              </a>
            </h2>
            {lines.length === 0 ? <p class="empty">{t.noRuns}</p> : <RunsTable runs={lines} />}
          </section>
        </>
      )}
    </Page>
  );
}

function StageHistory({
  pipeline,
  stage,
  refresh,
}: {
  readonly pipeline: PipelineView;
  readonly stage: PipelineStageView;
  readonly refresh: () => void;
}) {
  const { t, me } = useConsole();
  const address = `/pipelines/${encodeURIComponent(pipeline.name)}/stages/${encodeURIComponent(stage.name)}`;
  const history = useLive(`${address}/history?limit=10`, isHistory);
  const decides = me.may.decide.some((one) => one.pipeline === pipeline.name && one.stage === stage.name);
  const entries = history.value?.entries ?? [];
  const without = stage.quarantined ?? [];
  const done = () => {
    refresh();
    history.refresh();
  };
  return (
    <section aria-labelledby={`stage-${stage.name}`}>
      <h2 id={`stage-${stage.name}`}>
        {stage.name} <StageFacts stage={stage} />
      </h2>
      {without.length > 0 && (
        <Notice tone="bad">
          {without.map(({ cluster, service, architecture, reason }) => (
            <span key={`${cluster}/${service}`}>
              <b>{t.missing(service, architecture)}:</b> <Foreign text={reason} />{" "}
            </span>
          ))}
          {decides && <LiftQuarantine address={address} stage={stage} onDone={done} />}
        </Notice>
      )}
      {stage.hold !== undefined && (
        <Notice tone="bad">
          <b>{t.held}</b> <Foreign text={stage.hold.reason} />{" "}
          {decides && <ReleaseHold pipeline={pipeline.name} stage={stage.name} onDone={done} />}
        </Notice>
      )}
      {decides && stage.release !== undefined && (
        <MoveWeights address={address} stage={stage} onDone={done} />
      )}
      {history.error !== undefined && <p class="quiet">{history.error.message}</p>}
      <table class="runs history">
        <tbody>
          {entries.map((entry) => (
            <HistoryRow
              key={`${entry.run} ${entry.enteredAt}`}
              entry={entry}
              current={entry.run === stage.release?.run}
              back={
                decides && canGoBack(entry, stage) ? (
                  <RollBack address={`${address}/rollback`} entry={entry} stage={stage.name} onDone={done} />
                ) : null
              }
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function StageFacts({ stage }: { readonly stage: PipelineStageView }) {
  const { t } = useConsole();
  const url = safeLink(stage.url);
  return (
    <span class="quiet">
      {stage.services.map(({ cluster, service }) => `${cluster}/${service}`).join(", ")}
      {stage.approval !== undefined &&
        ` · ${t.asksFor(stage.approval.required, stage.approval.from.join(", "))}`}
      {url !== undefined && (
        <>
          {" · "}
          <a href={url} rel="noreferrer" target="_blank">
            {t.open}
          </a>
        </>
      )}
    </span>
  );
}

/** Only to what has run here, and is not what runs here. */
function canGoBack(entry: HistoryEntry, stage: PipelineStageView): boolean {
  return entry.outcome === "succeeded" && entry.run !== stage.release?.run;
}

function HistoryRow({
  entry,
  current,
  back,
}: {
  readonly entry: HistoryEntry;
  readonly current: boolean;
  readonly back: ComponentChildren;
}) {
  const { t } = useConsole();
  return (
    <tr data-current={current}>
      <th scope="row">
        <a href={runAddress(entry.run)} data-item>
          <b>#{entry.sequence}</b>
        </a>
        {current && <span class="tag">{t.runsHere}</span>}
      </th>
      <td>
        <Status status={entry.outcome} />
        {entry.reason !== undefined && (
          <span class="quiet">
            {" "}
            <Foreign text={entry.reason} />
          </span>
        )}
      </td>
      <td>
        <Commit commit={entry.commit} /> <Foreign text={shortRef(entry.ref)} />
      </td>
      <td>
        <Foreign
          text={entry.decisions.map(({ act, person }) => `${t.act(act)} ${personName(person)}`).join(", ")}
        />
      </td>
      <td>
        <When at={entry.leftAt ?? entry.enteredAt} />
      </td>
      <td class="end">{back}</td>
    </tr>
  );
}

function RollBack({
  address,
  entry,
  stage,
  onDone,
}: {
  readonly address: string;
  readonly entry: HistoryEntry;
  readonly stage: string;
  readonly onDone: () => void;
}) {
  const { t, api, say } = useConsole();
  const [asking, setAsking] = useState(false);
  // The same wish again, e.g. after a lost reply, rolls back once.
  const [wish, setWish] = useState("");
  const act = async (reason: string) => {
    say(await api.post(address, { to: entry.run, reason, id: wish }));
    onDone();
  };
  return (
    <>
      <button
        type="button"
        class="button"
        onClick={() => {
          setWish(crypto.randomUUID());
          setAsking(true);
        }}
        aria-label={t.rollBackTo(entry.sequence)}
      >
        <Icon name="back" /> {t.rollBack}
      </button>
      {asking && (
        <Ask
          title={t.rollBackTitle(stage, entry.sequence)}
          act={t.rollBack}
          tone="bad"
          reason="required"
          onAct={act}
          onClose={() => setAsking(false)}
        >
          <p>{t.rollBackHint}</p>
        </Ask>
      )}
    </>
  );
}
