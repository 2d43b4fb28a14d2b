import type { GroupsAnswer, InboxAnswer, MeView, PipelinesAnswer } from "../shared/pipeline/api-views.ts";
import type { CardView } from "../shared/pipeline/card-view.ts";
import type { PreparedDeployment, RunEvent } from "../shared/pipeline/events.ts";
import type { RunHead } from "../shared/pipeline/head.ts";
import type { IndexAnswer } from "../shared/pipeline/index-report.ts";
import type { RetentionAnswer } from "../shared/pipeline/retention.ts";
import type { RunView } from "../shared/pipeline/view.ts";

/** A line of the list of runs: a head, with its times as ISO 8601. */
export type RunLine = Pick<RunHead, "pipeline" | "sequence" | "status" | "stage" | "commit" | "ref"> & {
  readonly id: string;
  readonly startedAt: string;
  readonly updatedAt: string;
};

export interface RunPage {
  readonly runs: readonly RunLine[];
  readonly cursor?: string;
}

export type EventLine = Pick<RunEvent, "type" | "at"> & {
  readonly stage?: string;
  readonly trigger?: unknown;
  /** What the commit's host has been told. */
  readonly said?: unknown;
};

export interface Decision {
  readonly decision: "approve" | "refuse" | "withdraw";
  /** What was looked at; another release in its place is refused. */
  readonly release: string;
  /** How often the gate had been opened anew when it was looked at. */
  readonly round?: number;
  readonly comment?: string;
}

export interface Decided {
  readonly run: RunView;
  readonly message: string;
}

/** What is to be started; what is left out is the pipeline's first branch, and that branch's tip. */
export interface StartWish {
  readonly branch?: string;
  /** 40 hexadecimal digits. */
  readonly commit?: string;
  /** The same one again makes no second run. */
  readonly id: string;
}

/** What a stage would change (`now`), or has changed (`then`). */
export interface StageDiff {
  readonly run: string;
  readonly stage: string;
  readonly release: string;
  readonly asOf: "now" | "then";
  /** Why it could not be deployed now. */
  readonly problem?: string;
  readonly services: readonly PreparedDeployment[];
}

/** A delivery of a commit to a pipeline, with its time as ISO 8601. */
export interface DeliveryLine {
  readonly id: string;
  /** The pipeline, or `-` when none wanted it. */
  readonly pipeline: string;
  readonly repository: string;
  readonly ref: string;
  readonly trigger: string;
  readonly at: string;
  readonly outcome: { readonly runId: string } | { readonly ignored: string };
}

export interface CommitAnswer {
  readonly commit: string;
  readonly deliveries: readonly DeliveryLine[];
}

/** How the local stand-in for GitHub delivered once more. */
export interface Redelivered {
  readonly id: number;
  readonly event: string;
  readonly repository: string;
  /** `OK`, or what went wrong. */
  readonly status: string;
  readonly status_code: number;
  /** The body of the webhook's answer. */
  readonly response: string;
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isInbox = (value: unknown): value is InboxAnswer =>
  isRecord(value) && typeof value.person === "string" && Array.isArray(value.items);

export const isCard = (value: unknown): value is CardView =>
  isRecord(value) &&
  typeof value.release === "string" &&
  [value.commits, value.images, value.missing].every(Array.isArray) &&
  isRecord(value.approval) &&
  Array.isArray(value.approval.given) &&
  isRecord(value.approval.you);

/** An answer with `entries`; each is a record. */
export function isEntries<T extends { readonly entries: readonly unknown[] }>(value: unknown): value is T {
  return isRecord(value) && Array.isArray(value.entries) && value.entries.every(isRecord);
}

export const isPipelines = (value: unknown): value is PipelinesAnswer =>
  isRecord(value) &&
  Array.isArray(value.pipelines) &&
  value.pipelines.every(
    (pipeline: unknown) =>
      isRecord(pipeline) &&
      Array.isArray(pipeline.stages) &&
      pipeline.stages.every((stage: unknown) => isRecord(stage) && Array.isArray(stage.services)),
  );

export const isRunPage = (value: unknown): value is RunPage =>
  isRecord(value) &&
  Array.isArray(value.runs) &&
  value.runs.every((run: unknown) => isRecord(run) && typeof run.id === "string");

export const isStageDiff = (value: unknown): value is StageDiff =>
  isRecord(value) &&
  Array.isArray(value.services) &&
  value.services.every((one: unknown) => isRecord(one) && typeof one.service === "string");

export const isRunView = (value: unknown): value is RunView =>
  isRecord(value) &&
  typeof value.id === "string" &&
  typeof value.status === "string" &&
  Array.isArray(value.images) &&
  Array.isArray(value.stages) &&
  Array.isArray(value.explanation);

export const isEvents = (value: unknown): value is { readonly events: readonly EventLine[] } =>
  isRecord(value) &&
  Array.isArray(value.events) &&
  value.events.every(
    (event: unknown) => isRecord(event) && typeof event.type === "string" && typeof event.at === "number",
  );

export const isMessage = (value: unknown): value is { readonly message: string } =>
  isRecord(value) && typeof value.message === "string";

export const isDecided = (value: unknown): value is Decided =>
  isMessage(value) && "run" in value && isRunView(value.run);

export const isCommitAnswer = (value: unknown): value is CommitAnswer =>
  isRecord(value) &&
  typeof value.commit === "string" &&
  Array.isArray(value.deliveries) &&
  value.deliveries.every(
    (one: unknown) =>
      isRecord(one) &&
      ["pipeline", "repository", "ref", "trigger", "at"].every((key) => typeof one[key] === "string") &&
      isRecord(one.outcome) &&
      typeof (one.outcome.runId ?? one.outcome.ignored) === "string",
  );

export const isIndexAnswer = (value: unknown): value is IndexAnswer =>
  isRecord(value) &&
  typeof value.repository === "string" &&
  typeof value.digest === "string" &&
  typeof value.ok === "boolean" &&
  [value.images, value.attestations, value.problems].every(Array.isArray);

export const isRetention = (value: unknown): value is RetentionAnswer =>
  isRecord(value) &&
  Array.isArray(value.unlimited) &&
  Array.isArray(value.repositories) &&
  value.repositories.every(
    (one: unknown) =>
      isRecord(one) &&
      typeof one.repository === "string" &&
      [one.rules, one.images, one.problems].every(Array.isArray),
  );

export const isRedelivered = (value: unknown): value is Redelivered =>
  isRecord(value) &&
  typeof value.id === "number" &&
  typeof value.status_code === "number" &&
  ["event", "repository", "status", "response"].every((key) => typeof value[key] === "string");

export function isGroups(value: unknown): value is GroupsAnswer {
  return isRecord(value) && Array.isArray(value.groups) && value.groups.every(isGroup);
}

function isGroup(value: unknown): boolean {
  return isRecord(value) && typeof value.name === "string" && Array.isArray(value.listed);
}

export function isMe(value: unknown): value is MeView {
  return (
    isRecord(value) && typeof value.person === "string" && Array.isArray(value.groups) && isRecord(value.may)
  );
}
