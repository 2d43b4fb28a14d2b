import { type ChildProcess, spawn } from "node:child_process";
import { createHash, createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { machine, quantile } from "./machine.ts";
import { copyOfProject } from "./project.ts";

/**
 * A burst of signed deliveries against `tandem local up`: every tenth one is a double of one before. All have to be answered, and in
 * time; what was accepted has to be there afterwards, once.
 */
const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    repository: { type: "string", default: "acme/burst" },
    deliveries: { type: "string", default: "500" },
    together: { type: "string", default: "50" },
  },
});

/** Every branch, so that each delivery is a run of its own; GitHub's stand-in knows none of them. */
const PIPELINE = `name: burst
source:
  github: { repository: acme/burst, branches: ["**"] }
images:
  - name: burst
    platforms: [linux/amd64, linux/arm64]
    tags: ["{shortSha}"]
`;

interface Delivery {
  readonly id: string;
  readonly body: string;
  readonly commit: string;
}

/** What the HTTP API says of a commit. */
interface Commit {
  readonly deliveries: readonly { readonly id: string; readonly outcome: object }[];
}

interface Answer {
  readonly delivery: Delivery;
  readonly status: number;
  readonly milliseconds: number;
  readonly runs: readonly string[];
  readonly text: string;
}

/** Who sends shares the machine with what is measured, and is to take little of it: `fetch` takes four times as much. */
const agent = new Agent({ keepAlive: true });

const local = options.url === undefined ? await startLocal() : { url: options.url, end: async () => {} };
try {
  await measure(local.url);
} finally {
  agent.destroy();
  await local.end();
}

async function measure(url: string): Promise<void> {
  const deliveries = plan(Number(options.deliveries));
  // What is measured is a function in use, not its first start, nor that of the one that opens runs.
  const first = delivery(`warm-${randomUUID()}`);
  await send(url, first);
  await opened(url, first);
  const answers: Answer[] = [];
  const queue = [...deliveries];
  const began = performance.now();
  await Promise.all(
    Array.from({ length: Number(options.together) }, async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift())
        answers.push(await send(url, next));
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  const lost = await missing(url, deliveries);
  const byId = new Map<string, Answer[]>();
  for (const one of answers) byId.set(one.delivery.id, [...(byId.get(one.delivery.id) ?? []), one]);
  const doubled = [...byId.values()].filter(({ length }) => length > 1);
  const recognised = doubled.filter((same) => new Set(same.flatMap(({ runs }) => runs)).size === 1);
  const times = answers.map(({ milliseconds }) => milliseconds);
  const accepted = answers.filter(({ status, runs }) => status === 202 && runs.length === 1);
  const ms = (value: number) => value.toFixed(0);
  console.log(`| deliveries | at once | accepted | lost | doubles recognised | p50 ms | p99 ms | max ms | seconds |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| ${[
    answers.length,
    options.together,
    accepted.length,
    lost.length,
    `${recognised.length} of ${doubled.length}`,
    ms(quantile(times, 0.5)),
    ms(quantile(times, 0.99)),
    ms(Math.max(...times)),
    seconds.toFixed(1),
  ].join(" | ")} |

${machine()}.`);
  for (const { status, text } of answers.filter((one) => !accepted.includes(one)).slice(0, 5)) {
    console.error(`answer ${status}: ${text}`);
  }
  const good =
    accepted.length === answers.length && lost.length === 0 && recognised.length === doubled.length;
  process.exitCode = good && quantile(times, 0.99) <= 1000 ? 0 : 1;
}

/** Every tenth is a double of one of the nine before it. */
function plan(count: number): readonly Delivery[] {
  const all: Delivery[] = [];
  for (let n = 0; n < count; n += 1) {
    const earlier = n % 10 === 9 ? all[n - 1 - (((n / 10) % 8) | 0)] : undefined;
    all.push(earlier ?? delivery(String(n)));
  }
  return all;
}

/** The push of a new branch, with the fields that GitHub documents. */
function delivery(branch: string): Delivery {
  const commit = createHash("sha1").update(`${branch} ${randomUUID()}`).digest("hex");
  const person = { name: "Ada Lovelace", email: "ada@example.com", username: "ada" };
  const head_commit = {
    id: commit,
    message: `Work on ${branch}`,
    timestamp: "2026-11-21T10:00:00Z",
    author: person,
    committer: person,
    added: [],
    removed: [],
    modified: ["Dockerfile"],
  };
  const body = JSON.stringify({
    ref: `refs/heads/burst/${branch}`,
    before: "0".repeat(40),
    after: commit,
    created: true,
    deleted: false,
    forced: false,
    repository: { id: 1, full_name: options.repository },
    pusher: { name: "ada", email: person.email },
    sender: { login: "ada", id: 1 },
    commits: [head_commit],
    head_commit,
  });
  return { id: randomUUID(), body, commit };
}

async function send(url: string, one: Delivery): Promise<Answer> {
  const secret = process.env.TANDEM_WEBHOOK_SECRET ?? "local-webhook-secret";
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(one.body),
    "x-github-event": "push",
    "x-github-delivery": one.id,
    "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(one.body).digest("hex")}`,
  };
  const began = performance.now();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(`${url}/webhooks/github`, { method: "POST", agent, headers }, resolve);
    sent.on("error", reject).end(one.body);
  });
  const answer = await text(response);
  const milliseconds = performance.now() - began;
  const status = response.statusCode ?? 0;
  const accepted: { accepted?: readonly string[] } = status === 202 ? JSON.parse(answer) : {};
  return { delivery: one, status, milliseconds, runs: accepted.accepted ?? [], text: answer };
}

/** Waits until the run of a delivery has been opened, which ends it: its branch is gone. */
async function opened(url: string, { commit }: Delivery): Promise<void> {
  for (const until = performance.now() + 60_000; performance.now() < until; ) {
    const response = await fetch(`${url}/api/runs`);
    const { runs }: { runs: readonly { readonly commit: string; readonly status: string }[] } = JSON.parse(
      await response.text(),
    );
    if (runs.some((run) => run.commit === commit && run.status === "stopped")) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("the first run was not opened within a minute");
}

/** Deliveries without a record of their run, once all have had the time to be opened. */
async function missing(url: string, deliveries: readonly Delivery[]): Promise<readonly Delivery[]> {
  let left = deliveries;
  const until = performance.now() + 120_000;
  while (left.length > 0 && performance.now() < until) {
    const still: Delivery[] = [];
    for (const one of left) {
      const response = await fetch(`${url}/api/commits/${one.commit}`);
      const answer = await response.text();
      if (!response.ok) throw new Error(`GET /api/commits answered ${response.status}: ${answer}`);
      const { deliveries: records }: Commit = JSON.parse(answer);
      if (!records.some(({ id, outcome }) => id === one.id && "runId" in outcome)) still.push(one);
    }
    left = still;
    if (left.length > 0) await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return left;
}

/** A `tandem local up` of its own, with a pipeline of its own. */
async function startLocal(): Promise<{ readonly url: string; end(): Promise<void> }> {
  const project = await copyOfProject(PIPELINE);
  const command = [join(project.folder, "bin/tandem.mjs"), "local", "up", "--port", "0", "--engine", "none"];
  const child = spawn(process.execPath, command, {
    cwd: project.folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const end = async () => {
    await ended(child);
    await project.remove();
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^ready (\S+)$/.exec(line)?.[1];
    if (url === undefined) continue;
    await createRepository(url);
    return { url, end };
  }
  await end();
  throw new Error("tandem local up ended before it was ready");
}

/** At GitHub's stand-in, so that the opening of a run finds out that its branch is gone, and builds nothing. */
async function createRepository(url: string): Promise<void> {
  const [owner, name] = options.repository.split("/");
  const response = await fetch(`${url}/github/api/orgs/${owner}/repos`, {
    method: "POST",
    headers: { authorization: "Bearer local-github-token", "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  if (!response.ok) throw new Error(`the repository was not created: ${await response.text()}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}
