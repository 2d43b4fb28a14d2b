import {
  evolvePipeline,
  NEW_PIPELINE,
  type PipelineEvent,
  type PipelineState,
} from "../pipeline/pipelines.ts";
import type { Store } from "../store/stream-store.ts";

/** The stream of what a pipeline has accepted. */
export function pipelineStream(pipeline: string): string {
  return `pipeline#${pipeline}`;
}

export interface PipelineVersion {
  readonly version: number;
  readonly state: PipelineState;
}

export async function readPipeline(store: Store, pipeline: string): Promise<PipelineVersion> {
  const { version, state } = await store.streams.last(pipelineStream(pipeline));
  return { version, state: state === undefined ? NEW_PIPELINE : (state as PipelineState) };
}

/** False when somebody else was first. */
export function appendPipeline(
  store: Store,
  pipeline: string,
  { version, state }: PipelineVersion,
  event: PipelineEvent,
): Promise<boolean> {
  return store.streams.append(pipelineStream(pipeline), version, [event], evolvePipeline(state, event));
}

/**
 * Appends what the state asks for, again from the start when somebody else was first.
 * @param decide undefined when there is nothing (more) to append
 */
export async function changePipeline(
  store: Store,
  pipeline: string,
  decide: (state: PipelineState) => PipelineEvent | undefined,
): Promise<PipelineState> {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const now = await readPipeline(store, pipeline);
    const event = decide(now.state);
    if (event === undefined) return now.state;
    if (await appendPipeline(store, pipeline, now, event)) return evolvePipeline(now.state, event);
  }
  throw new Error(`pipeline ${pipeline} is contended: ten others were first`);
}
