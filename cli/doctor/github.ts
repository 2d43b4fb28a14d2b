import type { GitHubSource, PipelineDefinition } from "../../shared/pipeline/definition.ts";
import type { RunView } from "../../shared/pipeline/view.ts";
import type { Address } from "../address.ts";
import { type EventLine, isRecord } from "../answers.ts";
import type { Check } from "./check.ts";

/** A pipeline that follows a repository at GitHub. */
export type GitHubPipeline = PipelineDefinition & { readonly source: GitHubSource };

export const isGitHubPipeline = (pipeline: PipelineDefinition): pipeline is GitHubPipeline =>
  pipeline.source.type === "github";

/** The secret's name as the stack makes it. */
const SECRET = "the secret tandem/github in Secrets Manager";

/**
 * What a pipeline needs of GitHub. The secret is not to be seen from here: the pipeline's newest run shows what has worked,
 * and for the rest it is said what is needed.
 * @param events of the newest run
 */
export function checkGitHub(
  pipeline: GitHubPipeline,
  newest: RunView | undefined,
  address: Address,
  events: readonly EventLine[] = [],
): readonly Check[] {
  const checks = [
    webhook(pipeline, newest, address),
    reports(newest, reporterIn(events)),
    clone(pipeline, newest),
  ];
  const told = address.local && newest === undefined ? checks.map(locally) : checks;
  return told.map((check) => ({ ...check, pipeline: pipeline.name }));
}

/** What the local endpoint has by itself; a run shows whether it is still so. */
function locally({ name }: Check): Check {
  return { status: "ok", name, says: "the local GitHub comes with it: webhook, secret and App" };
}

/** Triggers that only a signed delivery makes. */
const BY_WEBHOOK = ["push", "pull-request", "release"];

function webhook(
  { source: { repository } }: GitHubPipeline,
  newest: RunView | undefined,
  { url }: Address,
): Check {
  const name = "github-webhook";
  if (newest !== undefined && BY_WEBHOOK.includes(newest.trigger))
    return { status: "ok", name, says: `${newest.id} began by a delivery with a good signature` };
  const says =
    newest?.trigger === "head"
      ? `the commit of ${newest.id} was found by the sweep: GitHub had not told of it, or its delivery was refused`
      : "no delivery has begun its newest run, so whether there is a webhook cannot be told from here";
  const remedy = `in the settings of ${repository}: a webhook to ${url}/webhooks/github, content type application/json, for pushes, pull requests and releases; its secret stands in webhookSecrets of ${SECRET}`;
  return { status: "unknown", name, says, remedy };
}

/**
 * With what GitHub has been told of a run, last: check runs have ids, and are for Apps only; commit statuses have none.
 * Undefined when it has been told nothing of a commit.
 */
function reporterIn(events: readonly EventLine[]): "app" | "token" | undefined {
  const said = events.flatMap((event) => (isRecord(event.said) ? Object.entries(event.said) : []));
  const [, last] =
    said.findLast(([key, one]) => !key.startsWith("deployment ") && isRecord(one) && one.refused !== true) ??
    [];
  if (!isRecord(last)) return undefined;
  return last.id === undefined ? "token" : "app";
}

function reports(newest: RunView | undefined, reporter: "app" | "token" | undefined): Check {
  const name = "github-reports";
  const needed = `appId and privateKey of a GitHub App in ${SECRET}, which may write checks and deployments, and read contents and pull requests; or a token there: statuses stand in for check runs then. With neither, GitHub shows nothing, neither checks nor deployments`;
  if (newest?.reportProblem !== undefined)
    return { status: "missing", name, says: newest.reportProblem, remedy: needed };
  if (newest !== undefined && reporter === "app")
    return { status: "ok", name, says: `a GitHub App shows ${newest.id}: check runs and deployments` };
  if (newest !== undefined && reporter === "token") {
    const says = `a token shows ${newest.id}: commit statuses and deployments; there are no check runs, which GitHub gives to Apps only`;
    const remedy = `for check runs: appId and privateKey of a GitHub App in ${SECRET}`;
    return { status: "ok", name, says, remedy };
  }
  const says =
    newest === undefined
      ? "nothing has been reported yet: whether there is a GitHub App or a token cannot be told from here"
      : `GitHub has refused nothing of ${newest.id}; whether an App or a token reports cannot be told from here`;
  return newest === undefined
    ? { status: "unknown", name, says, remedy: needed }
    : { status: "ok", name, says };
}

function clone({ source }: GitHubPipeline, newest: RunView | undefined): Check {
  const name = "github-source";
  const built = newest?.images.some(({ builds }) => builds.some(({ status }) => status === "succeeded"));
  if (newest !== undefined && built === true)
    return { status: "ok", name, says: `the builds of ${newest.id} have read ${source.repository}` };
  const { connection, repository } = source;
  const remedy =
    connection === undefined
      ? `a private repository needs \`connection\` in the definition, or a token by \`aws codebuild import-source-credentials\`; a public one neither`
      : `the connection ${connection} must be available, and its GitHub App installed for ${repository}`;
  return {
    status: "unknown",
    name,
    says: `whether builds can read ${repository} shows with the first one`,
    remedy,
  };
}
