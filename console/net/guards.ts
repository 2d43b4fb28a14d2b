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

const hasList = (value: unknown, key: string): boolean => isRecord(value) && Array.isArray(value[key]);

export function isMe(value: unknown): value is MeView {
  return isRecord(value) && typeof value.person === "string" && isRecord(value.may);
}

export function isPipelines(value: unknown): value is PipelinesAnswer {
  return hasList(value, "pipelines");
}

export function isInbox(value: unknown): value is InboxAnswer {
  return hasList(value, "items");
}

export function isRuns(value: unknown): value is RunsAnswer {
  return hasList(value, "runs");
}

export function isRun(value: unknown): value is RunView {
  return (
    isRecord(value) && typeof value.id === "string" && hasList(value, "images") && hasList(value, "stages")
  );
}

export interface EventsAnswer {
  readonly events: readonly RunEvent[];
}

export function isEvents(value: unknown): value is EventsAnswer {
  return hasList(value, "events");
}

export function isCard(value: unknown): value is CardView {
  return hasList(value, "commits") && isRecord(value) && isRecord(value.approval);
}

export function isRollout(value: unknown): value is RolloutView {
  return hasList(value, "services");
}

export interface ClustersAnswer {
  readonly clusters: readonly ClusterView[];
}

export function isClusters(value: unknown): value is ClustersAnswer {
  return hasList(value, "clusters");
}

export function isHistory(value: unknown): value is HistoryAnswer {
  return hasList(value, "entries");
}

export function isWeights(value: unknown): value is WeightsAnswer {
  return hasList(value, "services");
}

export function isAudit(value: unknown): value is AuditAnswer {
  return hasList(value, "entries");
}

export function isDetails(value: unknown): value is RunDetails {
  return hasList(value, "builds") && hasList(value, "images");
}
