import type {
  AuditAnswer,
  HistoryAnswer,
  InboxAnswer,
  MeView,
  PipelinesAnswer,
  RunsAnswer,
  WeightsAnswer,
} from "../../shared/pipeline/api-views.ts";
import type { CardView } from "../../shared/pipeline/card-view.ts";
import type { ClusterView } from "../../shared/pipeline/cluster-view.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import type { RolloutView } from "../../shared/pipeline/rollout-view.ts";
import type { RunDetails } from "../../shared/pipeline/run-detail.ts";
import type { RunView } from "../../shared/pipeline/view.ts";
import { isRecord } from "./json.ts";

/** What each address answers, told by the fields that the pages could not do without. */

/** Whether an answer has a list under each of these names. */
const hasLists =
  <Answer>(...names: readonly (keyof Answer & string)[]) =>
  (value: unknown): value is Answer =>
    isRecord(value) && names.every((name) => Array.isArray(value[name]));

export interface EventsAnswer {
  readonly events: readonly RunEvent[];
}

export interface ClustersAnswer {
  readonly clusters: readonly ClusterView[];
}

export const isPipelines = hasLists<PipelinesAnswer>("pipelines");
export const isInbox = hasLists<InboxAnswer>("items");
export const isRuns = hasLists<RunsAnswer>("runs");
export const isEvents = hasLists<EventsAnswer>("events");
export const isRollout = hasLists<RolloutView>("services");
export const isClusters = hasLists<ClustersAnswer>("clusters");
export const isHistory = hasLists<HistoryAnswer>("entries");
export const isWeights = hasLists<WeightsAnswer>("services");
export const isAudit = hasLists<AuditAnswer>("entries");
export const isDetails = hasLists<RunDetails>("builds", "images");

export function isMe(value: unknown): value is MeView {
  return isRecord(value) && typeof value.person === "string" && isRecord(value.may);
}

const hasRunsLists = hasLists<RunView>("images", "stages");

export function isRun(value: unknown): value is RunView {
  return hasRunsLists(value) && typeof value.id === "string";
}

const hasCommits = hasLists<CardView>("commits");

export function isCard(value: unknown): value is CardView {
  return hasCommits(value) && isRecord(value.approval);
}
