import { Hono } from "hono";
import { readPipeline } from "../../shared/effects/pipeline-stream.ts";
import type { HistoryAnswer, PipelinesAnswer, PipelineView } from "../../shared/pipeline/api-views.ts";
import type { PipelineDefinition } from "../../shared/pipeline/definition.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import { type ApiEnv, type ApiServices, limitOf, pipelineNamed, stageNamed } from "./context.ts";
import { historyPage } from "./history.ts";
import { readStage, stageView } from "./stage-view.ts";

/** Pipelines and their stages as they are now. */
export function pipelineRoutes(services: ApiServices): Hono<ApiEnv> {
  const { deps, pipelines } = services;
  const app = new Hono<ApiEnv>();

  app.get("/pipelines", async (context) => {
    const answer: PipelinesAnswer = {
      pipelines: await Promise.all(pipelines.map((pipeline) => pipelineView(deps.store, pipeline))),
    };
    return context.json(answer);
  });

  app.get("/pipelines/:pipeline", async (context) =>
    context.json(await pipelineView(deps.store, pipelineNamed(services, context.req.param("pipeline")))),
  );

  app.get("/pipelines/:pipeline/stages/:stage/history", async (context) => {
    const { pipeline, stage } = context.req.param();
    stageNamed(services, pipeline, stage);
    const { cursor } = context.req.query();
    const answer: HistoryAnswer = {
      pipeline,
      stage,
      ...(await historyPage(deps.store, pipeline, stage, limitOf(context, 20, 50), cursor)),
    };
    return context.json(answer);
  });

  return app;
}

async function pipelineView(store: Store, pipeline: PipelineDefinition): Promise<PipelineView> {
  const { name, source, mode, images, stages } = pipeline;
  const [{ state }, shown] = await Promise.all([
    readPipeline(store, name),
    Promise.all(
      stages.map(async (definition) => stageView(store, await readStage(store, pipeline, definition))),
    ),
  ]);
  return {
    name,
    source: { type: source.type, repository: source.repository },
    mode,
    images: images.map((image) => ({ name: image.name, platforms: image.platforms })),
    sequence: state.admitted,
    stages: shown,
  };
}
