import { Hono } from "hono";
import { z } from "zod";
import { loadRun } from "../../shared/advance.ts";
import { canonicalName, namesOf } from "../../shared/pipeline/identities.ts";
import { viewOf } from "../../shared/pipeline/view.ts";
import { holdStage, releaseHold } from "../../shared/release-hold.ts";
import { startRun } from "../../shared/start-run.ts";
import { log } from "../log.ts";
import { placeOf } from "./caller.ts";
import {
  type ApiEnv,
  type ApiServices,
  eventOf,
  jsonBody,
  perhapsReason,
  pipelineNamed,
  refuse,
  stageNamed,
} from "./context.ts";
import { mayDecide, mayOperate, operatorsOf } from "./permission.ts";
import { unknownRun } from "./runs.ts";

const start = z.strictObject({
  branch: z.string().min(1).max(255).optional(),
  commit: z
    .string()
    .regex(/^[0-9a-f]{40}$/, "must be 40 hexadecimal digits")
    .optional(),
  /** Chosen by the client: the same one again makes no second run. */
  id: z.string().min(8).max(100).optional(),
});

const release = z.strictObject({ reason: perhapsReason });

/** What people and robots do with a pipeline, beside deciding on releases. */
export function operateRoutes(services: ApiServices): Hono<ApiEnv> {
  const { deps, sources, settings } = services;
  const app = new Hono<ApiEnv>();

  app.post("/pipelines/:pipeline/runs", async (context) => {
    const { branch, commit, id } = await jsonBody(context, start);
    const definition = pipelineNamed(services, context.req.param("pipeline"));
    const { caller } = context.var;
    if (!mayOperate(settings.access, definition, caller))
      refuse(403, "not-an-operator", `only ${operatorsOf(settings.access, definition)} start runs`);
    const { person } = caller;
    const accepted = await startRun(deps, definition, sources[definition.source.type], {
      id: `manual ${id ?? eventOf(context).requestContext.requestId}`,
      trigger: { type: "manual", by: person.name },
      starter: person.identity,
      starterNames: namesOf(definition.identities, person),
      starterFrom: placeOf(caller),
      ...(branch === undefined ? {} : { branch }),
      ...(commit === undefined ? {} : { commit }),
    });
    if ("ignored" in accepted) refuse(409, "not-started", accepted.ignored);
    log.info("started", { runId: accepted.runId, pipeline: definition.name, person: person.name });
    const { run } = await loadRun(deps.store, accepted.runId);
    if (run === undefined) return unknownRun(accepted.runId);
    return context.json({ run: viewOf(run, deps.now()), message: `${person.name} started ${run.id}` }, 201);
  });

  app.post("/pipelines/:pipeline/stages/:stage/hold", async (context) => {
    const { reason } = await jsonBody(context, release);
    const { pipeline, stage: name } = context.req.param();
    const { definition, stage } = stageNamed(services, pipeline, name);
    const { caller } = context.var;
    if (!mayDecide(settings.access, definition, stage, caller))
      refuse(403, "not-a-member", `only those who decide on stage ${name} may hold it`);
    const { person } = caller;
    const by = canonicalName(definition.identities, person);
    const who = { by, identity: person.identity, from: placeOf(caller) };
    if (!(await holdStage(deps, pipeline, name, who, reason)))
      refuse(409, "held", `stage ${name} of ${pipeline} is held already`);
    log.info("held", { pipeline, stage: name, person: person.name, reason });
    return context.json({ message: `${person.name} holds ${name} of ${pipeline}` });
  });

  app.post("/pipelines/:pipeline/stages/:stage/release-hold", async (context) => {
    const { reason } = await jsonBody(context, release);
    const { pipeline, stage: name } = context.req.param();
    const { definition, stage } = stageNamed(services, pipeline, name);
    const { caller } = context.var;
    if (!mayDecide(settings.access, definition, stage, caller)) {
      const who =
        stage.approval === undefined
          ? operatorsOf(settings.access, definition)
          : `members of ${stage.approval.from.join(", ")}`;
      refuse(403, "not-a-member", `only ${who} release holds of stage ${name}`);
    }
    const { person } = caller;
    const by = canonicalName(definition.identities, person);
    const who = { by, identity: person.identity, from: placeOf(caller) };
    const hold = await releaseHold(deps, pipeline, name, who, reason);
    if (hold === undefined) refuse(409, "not-held", `stage ${name} of ${pipeline} is not held`);
    log.info("hold released", { pipeline, stage: name, person: person.name, reason, hold });
    return context.json({ message: `${person.name} released the hold on ${name} of ${pipeline}` });
  });

  return app;
}
