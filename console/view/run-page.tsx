import { useState } from "preact/hooks";
import type { RunDetails } from "../../shared/pipeline/run-detail.ts";
import type { RunView } from "../../shared/pipeline/view.ts";
import { personName, shortRef, subject } from "../format/names.ts";
import { pipelineAddress, runAddress } from "../model/route.ts";
import { buildsState, buildsStatus, isEnded, openStage } from "../model/run-state.ts";
import { isDetails, isEvents, isRun } from "../net/guards.ts";
import { Ask } from "../parts/ask.tsx";
import { Icon } from "../parts/icons.tsx";
import { Commit, Foreign, Notice, Status, toneOf, When } from "../parts/small.tsx";
import { ApprovalCard } from "./approval-card.tsx";
import { BuildsSection } from "./builds-view.tsx";
import { useConsole } from "./context.ts";
import { EventsSection } from "./events-view.tsx";
import { IndexSection } from "./index-view.tsx";
import { useChange, useLive } from "./live.ts";
import { Page } from "./page.tsx";
import { RunStrip } from "./run-strip.tsx";
import { StagesSection } from "./stages-view.tsx";
import { Timeline } from "./timeline-view.tsx";

/** One commit's way through its pipeline. */
export function RunPage({ id }: { readonly id: string }) {
  const path = `/runs/${encodeURIComponent(id)}`;
  const live = useLive(path, isRun, (run) => (isEnded(run) ? "never" : "fast"));
  const run = live.value;
  const details = useDetails(path, run);
  return (
    <Page
      title={id}
      heading={run === undefined ? id : <Heading run={run} message={details?.message} />}
      live={live}
      aside={run === undefined ? undefined : <RunActions run={run} onDone={live.refresh} />}
    >
      {run !== undefined && <RunBody run={run} details={details} path={path} refresh={live.refresh} />}
    </Page>
  );
}

/** What CodeBuild, ECR and the source say: asked for while something is built, and again when that has changed. */
function useDetails(path: string, run: RunView | undefined): RunDetails | undefined {
  const state = run === undefined ? "" : buildsState(run);
  const building = run !== undefined && buildsStatus(run) === "running";
  const { value, refresh } = useLive(run === undefined ? undefined : `${path}/details`, isDetails, () =>
    building ? "fast" : "never",
  );
  useChange(state, refresh);
  return value;
}

function Heading({ run, message }: { readonly run: RunView; readonly message: string | undefined }) {
  return (
    <>
      <a href={pipelineAddress(run.pipeline)}>{run.pipeline}</a> <b>#{run.sequence}</b>
      {message !== undefined && (
        <>
          {" "}
          <span class="subject">
            <Foreign text={subject(message)} />
          </span>
        </>
      )}
    </>
  );
}

function RunBody({
  run,
  details,
  path,
  refresh,
}: {
  readonly run: RunView;
  readonly details: RunDetails | undefined;
  readonly path: string;
  readonly refresh: () => void;
}) {
  const { t } = useConsole();
  const { value, refresh: askEvents } = useLive(`${path}/events`, isEvents);
  const gated = openStage(run);
  const told = value?.events;
  // The record is asked for again whenever the run has moved on.
  useChange(run.updatedAt, askEvents);
  return (
    <>
      <Facts run={run} link={details?.link} />
      <Explanation run={run} />
      {(run.degraded ?? []).map((what) => (
        <Notice tone="bad" key={what}>
          {t.degraded} <Foreign text={what} />
        </Notice>
      ))}
      <RunStrip run={run} />
      {gated !== undefined && <ApprovalCard run={run} stage={gated} onDone={refresh} />}
      {told !== undefined && <Timeline run={run} events={told} />}
      <BuildsSection run={run} details={details} />
      <IndexSection images={run.images} details={details} />
      <StagesSection run={run} refresh={refresh} />
      {told !== undefined && <EventsSection events={told} />}
    </>
  );
}

function Facts({ run, link }: { readonly run: RunView; readonly link: string | undefined }) {
  const { t } = useConsole();
  return (
    <p class="facts">
      <Status status={run.status} />
      <Commit commit={run.commit} link={link} />
      <span>
        <Foreign text={shortRef(run.ref)} />
        <span class="quiet">
          {" "}
          {t.of} {run.repository}
        </span>
      </span>
      {run.author !== undefined && (
        <span>
          {t.by} <Foreign text={personName(run.author)} />
        </span>
      )}
      <span class="quiet">
        {t.trigger(run.trigger)} <When at={run.startedAt} />
      </span>
    </p>
  );
}

/** Why it stands where it stands. */
function Explanation({ run }: { readonly run: RunView }) {
  const { t } = useConsole();
  const lines = run.explanation.slice(1);
  if (run.supersededBy !== undefined)
    return (
      <Notice tone="quiet">
        {t.supersededBy} <a href={runAddress(run.supersededBy)}>{run.supersededBy}</a>
      </Notice>
    );
  if (run.status === "failed" || run.status === "stopped")
    return (
      <Notice tone={toneOf(run.status)}>
        <Foreign text={run.reason ?? lines.at(-1) ?? ""} />
      </Notice>
    );
  const waiting = run.stages.find(({ status }) => status === "waiting");
  if (waiting === undefined) return null;
  return (
    <Notice tone="waits">
      {lines
        .filter((line) => line.startsWith(`${waiting.name} `))
        .map((line) => (
          <Foreign key={line} text={line} />
        ))}{" "}
      {waiting.waitsBehind !== undefined && (
        <a href={runAddress(waiting.waitsBehind)}>{waiting.waitsBehind}</a>
      )}
    </Notice>
  );
}

function RunActions({ run, onDone }: { readonly run: RunView; readonly onDone: () => void }) {
  const { t, api, me, say } = useConsole();
  const [asking, setAsking] = useState(false);
  if (isEnded(run) || !me.may.operate.includes(run.pipeline)) return null;
  const stop = async (reason: string) => {
    say(await api.post(`/runs/${encodeURIComponent(run.id)}/stop`, { reason }));
    onDone();
  };
  return (
    <div class="actions">
      <button type="button" class="button" onClick={() => setAsking(true)}>
        <Icon name="stop" /> {t.stop}
      </button>
      {asking && (
        <Ask
          title={t.stopTitle(run.id)}
          act={t.stop}
          tone="bad"
          reason="required"
          onAct={stop}
          onClose={() => setAsking(false)}
        >
          <p>{t.stopHint}</p>
        </Ask>
      )}
    </div>
  );
}
