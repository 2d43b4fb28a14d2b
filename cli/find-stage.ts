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
    stages.map((stage) => ({ pipeline: name, stage: stage.name })),
  );
  const named = ({ pipeline, stage }: Place) => `${pipeline} ${stage}`;
  return only(places, ({ stage }) => stage === first, `stage "${first}"`, named);
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
  return only(
    places,
    ({ cluster, service }) => service === first || `${cluster}/${service}` === first,
    `service "${first}"`,
    ({ pipeline, stage, cluster, service }) => `${cluster}/${service} (${pipeline} ${stage})`,
  );
}

function servicesOf({ name, stages }: PipelineView) {
  return stages.flatMap((stage) =>
    stage.services.map(({ cluster, service }) => ({ pipeline: name, stage: stage.name, cluster, service })),
  );
}

/** The one that fits of all there are. */
function only<T>(all: readonly T[], fits: (one: T) => boolean, what: string, name: (one: T) => string): T {
  const [one, ...others] = all.filter(fits);
  if (one === undefined) {
    const there = all.length === 0 ? "there is none at all" : `there are ${all.map(name).join(", ")}`;
    throw new Failure(EXIT.unknown, "unknown-stage", `no pipeline has a ${what}; ${there}`);
  }
  if (others.length === 0) return one;
  throw usage(`there is more than one ${what}: say which of ${[one, ...others].map(name).join(", ")}`);
}

const usage = (message: string) => new Failure(EXIT.usage, "usage", message);
