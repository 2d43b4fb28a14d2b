import { type Context, Hono } from "hono";
import { z } from "zod";
import { loadRun } from "../../shared/advance.ts";
import { type Decided, decideStage, intervene } from "../../shared/decide-stage.ts";
import { canonicalName } from "../../shared/pipeline/identities.ts";
import { override, stopRun } from "../../shared/pipeline/interventions.ts";
import type { Problem } from "../../shared/pipeline/problem.ts";
import { viewOf } from "../../shared/pipeline/view.ts";
import { log } from "../log.ts";
import { placeOf } from "./caller.ts";
import { type ApiEnv, type ApiServices, jsonBody, perhapsReason, refuse } from "./context.ts";
import { mayOperate, operatorsOf } from "./permission.ts";
import { unknownRun } from "./runs.ts";

const decision = z.strictObject({
  decision: z.enum(["approve", "refuse", "withdraw"]),
  release: z.string().min(1),
  /**
   * `gate.round` of the run's view: what was seen is what is decided on. Who leaves it out has seen what was asked first, and
   * is told what has changed since.
   */
  round: z.number().int().min(0).default(0),
  comment: z.string().max(2000).optional(),
});

const why = z.strictObject({ reason: z.string().min(1).max(2000) });
const perhapsWhy = z.strictObject({ reason: perhapsReason });

/** What people decide about a run's stages. Whether they may is a rule of the pipeline: `decide`. */
export function decisionRoutes(services: ApiServices): Hono<ApiEnv> {
  const { deps, pipelines, settings } = services;
  const app = new Hono<ApiEnv>();

  app.post("/runs/:id/stages/:stage/approval", async (context) => {
    const body = await jsonBody(context, decision);
    const { id, stage } = context.req.param();
    const { caller } = context.var;
    const { person } = caller;
    const from = placeOf(caller);
    const { comment, round, decision: what, release } = body;
    const request = {
      stage,
      from,
      decision: what,
      release,
      round,
      ...(comment === undefined ? {} : { comment }),
    };
    const decided = await decideStage(deps, id, request, person);
    if (decided.type === "no-run") return unknownRun(id);
    const { result, run, pending } = decided;
    if (result.type === "problem")
      return refuse(statusOf(result.problem), result.problem.code, result.message, changedOf(result.problem));
    const who = { person: person.name, identity: person.identity, from };
    log.info("decision", { runId: id, stage, decision: body.decision, ...who, result: result.type });
    if (pending !== undefined)
      log.warn("the decision is stored; what follows is left to the sweep", { runId: id, pending });
    const verb = VERBS[body.decision];
    const name = canonicalName(run.definition.identities, person);
    const message = result.type === "already" ? result.message : `${name} ${verb} ${stage} of ${id}`;
    return context.json({ run: viewOf(run, deps.now()), message });
  });

  app.post("/runs/:id/stages/:stage/override", async (context) => {
    const { reason } = await jsonBody(context, why);
    const { id, stage } = context.req.param();
    const { caller } = context.var;
    const request = { stage, reason, from: placeOf(caller) };
    const decided = await intervene(deps, id, (run, now) => override(run, request, caller.person, now));
    return told(services, context, id, decided, "override", `overrode the gate of ${stage}`);
  });

  app.post("/runs/:id/stop", async (context) => {
    const { reason } = await jsonBody(context, perhapsWhy);
    const { id } = context.req.param();
    const { caller } = context.var;
    const { run } = await loadRun(deps.store, id);
    if (run === undefined) return unknownRun(id);
    const definition = pipelines.find(({ name }) => name === run.definition.name) ?? run.definition;
    if (!mayOperate(settings.access, definition, caller))
      refuse(403, "not-an-operator", `only ${operatorsOf(settings.access, definition)} stop runs`);
    const request = { reason, from: placeOf(caller) };
    const decided = await intervene(deps, id, (now, at) => stopRun(now, request, caller.person, at));
    return told(services, context, id, decided, "stop", "stops the run");
  });

  return app;
}

/** The answer to whatever a person did to a run. */
function told(
  { deps }: ApiServices,
  context: Context<ApiEnv>,
  id: string,
  decided: Decided,
  act: string,
  verb: string,
): Response {
  if (decided.type === "no-run") return unknownRun(id);
  const { result, run, pending } = decided;
  if (result.type === "problem") {
    const { problem, message } = result;
    return refuse(statusOf(problem), problem.code, message, changedOf(problem));
  }
  const { person } = context.var.caller;
  log.info(act, { runId: id, person: person.name, identity: person.identity, result: result.type });
  if (pending !== undefined) log.warn("stored; what follows is left to the sweep", { runId: id, pending });
  const name = canonicalName(run.definition.identities, person);
  const message = result.type === "already" ? result.message : `${name} ${verb}: ${id}`;
  return context.json({ run: viewOf(run, deps.now()), message });
}

const VERBS = { approve: "approved", refuse: "refused", withdraw: "withdrew the approval of" } as const;

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
    case "changed":
    case "not-given":
    case "no-override":
    case "ended":
      return 409;
  }
}

/** What is not any more as the decision says. */
function changedOf(problem: Problem): readonly string[] | undefined {
  if (problem.code === "changed") return problem.changed;
  return problem.code === "other-release" ? [`the release is ${problem.release} now`] : undefined;
}
