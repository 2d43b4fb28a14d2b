import type { IncomingMessage } from "node:http";
import type { Refusal, SmartHttp } from "../codecommit/smart-http.ts";
import { createSmartHttp } from "../codecommit/smart-http.ts";
import { canRead, gitActor, loginOf } from "./actors.ts";
import type { Github } from "./core.ts";
import { handlePush } from "./handle-push.ts";
import { ensureRepository } from "./make-repository.ts";
import { DEFAULT_LOGIN, parseFullName } from "./names.ts";
import type { GithubRepository } from "./repositories.ts";

/** Git over HTTP at `/github/OWNER/REPO.git`; a push makes the repository when there is none. */
export function createGithubGit(github: Github, scratch: string): SmartHttp {
  const { repositories, say } = github;
  const login = (request: IncomingMessage): string => {
    const actor = gitActor(request, github.app);
    return actor === undefined ? DEFAULT_LOGIN : loginOf(actor);
  };
  const allowed = (repository: GithubRepository, request: IncomingMessage): GithubRepository | Refusal =>
    canRead(gitActor(request, github.app), repository) ? repository : CREDENTIALS;
  return createSmartHttp<GithubRepository>({
    address: /^\/github\/([^/]+\/[^/]+?)(?:\.git)?(\/.*)?$/,
    usage: `${github.urls.web}/OWNER/REPOSITORY.git`,
    toRead: (name, request) => {
      const repository = repositories.find(name);
      return repository === undefined ? missing(name) : allowed(repository, request);
    },
    toPush: async (name, request) => {
      const parsed = parseFullName(name);
      if (parsed === undefined) return invalid(name);
      const { repository, created } = await ensureRepository(github, parsed, login(request));
      if (created) say(`github: created the repository ${repository.fullName}, as it was pushed to`);
      return allowed(repository, request);
    },
    scratch,
    pusher: login,
    receipt: ({ fullName }, pusher) => `pushed to ${fullName} as ${pusher}`,
    pushed: (repository, changes, pusher) => handlePush(github, repository, changes, pusher),
    // Where pull requests are kept nobody pushes to.
    settings: ["receive.hideRefs=refs/pull/"],
  });
}

const CREDENTIALS: Refusal = {
  status: 401,
  message: "This repository is private: use a token as password, for example local-github-token.",
  headers: { "www-authenticate": 'Basic realm="GitHub"' },
};

const missing = (name: string): Refusal => ({
  status: 404,
  message: `There is no repository ${name}: push to it, or create it with POST /user/repos.`,
});

const invalid = (name: string): Refusal => ({
  status: 400,
  message: `${name} is not OWNER/REPOSITORY: an owner has letters, digits and hyphens, a repository also periods and underscores.`,
});
