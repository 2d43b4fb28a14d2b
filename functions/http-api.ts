import pipelines from "tandem:pipelines";
import type { APIGatewayProxyEventV2WithIAMAuthorizer } from "aws-lambda";
import { type Context, Hono } from "hono";
import { handle, type LambdaEvent } from "hono/aws-lambda";
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import { loadRun, runStream } from "../shared/advance.ts";
import { decideStage } from "../shared/decide-stage.ts";
import { readPipeline } from "../shared/effects/pipeline-stream.ts";
import { personFromArn } from "../shared/intake/caller.ts";
import type { Person } from "../shared/pipeline/approvals.ts";
import { replay } from "../shared/pipeline/evolve.ts";
import type { Problem } from "../shared/pipeline/problem.ts";
import type { Run } from "../shared/pipeline/run.ts";
import { viewOf } from "../shared/pipeline/view.ts";
import { releaseHold } from "../shared/release-hold.ts";
import { startRun } from "../shared/start-run.ts";
import { BadCursorError } from "../shared/store/stream-store.ts";
import { log } from "./log.ts";
import { createRuntime } from "./runtime.ts";

const { deps, sources } = createRuntime();

type Env = { Bindings: { event: LambdaEvent } };

const app = new Hono<Env>().basePath("/api");

/** A refusal with a code that programs read and a message that people read. */
function refuse(status: 400 | 403 | 404 | 409, code: string, message: string): never {
  throw new HTTPException(status, { res: Response.json({ error: { code, message } }, { status }) });
}

/** The event as this function's routes give it: payload format 2.0, behind the IAM authorizer. */
function eventOf(context: Context<Env>): APIGatewayProxyEventV2WithIAMAuthorizer {
  return context.env.event as unknown as APIGatewayProxyEventV2WithIAMAuthorizer;
}

/** The person IAM has authenticated; the route's authorizer lets nobody else through. */
function personOf(context: Context<Env>): Person {
  const event = eventOf(context);
  const arn = event.requestContext.authorizer?.iam.userArn;
  if (arn === undefined) refuse(403, "not-signed", "sign the request with AWS Signature Version 4");
  return personFromArn(arn);
}

const LIMIT = 50;

app.get("/runs", async (context) => {
  const limit = z.coerce
    .number()
    .int()
    .min(1)
    .max(200)
    .safeParse(context.req.query("limit") ?? LIMIT);
  if (!limit.success) refuse(400, "bad-limit", "`limit` must be a whole number from 1 to 200");
  const cursor = context.req.query("cursor");
  const page = await deps.store.heads.list({
    limit: limit.data,
    ...(cursor === undefined ? {} : { cursor }),
  });
  const runs = page.items.map(
    ({ runId, version: _version, active: _active, startedAt, updatedAt, ...rest }) => ({
      id: runId,
      ...rest,
      startedAt: new Date(startedAt).toISOString(),
      updatedAt: new Date(updatedAt).toISOString(),
    }),
  );
  return context.json({ runs, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) });
});

app.get("/runs/:id", async (context) => {
  const id = context.req.param("id");
  const run = (await loadRun(deps.store, id)).run ?? (await findOpening(id));
  return run === undefined ? unknownRun(id) : context.json(viewOf(run));
});

app.get("/runs/:id/events", async (context) => {
  const id = context.req.param("id");
  const { events, version } = await deps.store.streams.load(runStream(id));
  return version === 0 ? unknownRun(id) : context.json({ events });
});

/** A run that has been accepted a moment ago has no stream of its own yet; its pipeline knows it. */
async function findOpening(id: string): Promise<Run | undefined> {
  const { state } = await readPipeline(deps.store, id.replace(/-\d+$/, ""));
  const started = state.opening.find(({ runId }) => runId === id);
  return started === undefined ? undefined : replay([started]);
}

function unknownRun(id: string): never {
  refuse(404, "unknown-run", `there is no run "${id}"; GET /api/runs lists them`);
}

app.get("/commits/:commit", async (context) => {
  const commit = context.req.param("commit");
  if (!/^[0-9a-f]{40}$/.test(commit))
    refuse(400, "bad-commit", "name the commit by its 40 hexadecimal digits");
  const records = await deps.store.deliveries.ofCommit(commit);
  const deliveries = records.map(({ at, ...rest }) => ({ ...rest, at: new Date(at).toISOString() }));
  return context.json({ commit, deliveries });
});

const start = z.strictObject({
  branch: z.string().min(1).max(255).optional(),
  commit: z
    .string()
    .regex(/^[0-9a-f]{40}$/, "must be 40 hexadecimal digits")
    .optional(),
  /** Chosen by the client: the same one again makes no second run. */
  id: z.string().min(8).max(100).optional(),
});

app.post("/pipelines/:pipeline/runs", async (context) => {
  const { branch, commit, id } = await jsonBody(context, start);
  const pipeline = context.req.param("pipeline");
  const definition = pipelines.find(({ name }) => name === pipeline);
  if (definition === undefined) {
    const names = pipelines.map(({ name }) => name).join(", ");
    refuse(404, "unknown-pipeline", `there is no pipeline "${pipeline}"; there are ${names}`);
  }
  const who = personOf(context);
  const accepted = await startRun(deps, definition, sources[definition.source.type], {
    id: `manual ${id ?? eventOf(context).requestContext.requestId}`,
    trigger: { type: "manual", by: who.name },
    starter: who.identity,
    ...(branch === undefined ? {} : { branch }),
    ...(commit === undefined ? {} : { commit }),
  });
  if ("ignored" in accepted) refuse(409, "not-started", accepted.ignored);
  log.info("started", { runId: accepted.runId, pipeline, person: who.name });
  const { run } = await loadRun(deps.store, accepted.runId);
  if (run === undefined) return unknownRun(accepted.runId);
  return context.json({ run: viewOf(run), message: `${who.name} started ${run.id}` }, 201);
});

const decision = z.strictObject({
  decision: z.enum(["approve", "refuse"]),
  release: z.string().min(1),
  comment: z.string().max(2000).optional(),
});

app.post("/runs/:id/stages/:stage/approval", async (context) => {
  const body = await jsonBody(context, decision);
  const { id, stage } = context.req.param();
  const who = personOf(context);
  const { comment, ...rest } = body;
  const request = { stage, ...rest, ...(comment === undefined ? {} : { comment }) };
  const decided = await decideStage(deps, id, request, who);
  if (decided.type === "no-run") return unknownRun(id);
  const { result, run, pending } = decided;
  if (result.type === "problem") return refuse(statusOf(result.problem), result.problem.code, result.message);
  log.info("decision", { runId: id, stage, decision: body.decision, person: who.name, result: result.type });
  if (pending !== undefined)
    log.warn("the decision is stored; what follows is left to the sweep", { runId: id, pending });
  const verb = body.decision === "approve" ? "approved" : "refused";
  const message = result.type === "already" ? result.message : `${who.name} ${verb} ${stage} of ${id}`;
  return context.json({ run: viewOf(run), message });
});

function statusOf(problem: Problem): 403 | 404 | 409 {
  switch (problem.code) {
    case "unknown-stage":
      return 404;
    case "not-a-member":
    case "self-approval":
      return 403;
    case "no-approval":
    case "not-waiting":
    case "other-release":
    case "expired":
      return 409;
  }
}

const release = z.strictObject({ reason: z.string().min(1).max(2000) });

app.post("/pipelines/:pipeline/stages/:stage/release-hold", async (context) => {
  const { reason } = await jsonBody(context, release);
  const { pipeline, stage } = context.req.param();
  const definition = pipelines
    .find(({ name }) => name === pipeline)
    ?.stages.find(({ name }) => name === stage);
  if (definition === undefined)
    refuse(404, "unknown-stage", `there is no stage "${stage}" of a pipeline "${pipeline}"`);
  const who = personOf(context);
  const hold = await releaseHold(deps, pipeline, stage, who.name, reason);
  if (hold === undefined) refuse(409, "not-held", `stage ${stage} of ${pipeline} is not held`);
  log.info("hold released", { pipeline, stage, person: who.name, reason, hold });
  return context.json({ message: `${who.name} released the hold on ${stage} of ${pipeline}` });
});

/** The body as the schema wants it; a 400 that names every fault otherwise. */
async function jsonBody<T>(context: Context<Env>, schema: z.ZodType<T>): Promise<T> {
  const text = await context.req.text();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuse(400, "bad-json", "the body is no JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`);
  refuse(400, "bad-body", faults.join("; "));
}

app.notFound((context) => context.json({ error: { code: "not-found", message: "no such address" } }, 404));

app.onError((error, context) => {
  if (error instanceof HTTPException) return error.getResponse();
  if (error instanceof BadCursorError) {
    return context.json({ error: { code: "bad-cursor", message: error.message } }, 400);
  }
  log.error("the request failed", { path: context.req.path, error: String(error) });
  const message = "Tandem could not answer; try again, and look at the function's log if it stays so";
  return context.json({ error: { code: "internal", message } }, 500);
});

export const handler = handle(app);
