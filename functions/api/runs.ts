import { Hono } from "hono";
import { loadRun, runStream } from "../../shared/advance.ts";
import type { RunLine, RunsAnswer } from "../../shared/pipeline/api-views.ts";
import { replay } from "../../shared/pipeline/evolve.ts";
import type { RunHead } from "../../shared/pipeline/head.ts";
import type { RunStarted } from "../../shared/pipeline/pipelines.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { viewOf } from "../../shared/pipeline/view.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import { type ApiEnv, type ApiServices, isoTime, limitOf, refuse } from "./context.ts";

/** Runs, as everybody may see them who may read. */
export function runRoutes({ deps }: ApiServices): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();

  app.get("/runs", async (context) => {
    const { cursor, pipeline, status } = context.req.query();
    const page = await deps.store.heads.list({
      limit: limitOf(context, 50, 200),
      ...(cursor === undefined ? {} : { cursor }),
      ...(pipeline === undefined ? {} : { pipeline }),
    });
    // Told apart here: the page costs the same whatever is in it, and may hold fewer than its limit.
    const wanted = page.items.filter((head) => status === undefined || head.status === status);
    const answer: RunsAnswer = { runs: wanted.map(lineOf), cursor: page.cursor };
    return context.json(answer);
  });

  app.get("/runs/:id", async (context) => {
    const id = context.req.param("id");
    return context.json(viewOf(await runNamed(deps.store, id), deps.now()));
  });

  app.get("/runs/:id/events", async (context) => {
    const id = context.req.param("id");
    const { events, version } = await deps.store.streams.load(runStream(id));
    return version === 0 ? unknownRun(id) : context.json({ events });
  });

  app.get("/commits/:commit", async (context) => {
    const commit = context.req.param("commit");
    if (!/^[0-9a-f]{40}$/.test(commit))
      refuse(400, "bad-commit", "name the commit by its 40 hexadecimal digits");
    const records = await deps.store.deliveries.ofCommit(commit);
    const deliveries = records.map(({ at, ...rest }) => ({ ...rest, at: isoTime(at) }));
    return context.json({ commit, deliveries });
  });

  return app;
}

function lineOf({
  runId,
  version: _version,
  active: _active,
  startedAt,
  updatedAt,
  ...rest
}: RunHead): RunLine {
  return { id: runId, ...rest, startedAt: isoTime(startedAt), updatedAt: isoTime(updatedAt) };
}

/** The run of that id; a 404 when there is none. */
export async function runNamed(store: Store, id: string): Promise<Run> {
  return (await loadRun(store, id)).run ?? (await findAccepted(store, id)) ?? unknownRun(id);
}

/** A run that has been accepted a moment ago has no stream of its own yet; the number that it was given knows it. */
async function findAccepted(store: Store, id: string): Promise<Run | undefined> {
  const [, pipeline, number] = /^(.+)-(\d{1,15})$/.exec(id) ?? [];
  if (pipeline === undefined || number === undefined) return undefined;
  const slot = await store.intake.find(pipeline, Number(number));
  return slot?.type === "run" ? replay([slot.run as RunStarted]) : undefined;
}

export function unknownRun(id: string): never {
  refuse(404, "unknown-run", `there is no run "${id}"; GET /api/runs lists them`);
}
