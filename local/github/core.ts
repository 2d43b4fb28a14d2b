import type { GithubApp } from "./app.ts";
import type { GithubRepositories, GithubRepository } from "./repositories.ts";
import type { Deliveries } from "./webhooks/deliveries.ts";
import type { DeliveryFaults } from "./webhooks/faults.ts";
import type { Webhooks } from "./webhooks/webhooks.ts";

/** Where the stand-in is: `api` takes the place of https://api.github.com, `web` that of https://github.com. */
export interface Urls {
  readonly api: string;
  readonly web: string;
}

/** What the parts of the stand-in share. */
export interface Github {
  readonly urls: Urls;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly say: (line: string) => void;
  readonly app: GithubApp;
  readonly repositories: GithubRepositories;
  readonly webhooks: Webhooks;
  readonly deliveries: Deliveries;
  readonly faults: DeliveryFaults;
  /** Does something with a repository after everything that was begun with it before; never throws. */
  readonly inOrder: (repository: GithubRepository, work: () => Promise<void>) => Promise<void>;
}
