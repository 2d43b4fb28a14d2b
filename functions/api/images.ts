import { Hono } from "hono";
import { lifecyclePolicy } from "../../shared/definition/lifecycle-policy.ts";
import { isError } from "../../shared/effects/context.ts";
import { imagesInUse } from "../../shared/effects/images-in-use.ts";
import { repositoryOf, repositoryUri } from "../../shared/effects/repositories.ts";
import { retentionReport } from "../../shared/effects/retention.ts";
import { verifyIndex } from "../../shared/effects/verify-index.ts";
import type { ImageDefinition } from "../../shared/pipeline/definition.ts";
import type { IndexAnswer } from "../../shared/pipeline/index-report.ts";
import type { RetentionAnswer } from "../../shared/pipeline/retention.ts";
import { type ApiEnv, type ApiServices, pipelineNamed, refuse } from "./context.ts";

/** What looks at the registry without changing anything: an index and all it lists; what a repository would lose. */
export function imageRoutes(services: ApiServices): Hono<ApiEnv> {
  const { effects, pipelines } = services;
  const app = new Hono<ApiEnv>();

  app.get("/index", async (context) => {
    const { repository = "", digest = "" } = context.req.query();
    if (!/^sha256:[0-9a-f]{64}$/.test(digest))
      refuse(400, "bad-digest", "`digest` must be sha256: and 64 hexadecimal digits");
    const image = imageNamed(services, repository);
    try {
      const found = await verifyIndex(await repositoryOf(effects, image), digest);
      const answer: IndexAnswer = { repository: repositoryUri(effects.settings, image), ...found };
      return context.json(answer);
    } catch (error) {
      if (!isError(error, "RepositoryNotFoundException")) throw error;
      return refuse(404, "unknown-repository", `the repository ${image.name} does not exist`);
    }
  });

  app.get("/retention", async (context) => {
    const name = context.req.query("pipeline");
    const asked = name === undefined ? pipelines : [pipelineNamed(services, name)];
    const images = new Set(asked.flatMap((pipeline) => pipeline.images.map((image) => image.name)));
    const policies = [...images].sort().map((image) => [image, lifecyclePolicy(image, pipelines)] as const);
    const inUse = await imagesInUse(effects.aws, pipelines);
    const repositories = await Promise.all(
      policies.flatMap(([image, policy]) =>
        policy === undefined ? [] : [retentionReport(effects, image, policy, inUse)],
      ),
    );
    const unlimited = policies.flatMap(([image, policy]) => (policy === undefined ? [image] : []));
    const answer: RetentionAnswer = { repositories, unlimited };
    return context.json(answer);
  });

  return app;
}

/** The image of a pipeline, by its name or by its repository's address. */
function imageNamed({ pipelines, effects }: ApiServices, given: string): ImageDefinition {
  const images = pipelines.flatMap((pipeline) => pipeline.images);
  const found = images.find(
    (image) => image.name === given || repositoryUri(effects.settings, image) === given,
  );
  if (found !== undefined) return found;
  const names = [...new Set(images.map(({ name }) => name))].join(", ");
  refuse(404, "unknown-repository", `no pipeline builds "${given}"; there are ${names}`);
}
