import { acceptDelivery, refuseDelivery } from "./accept.ts";
import type { Deps } from "./advance.ts";
import type { GitHubLookups } from "./effects/github-lookups.ts";
import { githubMismatch } from "./intake/github-match.ts";
import { type GitHubDelivery, type GitHubIgnored, isSameRepository } from "./intake/github-webhook.ts";
import type { PipelineDefinition } from "./pipeline/definition.ts";
import { refName } from "./pipeline/messages.ts";
import type { RunStarted } from "./pipeline/pipelines.ts";

/** What the webhook answers, and whom it has to open. */
export interface Received {
  /** The runs of the delivery, those of an earlier one like it too. */
  readonly accepted: readonly string[];
  readonly ignored?: string;
  /** Accepted now, and not opened yet. */
  readonly fresh: readonly RunStarted[];
  /** Of pipelines whose part could not be stored: the delivery has to come again. */
  readonly errors: readonly unknown[];
}

type Known = GitHubDelivery & { readonly commit: string };

/** Accepts what GitHub tells of for every pipeline that wants it, or records why none does. */
export async function receiveGitHub(
  deps: Deps,
  pipelines: readonly PipelineDefinition[],
  lookups: GitHubLookups,
  id: string,
  delivery: GitHubDelivery,
): Promise<Received> {
  const { repository, ref } = delivery;
  const ours = pipelines.filter(
    ({ source }) => source.type === "github" && isSameRepository(source.repository, repository),
  );
  const reasons = ours.map((pipeline) => githubMismatch(pipeline, delivery));
  const wanted = ours.filter((_, at) => reasons[at] === undefined);
  if (wanted.length === 0) {
    const ignored = reasons.join("; ") || `no pipeline follows the repository ${repository} at GitHub`;
    if (isKnown(delivery)) await refuseDelivery(deps, "-", deliveryOf(id, delivery, repository), ignored);
    return { accepted: [], ignored, fresh: [], errors: [] };
  }
  const known = await withCommit(lookups, delivery);
  if (known !== undefined) return acceptAll(deps, wanted, lookups.source, id, known);
  const ignored = `GitHub did not say in time which commit ${ref} is: the push of the tag starts its run, if that is wanted`;
  return { accepted: [], ignored, fresh: [], errors: [] };
}

/** Records that an event with a commit starts nothing, whoever follows the repository. */
export async function recordIgnored(deps: Deps, id: string, { about, reason }: GitHubIgnored): Promise<void> {
  if (about === undefined) return;
  const { repository, ref, commit, trigger } = about;
  const delivery = { id, revision: { repository, ref, commit }, people: {}, trigger };
  await refuseDelivery(deps, "-", delivery, reason);
}

function isKnown(delivery: GitHubDelivery): delivery is Known {
  return delivery.commit !== undefined;
}

/** A release names its tag only; GitHub knows the commit. */
async function withCommit(
  { commitOfTag }: GitHubLookups,
  delivery: GitHubDelivery,
): Promise<Known | undefined> {
  if (isKnown(delivery)) return delivery;
  const commit = await commitOfTag(delivery.repository, refName(delivery.ref));
  return commit === undefined ? undefined : { ...delivery, commit };
}

async function acceptAll(
  deps: Deps,
  wanted: readonly PipelineDefinition[],
  source: GitHubLookups["source"],
  id: string,
  delivery: Known,
): Promise<Received> {
  const settled = await Promise.allSettled(
    wanted.map((pipeline) =>
      // The pipeline's spelling of the repository: one name for what one repository has delivered.
      acceptDelivery(
        deps,
        pipeline,
        deliveryOf(id, delivery, pipeline.source.repository),
        source,
        delivery.info,
      ),
    ),
  );
  const results = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const ignored = results.flatMap((result) =>
    "ignored" in result ? [`${result.pipeline}: ${result.ignored}`] : [],
  );
  return {
    accepted: results.flatMap((result) => ("runId" in result ? [result.runId] : [])),
    fresh: results.flatMap((result) =>
      "started" in result && result.started !== undefined ? [result.started] : [],
    ),
    errors: settled.flatMap((one) => (one.status === "rejected" ? [one.reason] : [])),
    ...(ignored.length === 0 ? {} : { ignored: ignored.join("; ") }),
  };
}

function deliveryOf(id: string, { ref, commit, before, people, trigger }: Known, repository: string) {
  const revision = { repository, ref, commit, ...(before === undefined ? {} : { before }) };
  return { id, revision, people, trigger };
}
