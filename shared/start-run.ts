import { type Accepted, acceptAndOpen } from "./accept.ts";
import type { Deps } from "./advance.ts";
import type { Source } from "./intake/source.ts";
import type { PipelineDefinition } from "./pipeline/definition.ts";
import type { Trigger } from "./pipeline/events.ts";
import { branchUnknown, noBranch } from "./pipeline/messages.ts";

/** What somebody, a schedule or a base image wants built. */
export interface StartRequest {
  /** Tells one wish from another: the same id twice makes one run. */
  readonly id: string;
  readonly trigger: Trigger;
  /** The pipeline's first branch when left out. */
  readonly branch?: string;
  /** Must be the branch's tip: to go back to an earlier release is a rollback. */
  readonly commit?: string;
  readonly starter?: string;
  /** The other names that the starter is known by. */
  readonly starterNames?: readonly string[];
  /** From where the wish came, for the record. */
  readonly starterFrom?: string;
}

/** Starts a run of a branch's tip, whether or not it has been built before. */
export async function startRun(
  deps: Deps,
  definition: PipelineDefinition,
  source: Source,
  request: StartRequest,
): Promise<Accepted> {
  const pipeline = definition.name;
  const { repository, branches } = definition.source;
  const branch = request.branch ?? branches.find((glob) => !/[*?[\]{}!()]/.test(glob));
  if (branch === undefined) return { pipeline, ignored: noBranch(pipeline) };
  const ref = `refs/heads/${branch}`;
  const head = await source.head({ repository, ref, commit: "" });
  if (typeof head === "string") return { pipeline, ignored: branchUnknown(repository, branch) };
  const commit = request.commit ?? head.commit;
  const found = await source.commit(repository, commit);
  const starter = {
    ...(request.starter === undefined ? {} : { starter: request.starter }),
    ...(request.starterNames === undefined ? {} : { starterNames: request.starterNames }),
    ...(request.starterFrom === undefined ? {} : { starterFrom: request.starterFrom }),
  };
  const delivery = {
    id: request.id,
    revision: { repository, ref, commit },
    people: { ...found?.people, ...starter },
    trigger: request.trigger,
  };
  return acceptAndOpen(deps, definition, delivery, source, found);
}
