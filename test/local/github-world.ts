import { join } from "node:path";
import { type Detail, git, isDetail, temporaryFolder, workingCopy } from "./codebuild-endpoint.ts";
import { type GithubEndpoint, type Received, startGithub } from "./github-endpoint.ts";

/** A repository of its own for a test, with a working copy of it. */
export interface PushedCopy {
  readonly path: string;
  /** The one commit on main. */
  readonly commit: string;
  readonly repo: string;
  readonly fullName: string;
  readonly url: string;
  /** For Octokit. */
  readonly at: { readonly owner: string; readonly repo: string };
  /** The webhook of the push. */
  readonly first: Received;
}

/** The stand-in for GitHub over a folder of its own, which goes when it is stopped. */
export interface GithubWorld extends GithubEndpoint {
  readonly folder: string;
  /** A new repository of octocat with one commit pushed to main. */
  pushed(files?: Readonly<Record<string, string>>): Promise<PushedCopy>;
  /** Resolves with the first push event of a repository that fits. */
  push(fullName: string, matches: (one: Received) => boolean): Promise<Received>;
}

const repositoryOf = ({ payload }: Received): Detail =>
  isDetail(payload.repository) ? payload.repository : {};

export const isFrom =
  (fullName: string, event: string) =>
  (one: Received): boolean =>
    one.event === event && repositoryOf(one).full_name === fullName;

/** What the tests of a file share. */
export async function startWorld(): Promise<GithubWorld> {
  const folder = await temporaryFolder();
  const endpoint = await startGithub({ stateDir: join(folder.path, "state") });
  let copies = 0;
  const push: GithubWorld["push"] = (fullName, matches) =>
    endpoint.receiver.first((one) => isFrom(fullName, "push")(one) && matches(one));
  return {
    ...endpoint,
    folder: folder.path,
    push,
    pushed: async (files = { "a.txt": "one\n" }) => {
      copies += 1;
      const repo = `repository-${copies}`;
      const copy = await workingCopy(folder.path, repo, files);
      const fullName = `octocat/${repo}`;
      const url = `${endpoint.url}/github/${fullName}.git`;
      await git(copy.path, "push", "--quiet", url, "main");
      const first = await push(fullName, ({ payload }) => payload.after === copy.commit);
      return { ...copy, repo, fullName, url, first, at: { owner: "octocat", repo } };
    },
    stop: async () => {
      await endpoint.stop();
      await folder.remove();
    },
  };
}
