import { createHmac, randomUUID } from "node:crypto";
import { z } from "zod";
import type { Answer } from "./api.ts";
import { eventually } from "./poll.ts";

/** The token of the stand-in's octocat; followed by `-LOGIN` that of somebody else. */
const TOKEN = "local-github-token";
export const WEBHOOK_SECRET = "local-webhook-secret";

const delivery = z.object({
  id: z.number(),
  guid: z.string(),
  event: z.string(),
  action: z.string().nullable(),
  redelivery: z.boolean(),
  status_code: z.number(),
});
const deliveries = z.object({ deliveries: z.array(delivery) });
const answer = z.object({ accepted: z.array(z.string()), ignored: z.string().optional() });

export type Delivery = z.infer<typeof delivery>;

/** What Tandem answered to a delivery. */
export interface Answered extends z.infer<typeof answer> {
  readonly status: number;
}

const detail = z.object({
  request: z.object({ payload: z.unknown() }),
  response: z.object({ payload: z.string() }),
  status_code: z.number(),
});

const checkRuns = z.object({
  check_runs: z.array(z.object({ name: z.string(), status: z.string(), conclusion: z.string().nullable() })),
});
const deployments = z.array(z.object({ id: z.number(), sha: z.string(), environment: z.string() }));
const statuses = z.array(z.object({ state: z.string(), environment_url: z.string() }));

/** A repository at the stand-in for GitHub, over its REST API, and the switches that GitHub does not have. */
export class GitHub {
  readonly #url: string;
  readonly #repository: string;

  constructor(url: string, repository: string) {
    this.#url = url;
    this.#repository = repository;
  }

  /** Where git pushes to. */
  address(repository = this.#repository): string {
    return `${this.#url}/github/${repository}.git`;
  }

  /** @throws Error for every answer that is no success */
  async ask(method: string, path: string, content?: unknown, login?: string): Promise<unknown> {
    const token = login === undefined ? TOKEN : `${TOKEN}-${login}`;
    return this.#send(method, `${this.#url}/github/api${path}`, content, {
      authorization: `Bearer ${token}`,
    });
  }

  /** Asks about the repository. */
  async of(method: string, path: string, content?: unknown, login?: string): Promise<unknown> {
    return this.ask(method, `/repos/${this.#repository}${path}`, content, login);
  }

  /** The newest first. */
  async deliveries(): Promise<readonly Delivery[]> {
    const list = await this.#send("GET", `${this.#url}/_local/github/deliveries`);
    return deliveries.parse(list).deliveries;
  }

  /** Waits for an event that tells of a commit. @returns its first delivery, or what was to be one and got lost */
  async delivered(event: string, commit: string): Promise<Delivery> {
    return eventually(async () => {
      for (const one of [...(await this.deliveries())].reverse()) {
        if (one.event !== event) continue;
        if (JSON.stringify((await this.#detail(one)).request.payload).includes(commit)) return one;
      }
      return undefined;
    }, `the delivery of ${event} of ${commit}`);
  }

  async answerTo(delivered: Delivery): Promise<Answered> {
    const { response, status_code: status } = await this.#detail(delivered);
    return { status, ...answer.parse(JSON.parse(response.payload)) };
  }

  /** Sends it again, as "Redeliver" on GitHub's page does. */
  async redeliver({ guid }: Delivery): Promise<Answered> {
    const again = await this.#send("POST", `${this.#url}/_local/github/redeliver`, { delivery: guid });
    const { status_code: status, response } = z
      .object({ status_code: z.number(), response: z.string() })
      .parse(again);
    return { status, ...answer.parse(JSON.parse(response)) };
  }

  /** The next delivery of an event never arrives. */
  async lose(event: string): Promise<void> {
    await this.#send("POST", `${this.#url}/_local/github/faults`, { event, mode: "lose" });
  }

  /** Waits until so many checks of a commit have come to their ends: GitHub is told a moment after the run has ended. */
  async settledChecks(commit: string, count: number): Promise<Readonly<Record<string, string>>> {
    const unfinished = ["queued", "in_progress"];
    return eventually(async () => {
      const checks = await this.checks(commit);
      const states = Object.values(checks);
      return states.length >= count && !states.some((one) => unfinished.includes(one)) ? checks : undefined;
    }, `${count} checks of ${commit} at GitHub`);
  }

  /** What GitHub shows beside a commit: name to conclusion, or how far it is. */
  async checks(commit: string): Promise<Readonly<Record<string, string>>> {
    const found = checkRuns.parse(await this.of("GET", `/commits/${commit}/check-runs`)).check_runs;
    return Object.fromEntries(found.map(({ name, status, conclusion }) => [name, conclusion ?? status]));
  }

  /** The deployments of a commit, with their newest states. */
  async deployments(commit: string) {
    const found = deployments.parse(await this.of("GET", `/deployments?sha=${commit}`));
    return Promise.all(
      found.map(async ({ id, environment }) => {
        const [newest] = statuses.parse(await this.of("GET", `/deployments/${id}/statuses`));
        return { environment, ...newest };
      }),
    );
  }

  async #detail({ id }: Delivery): Promise<z.infer<typeof detail>> {
    const hooks = z.array(z.object({ id: z.number() })).parse(await this.of("GET", "/hooks"));
    const [hook] = hooks;
    return detail.parse(await this.of("GET", `/hooks/${hook?.id}/deliveries/${id}`));
  }

  async #send(method: string, url: string, content?: unknown, headers: Record<string, string> = {}) {
    const body = content === undefined ? {} : { body: JSON.stringify(content) };
    const response = await fetch(url, { method, headers, ...body });
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}

/** `X-Hub-Signature-256` by hand. https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
export function signature(body: string, secret = WEBHOOK_SECRET, hash = "sha256"): string {
  return `${hash}=${createHmac(hash, secret).update(body).digest("hex")}`;
}

/** Posts to the webhook as GitHub would; `headers` win. */
export async function postWebhook(
  url: string,
  event: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const response = await fetch(`${url}/webhooks/github`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-github-event": event,
      "x-github-delivery": randomUUID(),
      ...headers,
    },
    body,
  });
  return { status: response.status, body: await response.json() };
}

/** The body of a push to main, as GitHub documents it. */
export function pushOf(commit: string, before: string): string {
  const person = { name: "octocat", email: "octocat@example.com", username: "octocat" };
  return JSON.stringify({
    ...{ ref: "refs/heads/main", before, after: commit, created: false, deleted: false, forced: false },
    repository: { id: 1, name: "hello", full_name: "acme/hello" },
    commits: [],
    head_commit: { id: commit, message: "Étoile ⭐", author: person, committer: person },
    pusher: { name: "octocat" },
    sender: { login: "octocat" },
  });
}
