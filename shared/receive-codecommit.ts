import { type Accepted, acceptAndOpen, refuseDelivery } from "./accept.ts";
import type { Deps } from "./advance.ts";
import type { Source } from "./intake/source.ts";
import type { PipelineDefinition } from "./pipeline/definition.ts";
import type { Revision, Trigger } from "./pipeline/events.ts";

/** A commit that CodeCommit tells of, for whichever pipeline wants it. */
export interface CodeCommitDelivery {
  /** The event's own id. */
  readonly id: string;
  readonly revision: Revision;
  readonly trigger: Trigger;
  /** The ARN of whoever brought it. */
  readonly pusher?: string;
}

/** What became of an event of CodeCommit. */
export interface CodeCommitReceived {
  readonly accepted: readonly Accepted[];
  /** Why no pipeline wants it, when none does. */
  readonly refused?: string;
  /** Of pipelines whose part could not be stored: the event has to come again. */
  readonly errors: readonly unknown[];
}

/**
 * Accepts what CodeCommit tells of for every pipeline that wants it, or records why none does.
 * @param mismatch why a pipeline does not want it, if it does not
 */
export async function receiveCodeCommit(
  deps: Deps,
  pipelines: readonly PipelineDefinition[],
  source: Source,
  { id, revision, trigger, pusher }: CodeCommitDelivery,
  mismatch: (pipeline: PipelineDefinition) => string | undefined,
): Promise<CodeCommitReceived> {
  const ours = pipelines.filter((pipeline) => pipeline.source.type === "codecommit");
  const wanted = ours.filter((pipeline) => mismatch(pipeline) === undefined);
  if (wanted.length === 0) {
    const refused = ours.map(mismatch).join("; ");
    await refuseDelivery(deps, "-", { id, revision, people: {}, trigger }, refused);
    return { accepted: [], refused, errors: [] };
  }
  const found = await source.commit(revision.repository, revision.commit);
  const people = { ...found?.people, ...(pusher === undefined ? {} : { pusher }) };
  const delivery = { id, revision, people, trigger };
  const settled = await Promise.allSettled(
    wanted.map((pipeline) => acceptAndOpen(deps, pipeline, delivery, source, found)),
  );
  return {
    accepted: settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])),
    errors: settled.flatMap((one) => (one.status === "rejected" ? [one.reason] : [])),
  };
}
