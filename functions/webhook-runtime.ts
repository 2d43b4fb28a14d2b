import type { Deps } from "../shared/advance.ts";
import { type CachedSecret, cachedSecret } from "../shared/effects/cached-secret.ts";
import { type GitHubSecret, githubApi, parseGitHubSecret } from "../shared/effects/github-api.ts";
import { type GitHubLookups, githubLookups } from "../shared/effects/github-lookups.ts";
import { githubSource } from "../shared/effects/github-source.ts";
import { httpTable } from "../shared/store/dynamo-http.ts";
import { dynamoStore } from "../shared/store/dynamo-store.ts";
import { type Environment, lightAws } from "./light-aws.ts";
import { type LightLog, lightLog } from "./light-log.ts";

/**
 * What the webhook's function constructs once, from its environment. It has to load in a few milliseconds, for GitHub waits
 * for it: no AWS SDK, no Powertools.
 */
export interface WebhookRuntime {
  readonly deps: Deps;
  readonly log: LightLog;
  readonly secret: CachedSecret<GitHubSecret>;
  /** For one delivery: all of its look-ups share the time there is. */
  readonly lookups: () => GitHubLookups;
  /** Has a run opened, without waiting for it. */
  readonly open: (pipeline: string, runId: string) => Promise<void>;
}

/** Milliseconds for GitHub's API within the second that the answer may take. */
const LOOKUP_LIMIT = 600;

/** @param write takes the lines of the log */
export function createWebhookRuntime(
  environment: Environment,
  write: (line: string) => void,
): WebhookRuntime {
  const now = () => Date.now();
  const { variable, post, http } = lightAws(environment, now);
  const secret = cachedSecret(
    async () => parseGitHubSecret((await http.getSecret(variable("GITHUB_SECRET"))) ?? "{}"),
    now,
  );
  const log = lightLog(environment.POWERTOOLS_SERVICE_NAME ?? "tandem", now, write);
  const api = githubApi({
    url: variable("GITHUB_API_URL"),
    now,
    secret: () => secret.get(),
    timeout: LOOKUP_LIMIT,
  });
  const source = githubSource(api);
  const perform = () => Promise.reject(new Error("the webhook's function carries out no command"));
  const store = dynamoStore(httpTable(variable("TABLE"), post));
  return {
    deps: { store, now, perform },
    log,
    secret,
    lookups: () =>
      githubLookups(api, source, LOOKUP_LIMIT, (question, reason) =>
        log.warn("GitHub did not tell in time; counted as unknown", { question, reason }),
      ),
    open: (pipeline, runId) => http.invokeLater(variable("OPEN_RUN_FUNCTION"), { pipeline, runId }),
  };
}
