import type { Offer } from "../intake/source.ts";
import type { SourceDefinition } from "../pipeline/definition.ts";
import type { Aws } from "./aws.ts";
import { isError } from "./context.ts";

/** How many pull requests are asked about side by side. */
const WIDTH = 8;

/**
 * The open pull requests of a repository. Of tags CodeCommit has no list.
 * https://docs.aws.amazon.com/codecommit/latest/APIReference/API_ListPullRequests.html
 */
export async function codecommitOffers(
  aws: Aws,
  source: SourceDefinition,
): Promise<readonly Offer[] | undefined> {
  if (source.type !== "codecommit" || source.pullRequests === "off") return undefined;
  const ids = await openPullRequests(aws, source.repository);
  const offers: Offer[] = [];
  for (let from = 0; from < ids.length; from += WIDTH) {
    const some = await Promise.all(ids.slice(from, from + WIDTH).map((id) => offerOf(aws, id)));
    offers.push(...some.flat());
  }
  return offers;
}

async function openPullRequests(aws: Aws, repositoryName: string): Promise<readonly string[]> {
  const ids: string[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const page = await aws.codecommit.listPullRequests({
        repositoryName,
        pullRequestStatus: "OPEN",
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      ids.push(...(page.pullRequestIds ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  } catch (error) {
    if (isError(error, "RepositoryDoesNotExistException")) return [];
    throw error;
  }
  return ids;
}

async function offerOf(aws: Aws, pullRequestId: string): Promise<readonly Offer[]> {
  const { pullRequest } = await aws.codecommit.getPullRequest({ pullRequestId });
  const { pullRequestTargets: [target] = [], revisionId, pullRequestStatus } = pullRequest ?? {};
  const { sourceCommit, destinationCommit, destinationReference } = target ?? {};
  if (pullRequestStatus !== "OPEN" || sourceCommit === undefined || destinationReference === undefined)
    return [];
  const number = Number(pullRequestId);
  return [
    {
      ref: `refs/pull/${number}/head`,
      commit: sourceCommit,
      ...(destinationCommit === undefined ? {} : { before: destinationCommit }),
      trigger: {
        ...({ type: "pull-request", number, fork: false } as const),
        ...(revisionId === undefined ? {} : { revisionId }),
      },
      matched: destinationReference,
      people: {},
      authors: [],
    },
  ];
}
