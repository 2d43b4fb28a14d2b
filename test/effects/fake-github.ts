import type { GitHubApi } from "../../shared/effects/github-api.ts";
import { GitHubError } from "../../shared/effects/github-error.ts";

export interface GitHubCall {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** What GitHub answers: data, data with a next page, or an error's status. */
export type Reply = { readonly data: unknown; readonly next?: string } | { readonly status: number };

/** GitHub that answers as it is told; every request is written down. */
export function fakeGitHub(
  answer: (call: GitHubCall) => Reply,
  identity: "app" | "token" | "anonymous" = "app",
): { readonly api: GitHubApi; readonly calls: readonly GitHubCall[] } {
  const calls: GitHubCall[] = [];
  const api: GitHubApi = {
    identity: async () => identity,
    async request(repository, method, path, body) {
      const call = { method, path, ...(body === undefined ? {} : { body }) };
      calls.push(call);
      const reply = answer(call);
      if ("status" in reply) throw new GitHubError({ repository, method, path }, reply.status, "said GitHub");
      return { status: 200, ...reply };
    },
  };
  return { api, calls };
}
