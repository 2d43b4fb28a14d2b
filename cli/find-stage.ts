import type { PipelineView } from "../shared/pipeline/api-views.ts";
import type { TandemApi } from "./api.ts";
import { EXIT, Failure } from "./failure.ts";

/** A stage of a pipeline. */
export interface Place {
  readonly pipeline: string;
  readonly stage: string;
}

/** A service that a stage deploys. */
export interface ServicePlace extends Place {
  readonly cluster?: string;
  readonly service: string;
}

/**
 * The stage that a person names, `PIPELINE STAGE`; the stage alone is enough where only one pipeline has one of that name.
 * @throws Failure when there is none, or more than one
 */
export async function findStage(api: TandemApi, words: readonly string[]): Promise<Place> {
  const [first = "", second] = words;
  if (words.length === 2 && second !== undefined) return { pipeline: first, stage: second };
  if (words.length !== 1) throw usage("write PIPELINE STAGE, or the stage alone");
  const places = (await api.pipelines()).flatMap(({ name, stages }) =>
    stages.filter((stage) => stage.name === first).map(() => ({ pipeline: name, stage: first })),
  );
  return only(places, `stage "${first}"`, ({ pipeline, stage }) => `${pipeline} ${stage}`);
}

/**
 * The service that a person names, `PIPELINE STAGE SERVICE`; the service alone, or with its cluster (`production/web`), is
 * enough where only one stage deploys it.
 * @throws Failure when there is none, or more than one
 */
export async function findService(api: TandemApi, words: readonly string[]): Promise<ServicePlace> {
  const [first = "", second, third] = words;
  if (words.length === 3 && second !== undefined && third !== undefined)
    return { pipeline: first, stage: second, service: third };
  if (words.length !== 1) throw usage("write PIPELINE STAGE SERVICE, or the service alone");
  const places = (await api.pipelines()).flatMap((pipeline) => servicesOf(pipeline));
  const found = places.filter(
    ({ cluster, service }) => service === first || `${cluster}/${service}` === first,
  );
  return only(
    found,
    `service "${first}"`,
    ({ pipeline, stage, cluster, service }) => `${cluster}/${service} (${pipeline} ${stage})`,
  );
}

function servicesOf({ name, stages }: PipelineView) {
  return stages.flatMap((stage) =>
    stage.services.map(({ cluster, service }) => ({ pipeline: name, stage: stage.name, cluster, service })),
  );
}

function only<T>(found: readonly T[], what: string, name: (one: T) => string): T {
  const [one, ...others] = found;
  if (one === undefined) throw new Failure(EXIT.unknown, "unknown-stage", `no pipeline has a ${what}`);
  if (others.length === 0) return one;
  throw usage(`there is more than one ${what}: say which of ${found.map(name).join(", ")}`);
}

const usage = (message: string) => new Failure(EXIT.usage, "usage", message);
