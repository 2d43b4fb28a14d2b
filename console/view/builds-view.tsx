import type { BuildLog, BuildPhase, RunDetails } from "../../shared/pipeline/run-detail.ts";
import type { RunView } from "../../shared/pipeline/view.ts";
import { architectureOf, plain } from "../format/names.ts";
import { bytes, dollars } from "../format/numbers.ts";
import { duration } from "../format/time.ts";
import { buildsOf, childrenOf, costOf, type ShownBuild } from "../model/run-state.ts";
import { Digest, Foreign, Status, safeLink } from "../parts/small.tsx";
import { useConsole } from "./context.ts";
import { useNow } from "./use-now.ts";

/** The builds side by side, one column for each. */
export function BuildsSection({
  run,
  details,
}: {
  readonly run: RunView;
  readonly details: RunDetails | undefined;
}) {
  const { t, locale } = useConsole();
  const builds = buildsOf(run, details);
  const cost = costOf(builds);
  if (builds.length === 0) return null;
  const several = run.images.length > 1;
  return (
    <section aria-labelledby="builds">
      <h2 id="builds">
        {t.builds}
        {cost !== undefined && <span class="quiet"> {t.about(dollars(cost, locale))}</span>}
      </h2>
      <div class="columns">
        {builds.map((build) => (
          <BuildColumn
            key={`${build.image} ${build.view.platform}`}
            build={build}
            several={several}
            size={
              childrenOf(details, build.image).find(({ platform }) => platform === build.view.platform)?.size
            }
          />
        ))}
      </div>
    </section>
  );
}

function BuildColumn({
  build: { image, view, details },
  several,
  size,
}: {
  readonly build: ShownBuild;
  readonly several: boolean;
  readonly size: number | undefined;
}) {
  const { t, locale } = useConsole();
  const now = useNow(1000);
  const arch = architectureOf(view.platform);
  const { startedAt, cost, phases = [] } = details ?? {};
  const running = view.status === "running" && startedAt !== undefined;
  const seconds = view.seconds ?? (running ? (now - new Date(startedAt).getTime()) / 1000 : undefined);
  // The lines that the record keeps of a failure outlive CodeBuild's own log.
  const log = details?.log ?? view.log;
  return (
    <article class="build" data-arch={arch}>
      <h3>
        <span class="arch" data-arch={arch}>
          {view.platform}
        </span>
        {several && <span class="quiet"> {image}</span>}
      </h3>
      <p class="build-head">
        <Status status={view.status} />
        {seconds !== undefined && <b class="number">{duration(seconds)}</b>}
        {size !== undefined && <span class="quiet">{bytes(size, locale)}</span>}
        {cost !== undefined && (
          <span class="quiet" title={cost.compute}>
            {t.about(dollars(cost.usd, locale))}
          </span>
        )}
      </p>
      {phases.length > 0 && <Phases phases={phases} seconds={seconds} />}
      {view.retried.map((why) => (
        <p class="quiet" key={why}>
          {t.triedAgain} <Foreign text={why} />
        </p>
      ))}
      {view.reason !== undefined && (
        <p class="flag" data-tone="bad">
          <Foreign text={view.reason} />
        </p>
      )}
      {view.digest !== undefined && (
        <p>
          <Digest digest={view.digest} />
        </p>
      )}
      {log !== undefined && <LogTail log={log} failed={view.status === "failed"} />}
    </article>
  );
}

/** Phases that took no time worth a line are left out. */
function Phases({
  phases: told,
  seconds: all,
}: {
  readonly phases: readonly BuildPhase[];
  readonly seconds: number | undefined;
}) {
  const { t } = useConsole();
  const over = told.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0);
  // The phase that runs has what the others leave over.
  const phases = told.map((phase) =>
    phase.seconds === undefined && all !== undefined ? { ...phase, seconds: Math.max(0, all - over) } : phase,
  );
  const longest = Math.max(1, ...phases.map(({ seconds }) => seconds ?? 0));
  const shown = phases.filter(
    ({ seconds, status }) => (seconds ?? 0) > 0 || status === "FAILED" || status === "IN_PROGRESS",
  );
  return (
    <table class="phases">
      <caption class="unseen">{t.phases}</caption>
      <tbody>
        {shown.map(({ name, seconds, status }) => (
          <tr key={name} data-failed={status === "FAILED"}>
            <th scope="row">{name.toLowerCase().replaceAll("_", " ")}</th>
            <td class="phase-bar" aria-hidden="true">
              <i style={{ width: `${((seconds ?? 0) / longest) * 100}%` }} />
            </td>
            <td class="number">{seconds === undefined ? "…" : duration(seconds)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function LogTail({ log, failed }: { readonly log: BuildLog; readonly failed: boolean }) {
  const { t } = useConsole();
  const link = safeLink(log.link);
  return (
    <details class="log" open={failed}>
      <summary>{t.logTail(log.lines.length)}</summary>
      <textarea
        readOnly
        aria-label={t.logTail(log.lines.length)}
        rows={Math.min(14, Math.max(2, log.lines.length))}
        value={log.lines.map(plain).join("\n")}
      />
      {link !== undefined && (
        <p>
          <a href={link} rel="noreferrer" target="_blank">
            {t.wholeLog}
          </a>
        </p>
      )}
    </details>
  );
}
