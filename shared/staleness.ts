import type { Source } from "./intake/source.ts";
import type { PipelineDefinition } from "./pipeline/definition.ts";
import type { Revision } from "./pipeline/events.ts";
import { alreadyRun } from "./pipeline/messages.ts";
import { type Delivery, doubleReason, isRepeatable, staleReason } from "./pipeline/pipelines.ts";
import { type RefEntry, withoutPredecessors } from "./pipeline/refs.ts";

/** More commits of one ref that are decided upon at the same time than anybody pushes; beyond it a late one is let go. */
const MOST_COMPARED = 20;

/**
 * Why a commit is not, or no longer, to be delivered. Asked after it has its number, and with all that has a lower one: who is
 * told that it is the tip then, or newer than those, may go, since whatever is pushed from now on comes after it.
 * @param earlier by number, the highest first
 */
export async function refusalOf(
  source: Source,
  { mode }: PipelineDefinition,
  delivery: Pick<Delivery, "revision" | "trigger">,
  earlier: readonly RefEntry[],
): Promise<string | undefined> {
  const { revision } = delivery;
  const double = doubleReason(delivery, earlier);
  if (double !== undefined) return double;
  const head = await source.head(revision);
  const known = await runBelowLateOnes(source, delivery, earlier);
  if (known !== undefined) return alreadyRun(revision, known);
  // What is to be built once more is the tip, in every mode: to go back is a rollback.
  return staleReason(mode, revision, head, async (tip) =>
    isRepeatable(delivery) ? true : isOvertaken(source, revision, tip, earlier),
  );
}

/**
 * The run that a commit has already, beneath late pushes of older commits which nobody has decided upon: once somebody has, they
 * are gone, and the commit is what the ref was at before.
 */
async function runBelowLateOnes(
  source: Source,
  delivery: Pick<Delivery, "revision" | "trigger">,
  earlier: readonly RefEntry[],
): Promise<string | undefined> {
  const { repository, commit } = delivery.revision;
  const at = earlier.findIndex(({ opening }) => opening !== true);
  const settled = earlier[at];
  if (settled?.runId === undefined || settled.commit !== commit || isRepeatable(delivery)) return undefined;
  if (at === 0 || at > MOST_COMPARED) return undefined;
  const above = earlier.slice(0, at);
  const relations = await Promise.all(
    above.map((one) => (one.commit === commit ? "same" : source.relation(repository, one.commit, commit))),
  );
  return relations.every((one) => one === "before" || one === "same") ? settled.runId : undefined;
}

/** Whether a newer commit of the ref has its run already. What nobody can tell counts as newer: the tip has its own run. */
async function isOvertaken(
  source: Source,
  revision: Revision,
  tip: string,
  earlier: readonly RefEntry[],
): Promise<boolean> {
  if (earlier.some(({ commit }) => commit === tip)) return true;
  const open = withoutPredecessors(earlier, revision).filter(({ commit }) => commit !== revision.commit);
  if (open.some(({ before }) => before === revision.commit) || open.length > MOST_COMPARED) return true;
  const answers = await Promise.all(open.map(({ commit }) => isNewer(source, revision, tip, commit)));
  return answers.includes(true);
}

async function isNewer(
  source: Source,
  { repository, commit }: Revision,
  tip: string,
  other: string,
): Promise<boolean> {
  const relation = await source.relation(repository, commit, other);
  switch (relation) {
    case "before":
    case "unknown":
      return true;
    case "after":
    case "same":
      return false;
    case "apart":
      // A forced push between the two: the one that is still part of the ref is the newer.
      return (await source.relation(repository, commit, tip)) !== "before";
  }
}
