import { Hono } from "hono";
import { z } from "zod";
import { loadRun } from "../../shared/advance.ts";
import { findService } from "../../shared/effects/find-service.ts";
import { prepareStage } from "../../shared/effects/prepare.ts";
import { rollbackReady } from "../../shared/effects/rehearsal.ts";
import { liftQuarantine, type Moved, type Mover, rollBack, shiftWeights } from "../../shared/move-release.ts";
import type { ServiceWeights, WeightsAnswer } from "../../shared/pipeline/api-views.ts";
import { capacityFrom, providerNamed, sameProviderFault } from "../../shared/pipeline/capacity.ts";
import { canonicalName, namesOf } from "../../shared/pipeline/identities.ts";
import { sentence } from "../../shared/pipeline/messages.ts";
import { deploymentsOf, isStageEnd, releaseOf } from "../../shared/pipeline/run.ts";
import { viewOf } from "../../shared/pipeline/view.ts";
import { log } from "../log.ts";
import { placeOf } from "./caller.ts";
import {
  type ApiEnv,
  type ApiServices,
  eventOf,
  jsonBody,
  perhapsReason,
  refuse,
  stageNamed,
} from "./context.ts";
import { mayDecide, operatorsOf } from "./permission.ts";
import { unknownRun } from "./runs.ts";

const reason = perhapsReason;
/** Chosen by the client: the same one again makes no second run. */
const id = z.string().min(8).max(100).optional();

const back = z.strictObject({ to: z.string().min(1).max(100).optional(), reason, id });
const lift = z.strictObject({ reason, id });
const shift = z.strictObject({
  cluster: z.string().min(1).max(255).optional(),
  service: z.string().min(1).max(255),
  to: z.record(z.string(), z.number().int().min(0).max(100)),
  steps: z.number().int().min(1).max(20).default(1),
  bakeMinutes: z.number().min(0).max(1440).default(0),
  id,
});

/** What moves a release that is out: back, onto all architectures again, or by weights; and what a stage would change. */
export function moveRoutes(services: ApiServices): Hono<ApiEnv> {
  const { deps, sources, settings, effects } = services;
  const app = new Hono<ApiEnv>();

  /** Whoever may decide on the stage may move what it runs. */
  const moverOf = (context: Parameters<typeof eventOf>[0], requestId: string | undefined): Mover => {
    const pipeline = context.req.param("pipeline") ?? "";
    const name = context.req.param("stage") ?? "";
    const { definition, stage } = stageNamed(services, pipeline, name);
    const { caller } = context.var;
    if (!mayDecide(settings.access, definition, stage, caller)) {
      const who =
        stage.approval === undefined
          ? operatorsOf(settings.access, definition)
          : `members of ${stage.approval.from.join(", ")}`;
      refuse(403, "not-a-member", `only ${who} move what stage ${name} runs`);
    }
    return {
      deps,
      source: sources[definition.source.type],
      rehearse: (target) => rollbackReady(effects.aws, target),
      pipeline,
      stage: name,
      by: canonicalName(definition.identities, caller.person),
      identity: caller.person.identity,
      names: namesOf(definition.identities, caller.person),
      from: placeOf(caller),
      id: `move ${requestId ?? eventOf(context).requestContext.requestId}`,
    };
  };

  const answer = async (context: Parameters<typeof eventOf>[0], moved: Moved, mover: Mover, what: string) => {
    if ("problem" in moved) return refuse(409, "not-moved", moved.problem);
    log.info(what, { runId: moved.runId, pipeline: mover.pipeline, stage: mover.stage, person: mover.by });
    const { run } = await loadRun(deps.store, moved.runId);
    if (run === undefined) return unknownRun(moved.runId);
    return context.json(
      { run: viewOf(run, deps.now()), message: `${mover.by} started ${run.id}: ${what}` },
      201,
    );
  };

  app.post("/pipelines/:pipeline/stages/:stage/rollback", async (context) => {
    const body = await jsonBody(context, back);
    const mover = moverOf(context, body.id);
    return answer(context, await rollBack(mover, body.reason, body.to), mover, "rollback");
  });

  app.post("/pipelines/:pipeline/stages/:stage/unquarantine", async (context) => {
    const body = await jsonBody(context, lift);
    const mover = moverOf(context, body.id);
    return answer(context, await liftQuarantine(mover, body.reason), mover, "unquarantine");
  });

  app.post("/pipelines/:pipeline/stages/:stage/shift", async (context) => {
    const body = await jsonBody(context, shift);
    const mover = moverOf(context, body.id);
    const { stage } = stageNamed(services, mover.pipeline, mover.stage);
    const target = stage.deploy.find(
      ({ cluster, service }) => service === body.service && cluster === (body.cluster ?? cluster),
    );
    if (target === undefined) {
      const names = stage.deploy.map(({ service }) => service).join(", ");
      refuse(
        404,
        "unknown-service",
        `stage ${mover.stage} deploys no service "${body.service}"; it has ${names}`,
      );
    }
    const { steps, bakeMinutes } = body;
    const { cluster, service } = target;
    const found = await findService(effects.aws, cluster, service);
    if ("failure" in found) refuse(409, "not-moved", sentence(found.failure));
    const from = capacityFrom(found.found.capacityProviderStrategy);
    if (from === undefined) refuse(409, "not-moved", `service ${service} has no capacity provider strategy`);
    const twice = sameProviderFault(from, Object.keys(body.to));
    if (twice !== undefined) refuse(409, "not-moved", `${twice}; name it once`);
    const to = Object.fromEntries(
      Object.entries(body.to).map(([name, share]) => [providerNamed(from, name), share]),
    );
    const moved = await shiftWeights(mover, from, { cluster, service, to, steps, bakeMinutes });
    return answer(context, moved, mover, "shift");
  });

  app.get("/pipelines/:pipeline/stages/:stage/weights", async (context) => {
    const { stage } = stageNamed(services, context.req.param("pipeline"), context.req.param("stage"));
    const weights = stage.deploy.map(async ({ cluster, service }): Promise<ServiceWeights> => {
      const found = await findService(effects.aws, cluster, service);
      const strategy = "failure" in found ? undefined : found.found.capacityProviderStrategy;
      return { cluster, service, capacity: capacityFrom(strategy) };
    });
    const answer: WeightsAnswer = { services: await Promise.all(weights) };
    return context.json(answer);
  });

  app.get("/runs/:id/stages/:stage/diff", async (context) => {
    const { id: runId, stage: name } = context.req.param();
    const { run } = await loadRun(deps.store, runId);
    if (run === undefined) return unknownRun(runId);
    const stage = run.stages.find(({ definition }) => definition.name === name);
    if (stage === undefined) {
      const names = run.stages.map(({ definition }) => definition.name).join(", ");
      return refuse(404, "unknown-stage", `run ${runId} has no stage "${name}"; it has ${names}`);
    }
    const release = releaseOf(run);
    if (release === undefined) {
      return refuse(
        409,
        "not-published",
        `${runId} has not published its images: nothing can be compared yet`,
      );
    }
    if (isStageEnd(stage.state)) {
      const services = deploymentsOf(stage.state).map(({ prepared }) => prepared);
      return context.json({ run: runId, stage: name, release, asOf: "then", services });
    }
    const prepared = await prepareStage(effects, run, stage.definition);
    return context.json({
      run: runId,
      stage: name,
      release,
      asOf: "now",
      ...("failure" in prepared
        ? { problem: sentence(prepared.failure), services: [] }
        : { services: prepared.found }),
    });
  });

  return app;
}
