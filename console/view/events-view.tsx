import { useState } from "preact/hooks";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { shortDigest } from "../format/names.ts";
import { clock, moment } from "../format/time.ts";
import { matches } from "../model/match.ts";
import { Foreign } from "../parts/small.tsx";
import { useConsole } from "./context.ts";

/** The record: everything that has happened, the newest first. */
export function EventsSection({ events }: { readonly events: readonly RunEvent[] }) {
  const { t, locale } = useConsole();
  const [query, setQuery] = useState("");
  const lines = events.map((event, index) => ({ index, event, said: detailOf(event) }));
  const shown = lines.filter(({ event, said }) => matches(query, [event.type, said])).reverse();
  return (
    <section aria-labelledby="events">
      <details>
        <summary>
          <h2 id="events">
            {t.events} <span class="quiet">{events.length}</span>
          </h2>
        </summary>
        <label class="events-filter">
          {t.filter}{" "}
          <input type="search" value={query} onInput={({ currentTarget }) => setQuery(currentTarget.value)} />
        </label>
        <table class="events">
          <tbody>
            {shown.map(({ index, event, said }) => (
              <tr key={index}>
                <td class="number">
                  <time dateTime={new Date(event.at).toISOString()} title={moment(event.at, locale)}>
                    {clock(event.at, locale)}
                  </time>
                </td>
                <th scope="row">
                  <code>{event.type}</code>
                </th>
                <td class="clip">
                  <Foreign text={said} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}

const PLACE = ["image", "platform", "stage", "cluster", "service"];
const SAID = [
  "attempt",
  "buildId",
  "deploymentId",
  "taskDefinition",
  "person",
  "comment",
  "why",
  "by",
  "outcome",
  "reason",
];

/** The fields of an event that a person looks for, in one line. */
function detailOf(event: RunEvent): string {
  const fields = new Map<string, unknown>(Object.entries(event));
  const place = PLACE.flatMap((key) => fields.get(key) ?? []).join(" ");
  const said = SAID.flatMap((key) => {
    const value = fields.get(key);
    return value === undefined ? [] : [`${key}: ${String(value)}`];
  });
  const digest = fields.get("digest");
  const failure = "failure" in event ? [event.failure.reason] : [];
  return [place, typeof digest === "string" ? shortDigest(digest) : "", ...said, ...failure]
    .filter(Boolean)
    .join(" · ");
}
