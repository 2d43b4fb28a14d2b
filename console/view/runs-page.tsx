import { useMemo } from "preact/hooks";
import type { RunLine, RunsAnswer } from "../../shared/pipeline/api-views.ts";
import { shortRef } from "../format/names.ts";
import { matches } from "../model/match.ts";
import { LIMITS, type RunFilter, runAddress, runsAddress } from "../model/route.ts";
import { isPipelines, isRuns } from "../net/guards.ts";
import { Commit, Foreign, Status, When } from "../parts/small.tsx";
import { useConsole } from "./context.ts";
import { useLive } from "./live.ts";
import { ListEnd, useOlder } from "./older.tsx";
import { Page } from "./page.tsx";
import { paceOfRuns } from "./pipelines-page.tsx";

const STATUSES = ["building", "publishing", "staging", "succeeded", "failed", "stopped", "superseded"];

/** The runs, the newest first, a page at a time; the first page is live. */
export function RunsPage({ filter }: { readonly filter: RunFilter }) {
  const path = addressOf(filter);
  // With another filter the older pages begin anew.
  return <RunsList key={path} path={path} filter={filter} />;
}

function RunsList({ path, filter }: { readonly path: string; readonly filter: RunFilter }) {
  const { t, go } = useConsole();
  const live = useLive(path, isRuns, paceOfRuns);
  const pipelines = useLive("/pipelines", isPipelines);
  const older = useOlder(path, isRuns, live.value);
  const all = useMemo(() => merged([live.value, ...older.parts]), [live.value, older.parts]);
  const shown = all.filter((run) =>
    matches(filter.query, [run.id, run.pipeline, run.commit, shortRef(run.ref), run.status, run.stage]),
  );
  const empty = live.value !== undefined && shown.length === 0;
  const change = (part: Partial<RunFilter>) => go(runsAddress({ ...filter, ...part }));
  return (
    <Page title={t.runs} live={live}>
      <div class="filters">
        <label>
          {t.pipeline}
          <select
            value={filter.pipeline}
            onChange={({ currentTarget }) => change({ pipeline: currentTarget.value })}
          >
            <option value="">{t.all}</option>
            {(pipelines.value?.pipelines ?? []).map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          {t.statusLabel}
          <select
            value={filter.status}
            onChange={({ currentTarget }) => change({ status: currentTarget.value })}
          >
            <option value="">{t.all}</option>
            {STATUSES.map((status) => (
              <option key={status} value={status}>
                {t.status(status)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t.perPage}
          <select
            value={filter.limit}
            onChange={({ currentTarget }) => change({ limit: Number(currentTarget.value) })}
          >
            {LIMITS.map((limit) => (
              <option key={limit}>{limit}</option>
            ))}
          </select>
        </label>
        {(filter.query !== "" || filter.pipeline !== "" || filter.status !== "") && (
          <a href={runsAddress({})}>{t.clearFilters}</a>
        )}
      </div>
      {shown.length > 0 && <RunsTable runs={shown} />}
      <ListEnd older={older} empty={empty ? t.noRuns : undefined} />
    </Page>
  );
}

export function RunsTable({ runs }: { readonly runs: readonly RunLine[] }) {
  const { t } = useConsole();
  return (
    <table class="runs">
      <thead>
        <tr>
          <th scope="col">{t.run}</th>
          <th scope="col">{t.statusLabel}</th>
          <th scope="col">{t.commit}</th>
          <th scope="col">{t.branch}</th>
          <th scope="col">{t.started}</th>
          <th scope="col">{t.changed}</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <RunRow key={run.id} run={run} />
        ))}
      </tbody>
    </table>
  );
}

function RunRow({ run }: { readonly run: RunLine }) {
  return (
    <tr>
      <th scope="row">
        <a href={runAddress(run.id)} data-item>
          {run.pipeline} <b>#{run.sequence}</b>
        </a>
      </th>
      <td>
        <Status status={run.status} />
        {run.stage !== undefined && <span class="quiet"> {run.stage}</span>}
      </td>
      <td>
        <Commit commit={run.commit} />
      </td>
      <td class="clip">
        <Foreign text={shortRef(run.ref)} />
      </td>
      <td>
        <When at={run.startedAt} />
      </td>
      <td>
        <When at={run.updatedAt} />
      </td>
    </tr>
  );
}

function addressOf({ pipeline, status, limit }: RunFilter): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (pipeline !== "") query.set("pipeline", pipeline);
  if (status !== "") query.set("status", status);
  return `/runs?${query}`;
}

/** The live page first, then the older ones that have been asked for, each run once. */
function merged(parts: readonly (RunsAnswer | undefined)[]): readonly RunLine[] {
  const runs = new Map<string, RunLine>();
  for (const run of parts.flatMap((part) => part?.runs ?? [])) if (!runs.has(run.id)) runs.set(run.id, run);
  return [...runs.values()];
}
