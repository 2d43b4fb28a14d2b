import type { RunEvent } from "../../shared/pipeline/events.ts";

/** A run's time as lanes of segments: one for each build, each index, each stage. Pure. */

export type LaneKey =
  | { readonly type: "build"; readonly image: string; readonly platform: string }
  | { readonly type: "index"; readonly image: string }
  | { readonly type: "stage"; readonly stage: string };

export type SegmentKind = "handing" | "building" | "publishing" | "waiting" | "gated" | "deploying";

export interface Segment {
  readonly kind: SegmentKind;
  readonly from: number;
  /** Absent while it lasts. */
  readonly to?: number;
  readonly outcome?: "succeeded" | "failed" | "stopped";
  /** From 2: a build that was tried again. */
  readonly attempt?: number;
}

export interface Lane {
  readonly id: string;
  readonly key: LaneKey;
  readonly segments: readonly Segment[];
}

/** The lanes in the order in which they begin. A lane's open segment ends when the run does. */
export function lanesOf(events: readonly RunEvent[]): readonly Lane[] {
  const lanes = new Map<string, Lane>();
  for (const event of events) {
    if (event.type === "run.finished" || event.type === "run.superseded") {
      for (const lane of lanes.values()) lanes.set(lane.id, closed(lane, event.at, "stopped"));
      continue;
    }
    const key = keyOf(event);
    if (key === undefined) continue;
    const id = Object.values(key).join(" ");
    lanes.set(id, step(lanes.get(id) ?? { id, key, segments: [] }, event));
  }
  return [...lanes.values()].filter(({ segments }) => segments.length > 0);
}

function keyOf(event: RunEvent): LaneKey | undefined {
  if ("platform" in event) return { type: "build", image: event.image, platform: event.platform };
  if ("image" in event) return { type: "index", image: event.image };
  if ("stage" in event && event.stage !== undefined) return { type: "stage", stage: event.stage };
  return undefined;
}

function step(lane: Lane, event: RunEvent): Lane {
  switch (event.type) {
    case "build.requested":
      // A claim that is taken over is no new beginning.
      return isOpen(lane, "handing") ? lane : opened(lane, "handing", event.at, event.attempt);
    case "build.started":
      return opened(closed(lane, event.at), "building", event.at, event.attempt);
    case "build.succeeded":
      return closed(lane, event.at, "succeeded");
    case "build.failed":
      return closed(lane, event.at, "failed");
    case "build.stopped":
      return closed(lane, event.at, "stopped");
    case "index.publish-requested":
      return isOpen(lane, "publishing") ? lane : opened(lane, "publishing", event.at);
    case "index.published":
      return closed(lane, event.at, "succeeded");
    case "index.failed":
      return closed(lane, event.at, "failed");
    default:
      return stageStep(lane, event);
  }
}

function stageStep(lane: Lane, event: RunEvent): Lane {
  switch (event.type) {
    case "stage.waited":
      return isOpen(lane, "waiting") ? lane : opened(closed(lane, event.at), "waiting", event.at);
    case "stage.entered":
      return opened(closed(lane, event.at), "gated", event.at);
    case "gate.voided":
      return isOpen(lane, "gated") ? lane : opened(closed(lane, event.at), "gated", event.at);
    case "stage.deploying":
      return opened(closed(lane, event.at, "succeeded"), "deploying", event.at);
    case "approval.refused":
    case "approval.expired":
    case "stage.failed":
    case "deployment.failed":
      return closed(lane, event.at, "failed");
    case "stage.left":
      return closed(lane, event.at, "succeeded");
    default:
      return lane;
  }
}

function isOpen({ segments }: Lane, kind: SegmentKind): boolean {
  const last = segments.at(-1);
  return last?.kind === kind && last.to === undefined;
}

function opened(lane: Lane, kind: SegmentKind, from: number, attempt = 1): Lane {
  const segment: Segment = { kind, from, ...(attempt > 1 ? { attempt } : {}) };
  return { ...lane, segments: [...lane.segments, segment] };
}

function closed(lane: Lane, to: number, outcome?: Segment["outcome"]): Lane {
  const last = lane.segments.at(-1);
  if (last === undefined || last.to !== undefined) return lane;
  const segment = { ...last, to, ...(outcome === undefined ? {} : { outcome }) };
  // A gate that nobody had to open leaves no trace.
  const kept = to === last.from && last.kind === "gated" ? [] : [segment];
  return { ...lane, segments: [...lane.segments.slice(0, -1), ...kept] };
}
