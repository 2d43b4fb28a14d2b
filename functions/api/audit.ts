import { Hono } from "hono";
import { runStream } from "../../shared/advance.ts";
import { readDecisions } from "../../shared/decisions.ts";
import type { AuditAnswer, AuditEntry } from "../../shared/pipeline/api-views.ts";
import { decisionsOf } from "../../shared/pipeline/audit.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import type { RunHead } from "../../shared/pipeline/head.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import { type ApiEnv, type ApiServices, pipelineNamed, refuse } from "./context.ts";

/** Runs that one page looks at. */
const RUNS = 50;

/** From `from` on, and before `to`; milliseconds since the epoch. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The record of decisions, from the streams that the state itself is made of. A page looks at a number of runs, the newest
 * first, and gives their decisions; those that belong to no run come with the first page.
 */
export function auditRoutes(services: ApiServices): Hono<ApiEnv> {
  const { store } = services.deps;
  const app = new Hono<ApiEnv>();

  app.get("/audit", async (context) => {
    const { from, to, pipeline, cursor } = context.req.query();
    const span = { from: timeOf("from", from, 0), to: timeOf("to", to, Number.MAX_SAFE_INTEGER) };
    if (pipeline !== undefined) pipelineNamed(services, pipeline);
    const page = await store.heads.list({
      limit: RUNS,
      ...(cursor === undefined ? {} : { cursor }),
      ...(pipeline === undefined ? {} : { pipeline }),
    });
    const names = services.pipelines.map(({ name }) => name).filter((name) => (pipeline ?? name) === name);
    const beside = cursor === undefined ? names.map((name) => readDecisions(store, name)) : [];
    const found = [...page.items.filter(mayHold(span)).map((head) => decisionsIn(store, head)), ...beside];
    const entries = (await Promise.all(found)).flat().filter(isWithin(span));
    const answer: AuditAnswer = { entries: entries.sort(newestFirst), cursor: page.cursor };
    return context.json(answer);
  });

  return app;
}

/** Only runs that began before the span's end, and were still moving at its beginning. */
const mayHold =
  ({ from, to }: Span) =>
  ({ startedAt, updatedAt, active }: RunHead): boolean =>
    startedAt < to && (active || updatedAt >= from);

const isWithin =
  ({ from, to }: Span) =>
  ({ at }: AuditEntry): boolean =>
    Date.parse(at) >= from && Date.parse(at) < to;

const newestFirst = (a: AuditEntry, b: AuditEntry): number => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0);

async function decisionsIn(store: Store, { runId }: RunHead): Promise<readonly AuditEntry[]> {
  const { events } = await store.streams.load(runStream(runId));
  return decisionsOf(events as readonly RunEvent[]);
}

/** A date, or a date with a time; UTC where it names no zone. */
function timeOf(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const zoned = /^\d{4}-\d\d-\d\d$|Z$|[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`;
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(zoned) : Number.NaN;
  if (Number.isNaN(at))
    refuse(400, "bad-time", `\`${name}\` must be a date, 2026-11-21, or a time, 2026-11-21T10:00:00Z`);
  return at;
}
