import { personName } from "../format/names.ts";
import { runAddress } from "../model/route.ts";
import { isAudit } from "../net/guards.ts";
import { Digest, Foreign, When } from "../parts/small.tsx";
import { useConsole } from "./context.ts";
import { useLive } from "./live.ts";
import { ListEnd, useOlder } from "./older.tsx";
import { Page } from "./page.tsx";

/** Who has decided what, when, on what, and from where. */
export function RecordPage() {
  const { t } = useConsole();
  const live = useLive("/audit", isAudit);
  const older = useOlder("/audit", isAudit, live.value);
  const entries = [live.value, ...older.parts].flatMap((part) => part?.entries ?? []);
  const empty = live.value !== undefined && entries.length === 0;
  return (
    <Page title={t.record} live={live}>
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
      <ListEnd older={older} empty={empty ? t.nothingDecided : undefined} />
    </Page>
  );
}
