import type { Github } from "./core.ts";
import { defaultBranch, fetchInto, setDefaultBranch } from "./git/refs.ts";
import { addHook, DEFAULT_HOOK } from "./hooks.ts";
import type { GithubRepository, NewRepository } from "./repositories.ts";

/** The repository, made with its webhook when there is none. */
export async function ensureRepository(
  github: Github,
  wanted: NewRepository,
  login: string,
): Promise<{ readonly repository: GithubRepository; readonly created: boolean }> {
  const made = await github.repositories.ensure(wanted);
  if (made.created) await addHook(github, made.repository, DEFAULT_HOOK, login);
  return made;
}

/** A copy of a repository's branches and tags under another owner. A fork has no webhook: it is not built from. */
export async function forkRepository(
  github: Github,
  parent: GithubRepository,
  owner: string,
  name: string,
): Promise<{ readonly repository: GithubRepository; readonly created: boolean }> {
  return github.repositories.ensure({
    owner,
    name,
    private: parent.private,
    description: parent.description,
    parent: parent.fullName,
    fill: async (directory) => {
      const refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
      await fetchInto({ directory }, parent.directory, refs);
      await setDefaultBranch({ directory }, await defaultBranch(parent));
    },
  });
}
