import type { Source } from "../intake/source.ts";
import type { GitHubApi } from "./github-api.ts";

/** What a webhook may ask of GitHub before it answers. */
export interface GitHubLookups {
  readonly source: Pick<Source, "changedFiles">;
  /** The commit of a tag; undefined when it could not be found out in time. */
  readonly commitOfTag: (repository: string, tag: string) => Promise<string | undefined>;
}

/** Told of every question that got no answer, and why. */
export type OnGivenUp = (question: string, reason: string) => void;

/**
 * The look-ups of one delivery. GitHub waits for our answer while we wait for its own: after `limit` milliseconds over all
 * of them what is not known counts as unknown, and an unknown difference is one that is built. Where the ref is now is
 * not asked at all: the opening of the run does that.
 */
export function githubLookups(
  api: GitHubApi,
  source: Pick<Source, "changedFiles">,
  limit: number,
  givenUp: OnGivenUp,
): GitHubLookups {
  let deadline: Promise<"late"> | undefined;
  const inTime = async <T>(question: string, ask: () => Promise<T>): Promise<T | undefined> => {
    deadline ??= new Promise((resolve) => setTimeout(() => resolve("late"), limit).unref());
    const failed = (error: unknown) => ({ reason: error instanceof Error ? error.message : String(error) });
    const asked = ask().then((value) => ({ value }), failed);
    const answer = await Promise.race([asked, deadline]);
    if (answer !== "late" && "value" in answer) return answer.value;
    givenUp(question, answer === "late" ? `no answer within ${limit} ms` : answer.reason);
    return undefined;
  };
  return {
    source: {
      changedFiles: async (repository, from, to) => {
        const question = `what changed in ${repository} from ${from} to ${to}`;
        return (await inTime(question, () => source.changedFiles(repository, from, to))) ?? "unknown";
      },
    },
    commitOfTag: (repository, tag) =>
      inTime(`the commit of the tag ${tag} of ${repository}`, async () => {
        const path = ["tags", ...tag.split("/")].map(encodeURIComponent).join("/");
        const { data } = await api.request(
          repository,
          "GET",
          `/repos/${repository}/commits/${path}?per_page=1`,
        );
        return shaOf(data);
      }),
  };
}

function shaOf(data: unknown): string {
  const sha = typeof data === "object" && data !== null && "sha" in data ? data.sha : undefined;
  if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha)) throw new Error("GitHub named no commit");
  return sha;
}
