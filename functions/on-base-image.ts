import pipelines from "tandem:pipelines";
import { parseImagePush } from "../shared/intake/image-push.ts";
import { startRun } from "../shared/start-run.ts";
import { log } from "./log.ts";
import { createRuntime } from "./runtime.ts";

const { deps, sources } = createRuntime();

/** A new base image in ECR: every pipeline that lists it is built and delivered anew, once per digest. */
export async function handler(payload: unknown): Promise<void> {
  const image = parseImagePush(payload);
  if (image.type === "ignored") {
    log.info("ignored", { reason: image.reason });
    return;
  }
  const { repository, digest } = image;
  const results = await Promise.allSettled(
    pipelines
      .filter(({ rebuildOn }) => rebuildOn.includes(repository))
      .map((definition) =>
        startRun(deps, definition, sources[definition.source.type], {
          id: `base-image ${repository}@${digest}`,
          trigger: { type: "base-image", repository, digest },
        }),
      ),
  );
  for (const result of results)
    if (result.status === "fulfilled") log.info("base image", { repository, ...result.value });
  const failed = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  if (failed.length > 0) throw new AggregateError(failed, failed.map(String).join(" · "));
}
