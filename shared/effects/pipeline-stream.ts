import {
  evolvePipeline,
  NEW_PIPELINE,
  type PipelineEvent,
  type PipelineState,
} from "../pipeline/pipelines.ts";
import { evolveRef, NEW_REF, type RefEvent, type RefState } from "../pipeline/refs.ts";
import type { Store } from "../store/stream-store.ts";

/** A stream's state, and the version to append after. */
export interface Versioned<State> {
  readonly version: number;
  readonly state: State;
}

/** The stream of what a pipeline has accepted. */
export function pipelineStream(pipeline: string): string {
  return `pipeline#${pipeline}`;
}

/** The stream of the commits of one of its refs. */
export function refStream(pipeline: string, ref: string): string {
  return `ref#${pipeline} ${ref}`;
}

export async function readPipeline(store: Store, pipeline: string): Promise<Versioned<PipelineState>> {
  const { version, state } = await store.streams.last(pipelineStream(pipeline));
  return { version, state: state === undefined ? NEW_PIPELINE : (state as PipelineState) };
}

export async function readRef(store: Store, pipeline: string, ref: string): Promise<Versioned<RefState>> {
  const { version, state } = await store.streams.last(refStream(pipeline, ref));
  return { version, state: state === undefined ? NEW_REF : (state as RefState) };
}

/** False when somebody else was first. */
export function appendPipeline(
  store: Store,
  pipeline: string,
  { version, state }: Versioned<PipelineState>,
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
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const now = await readPipeline(store, pipeline);
    const event = decide(now.state);
    if (event === undefined) return now.state;
    if (await appendPipeline(store, pipeline, now, event)) return evolvePipeline(now.state, event);
  }
  throw new Error(`pipeline ${pipeline} is contended: ${ATTEMPTS} others were first`);
}

/** The same for a ref; several events are one append. */
export async function changeRef(
  store: Store,
  pipeline: string,
  ref: string,
  decide: (state: RefState) => readonly RefEvent[],
): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { version, state } = await readRef(store, pipeline, ref);
    const events = decide(state);
    if (events.length === 0) return;
    const next = events.reduce(evolveRef, state);
    if (await store.streams.append(refStream(pipeline, ref), version, events, next)) return;
  }
  throw new Error(`${ref} of pipeline ${pipeline} is contended: ${ATTEMPTS} others were first`);
}

const ATTEMPTS = 10;
