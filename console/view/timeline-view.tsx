import type { RunEvent } from "../../shared/pipeline/events.ts";
import type { RunView } from "../../shared/pipeline/view.ts";
import { architectureOf } from "../format/names.ts";
import { duration } from "../format/time.ts";
import { isEnded } from "../model/run-state.ts";
import { type Scale, scaleOf } from "../model/scale.ts";
import { type Lane, lanesOf, type Segment } from "../model/timeline.ts";
import { useConsole } from "./context.ts";
import { useNow } from "./use-now.ts";

/** Time from left to right; builds, index and stages in parallel lanes. */
export function Timeline({ run, events }: { readonly run: RunView; readonly events: readonly RunEvent[] }) {
  const { t } = useConsole();
  const now = useNow(1000);
  const lanes = lanesOf(events);
  const start = new Date(run.startedAt).getTime();
  const end = isEnded(run) ? lastMoment(lanes, start) : Math.max(now, lastMoment(lanes, start));
  if (lanes.length === 0) return null;
  const scale = scaleOf(lanes, start, end);
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">
        {t.timeline} <span class="quiet">{duration((end - start) / 1000)}</span>
      </h2>
      <div class="timeline">
        <div class="axis" aria-hidden="true">
          <span class="axis-track">
            {scale.ticks.map(({ at, seconds }) => (
              <i key={seconds} style={{ left: percent(at) }}>
                {seconds === 0 ? "0" : duration(seconds)}
              </i>
            ))}
          </span>
        </div>
        {lanes.map((lane) => (
          <LaneRow key={lane.id} lane={lane} scale={scale} end={end} />
        ))}
      </div>
    </section>
  );
}

function LaneRow({ lane, scale, end }: { readonly lane: Lane; readonly scale: Scale; readonly end: number }) {
  const { t } = useConsole();
  const { key } = lane;
  return (
    <div class="lane" data-type={key.type}>
      <span class="lane-name">
        {key.type === "build" && (
          <>
            <span class="arch" data-arch={architectureOf(key.platform)}>
              {key.platform.replace("linux/", "")}
            </span>{" "}
            <span class="quiet">{key.image}</span>
          </>
        )}
        {key.type === "index" && (
          <>
            {t.index} <span class="quiet">{key.image}</span>
          </>
        )}
        {key.type === "stage" && key.stage}
      </span>
      <span class="lane-track">
        {scale.cuts.map(({ from, to }) => (
          <i key={from} class="cut" style={{ left: percent(from), width: percent(to - from) }} />
        ))}
        {lane.segments.map((segment) => (
          <Bar
            key={`${segment.from} ${segment.kind}`}
            segment={segment}
            lane={lane}
            scale={scale}
            end={end}
          />
        ))}
      </span>
    </div>
  );
}

function Bar({
  segment,
  lane,
  scale,
  end,
}: {
  readonly segment: Segment;
  readonly lane: Lane;
  readonly scale: Scale;
  readonly end: number;
}) {
  const { t } = useConsole();
  const { kind, from, to, outcome, attempt } = segment;
  const [left, right] = [scale.at(from), scale.at(to ?? end)];
  const length = duration(((to ?? end) - from) / 1000);
  const said = t.segmentSaid(kind, length, outcome ?? (to === undefined ? "open" : ""), attempt);
  return (
    <span
      class="bar"
      data-kind={kind}
      data-outcome={outcome ?? (to === undefined ? "open" : undefined)}
      data-arch={lane.key.type === "build" ? architectureOf(lane.key.platform) : undefined}
      style={{ left: percent(left), width: percent(Math.max(right - left, 0)) }}
      title={said}
    >
      <span class="bar-text">{right - left > 0.09 ? length : ""}</span>
      <span class="unseen">{said}</span>
    </span>
  );
}

function lastMoment(lanes: readonly Lane[], start: number): number {
  return Math.max(
    start + 1000,
    ...lanes.flatMap(({ segments }) => segments.map(({ from, to }) => to ?? from)),
  );
}

function percent(part: number): string {
  return `${(part * 100).toFixed(3)}%`;
}
