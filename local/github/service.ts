import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { requireExecutable } from "../codecommit/executable.ts";
import { requireGit } from "../codecommit/git.ts";
import { POST_RECEIVE_HOOK } from "../codecommit/smart-http.ts";
import { reasonOf } from "../errors.ts";
import type { LocalContext, LocalService } from "../service.ts";
import { APP_ID, openApp } from "./app.ts";
import { createGithubControl } from "./control.ts";
import type { Github, Urls } from "./core.ts";
import { createGithubGit } from "./git-http.ts";
import { openGithubRepositories } from "./repositories.ts";
import { ROUTES } from "./rest/routes.ts";
import { createRestApi } from "./rest/server.ts";
import { openDeliveries } from "./webhooks/deliveries.ts";
import { DeliveryFaults } from "./webhooks/faults.ts";
import { createWebhooks } from "./webhooks/webhooks.ts";

export const DEFAULT_WEBHOOK_SECRET = "local-webhook-secret";

export interface GithubOptions {
  /** What webhooks are signed with; `local-webhook-secret` unless told. */
  readonly webhookSecret?: string | undefined;
  /** Where every repository's first webhook delivers to; `/webhooks/github` of the HTTP API unless told. */
  readonly webhookTarget?: string;
}

/** GitHub with what the rest of `local/` asks of it. */
export interface GithubService extends LocalService {
  readonly urls: Urls;
  /** The content of the secret with which Tandem talks to this GitHub, as JSON. */
  readonly secret: () => string;
}

/**
 * A stand-in for GitHub: git below `/github/`, the REST API below `/github/api/`, and webhooks. Its repositories are
 * bare git repositories below `<state>/github`.
 *
 * @throws Error naming the file when the stored state cannot be read; when git is missing or too old
 */
export async function createGithub(
  context: Pick<LocalContext, "url" | "stateDir" | "now" | "say">,
  options: GithubOptions = {},
): Promise<GithubService> {
  await Promise.all([requireGit(), requireExecutable([POST_RECEIVE_HOOK])]);
  const folder = join(context.stateDir, "github");
  const scratch = join(folder, ".pushed");
  await rm(scratch, { recursive: true, force: true });
  // The App's key is in here.
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [app, repositories, deliveries] = await Promise.all([
    openApp(folder, context.now),
    openGithubRepositories(join(folder, "repositories"), context.now),
    openDeliveries(join(folder, "deliveries")),
  ]);
  const { now, say } = context;
  const urls: Urls = { api: `${context.url}/github/api`, web: `${context.url}/github` };
  const webhookSecret = options.webhookSecret || DEFAULT_WEBHOOK_SECRET;
  const faults = new DeliveryFaults();
  const webhooks = createWebhooks({
    target: options.webhookTarget ?? `${context.url}/webhooks/github`,
    secret: webhookSecret,
    ...{ deliveries, faults, now, say },
  });
  const inOrder = oneAfterTheOther(say);
  const github: Github = { urls, now, say, app, repositories, webhooks, deliveries, faults, inOrder };
  const git = createGithubGit(github, scratch);
  return {
    urls,
    secret: () =>
      JSON.stringify({ webhookSecrets: [webhookSecret], appId: APP_ID, privateKey: app.privateKey }),
    routes: {
      "/github/": git.handle,
      "/github/api/": createRestApi(github, ROUTES),
      "/_local/github/": createGithubControl(github),
    },
    close: async () => {
      await git.close();
      await webhooks.close();
    },
  };
}

/** Work on one repository in the order in which it came. */
function oneAfterTheOther(say: (line: string) => void): Github["inOrder"] {
  const last = new Map<string, Promise<void>>();
  return ({ fullName }, work) => {
    const before = last.get(fullName) ?? Promise.resolve();
    const mine = before.then(work).catch((error: unknown) => {
      say(`github: the events of a push to ${fullName} broke off: ${reasonOf(error)}`);
    });
    last.set(fullName, mine);
    return mine.finally(() => {
      if (last.get(fullName) === mine) last.delete(fullName);
    });
  };
}
