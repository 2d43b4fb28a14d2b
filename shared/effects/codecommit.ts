import type { People, Revision } from "../pipeline/events.ts";
import { refName } from "../pipeline/messages.ts";
import type { Head } from "../pipeline/pipelines.ts";
import type { Aws } from "./aws.ts";
import { isError } from "./context.ts";

/** Where a branch is now; tags do not move and are not asked about. */
export async function readHead(aws: Aws, { repository, ref }: Revision): Promise<Head> {
  if (!ref.startsWith("refs/heads/")) return "unknown";
  try {
    const { branch } = await aws.codecommit.getBranch({
      repositoryName: repository,
      branchName: refName(ref),
    });
    return branch?.commitId === undefined ? "gone" : { commit: branch.commitId };
  } catch (error) {
    if (isError(error, "BranchDoesNotExistException", "RepositoryDoesNotExistException")) return "gone";
    throw error;
  }
}

/** Who wrote, committed and pushed; a commit that is gone has only its pusher. */
export async function readPeople(
  aws: Aws,
  { repository, commit }: Revision,
  pusher?: string,
): Promise<People> {
  const pushed = pusher === undefined ? {} : { pusher };
  try {
    const { commit: found } = await aws.codecommit.getCommit({
      repositoryName: repository,
      commitId: commit,
    });
    const author = identity(found?.author);
    const committer = identity(found?.committer);
    return {
      ...(author === undefined ? {} : { author }),
      ...(committer === undefined ? {} : { committer }),
      ...pushed,
    };
  } catch (error) {
    if (isError(error, "CommitIdDoesNotExistException", "RepositoryDoesNotExistException")) return pushed;
    throw error;
  }
}

function identity(
  person: { name?: string | undefined; email?: string | undefined } | undefined,
): string | undefined {
  return person?.email === undefined ? person?.name : `${person.name ?? ""} <${person.email}>`.trim();
}
