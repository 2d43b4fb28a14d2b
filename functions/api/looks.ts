import { Hono } from "hono";
import { lookAtBuilds } from "../../shared/effects/look-at-builds.ts";
import { lookAtImages } from "../../shared/effects/look-at-images.ts";
import { lookAtCluster, lookAtRollout } from "../../shared/effects/look-at-tasks.ts";
import type { ClusterView } from "../../shared/pipeline/cluster-view.ts";
import type { RolloutView } from "../../shared/pipeline/rollout-view.ts";
import type { Run, Stage } from "../../shared/pipeline/run.ts";
import type { RunDetails } from "../../shared/pipeline/run-detail.ts";
import { cardOf } from "./card.ts";
import { type ApiEnv, type ApiServices, refuse } from "./context.ts";
import { runNamed } from "./runs.ts";
import { shownMembers } from "./shown-members.ts";

/** What AWS and the sources tell at the moment, for people who look; the record is in `runs.ts`. */
export function lookRoutes(services: ApiServices): Hono<ApiEnv> {
  const { deps, effects, pipelines, sources, directory } = services;
  const members = shownMembers((group) => directory.members(group), deps.now);
  const app = new Hono<ApiEnv>();

  app.get("/runs/:id/details", async (context) => {
    const run = await runNamed(deps.store, context.req.param("id"));
    const { source } = run.definition;
    const { repository, commit } = run.revision;
    const [builds, images, told] = await Promise.all([
      lookAtBuilds(effects.aws, run),
      lookAtImages(effects.aws, run),
      // A host that does not answer hides the message, and nothing else.
      sources[source.type].commit(repository, commit).catch(() => undefined),
    ]);
    const web = effects.settings.githubUrl.replace(/\/$/, "");
    const answer: RunDetails = {
      run: run.id,
      message: told?.message,
      link: source.type === "github" ? `${web}/${repository}/commit/${commit}` : undefined,
      builds,
      images,
    };
    return context.json(answer);
  });

  app.get("/runs/:id/stages/:stage/card", async (context) => {
    const { run, stage } = await stageOf(services, context.req.param());
    const card = await cardOf({ ...services, directory: { members } }, run, stage, context.var.caller.person);
    if (card === undefined) {
      const name = stage.definition.name;
      return refuse(409, "no-approval", `stage ${name} of ${run.id} asks for no approval, or not yet`);
    }
    return context.json(card);
  });

  app.get("/runs/:id/stages/:stage/rollout", async (context) => {
    const { stage } = await stageOf(services, context.req.param());
    const answer: RolloutView = {
      services: await Promise.all(
        stage.definition.deploy.map(({ cluster, service }) => lookAtRollout(effects.aws, cluster, service)),
      ),
    };
    return context.json(answer);
  });

  app.get("/clusters", async (context) => {
    const stages = pipelines.flatMap(({ name, stages: own }) =>
      own.flatMap((stage) => stage.deploy.map((one) => ({ ...one, stage: `${name}/${stage.name}` }))),
    );
    const names = [...new Set(stages.map(({ cluster }) => cluster))].sort();
    const clusters = names.map(async (name): Promise<ClusterView> => {
      const here = stages.filter(({ cluster }) => cluster === name);
      const wanted = [...new Set(here.map(({ service }) => service))].sort();
      const seen = await lookAtCluster(effects.aws, name, wanted);
      return { ...seen, stages: [...new Set(here.map(({ stage }) => stage))] };
    });
    return context.json({ clusters: await Promise.all(clusters) });
  });

  return app;
}

async function stageOf(
  { deps }: ApiServices,
  { id, stage: name }: { readonly id: string; readonly stage: string },
): Promise<{ readonly run: Run; readonly stage: Stage }> {
  const run = await runNamed(deps.store, id);
  const stage = run.stages.find(({ definition }) => definition.name === name);
  if (stage !== undefined) return { run, stage };
  const names = run.stages.map(({ definition }) => definition.name).join(", ");
  return refuse(404, "unknown-stage", `run ${id} has no stage "${name}"; it has ${names}`);
}
