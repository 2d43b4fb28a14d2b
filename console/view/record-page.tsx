import { useState } from "preact/hooks";
import type { AuditAnswer } from "../../shared/pipeline/api-views.ts";
import { personName } from "../format/names.ts";
import { runAddress } from "../model/route.ts";
import { isAudit } from "../net/guards.ts";
import { sentenceOf } from "../parts/ask.tsx";
import { Digest, Foreign, When } from "../parts/small.tsx";
import { useConsole } from "./context.ts";
import { useLive } from "./live.ts";
import { Page } from "./page.tsx";

/** Who has decided what, when, on what, and from where. */
export function RecordPage() {
  const { t } = useConsole();
  const live = useLive("/audit", isAudit);
  const older = useOlder(live.value);
  const entries = [...(live.value?.entries ?? []), ...older.entries];
  return (
    <Page title={t.record} live={live}>
      {live.value !== undefined && entries.length === 0 && <p class="empty">{t.nothingDecided}</p>}
      {entries.length > 0 && (
        <table class="runs">
          <thead>
            <tr>
              <th scope="col">{t.whenLabel}</th>
              <th scope="col">{t.person}</th>
              <th scope="col">{t.decision}</th>
              <th scope="col">{t.where}</th>
              <th scope="col">{t.release}</th>
              <th scope="col">{t.comment}</th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry, index) => (
              <tr key={index}>
                <td>
                  <When at={entry.at} />
                </td>
                <th scope="row" title={entry.identity}>
                  <Foreign text={personName(entry.person)} />{" "}
                  {entry.from !== undefined && <span class="quiet from">{entry.from}</span>}
                </th>
                <td>{t.act(entry.act)}</td>
                <td>
                  {entry.run === undefined ? entry.pipeline : <a href={runAddress(entry.run)}>{entry.run}</a>}{" "}
                  {entry.stage}
                </td>
                <td>{entry.release !== undefined && <Digest digest={entry.release} />}</td>
                <td class="clip">{entry.comment !== undefined && <Foreign text={entry.comment} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {older.ask !== undefined && (
        <p>
          <button type="button" class="button" onClick={older.ask}>
            {t.olderRuns}
          </button>
        </p>
      )}
    </Page>
  );
}

/** What stands on the pages after the first, as far as somebody has asked for it. */
function useOlder(first: AuditAnswer | undefined) {
  const { api, say } = useConsole();
  const [older, setOlder] = useState<AuditAnswer>();
  const cursor = (older ?? first)?.cursor;
  const ask = async () => {
    try {
      const { value } = await api.get(`/audit?cursor=${encodeURIComponent(cursor ?? "")}`, isAudit);
      setOlder({ ...value, entries: [...(older?.entries ?? []), ...value.entries] });
    } catch (problem) {
      say(sentenceOf(problem));
    }
  };
  return { entries: older?.entries ?? [], ask: cursor === undefined ? undefined : () => void ask() };
}
