import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import { z } from "zod";
import type { Person } from "./clients.ts";
import { REGION } from "./local-up.ts";
import { eventually } from "./poll.ts";

const build = z.object({
  platform: z.string(),
  status: z.string(),
  attempt: z.number(),
  buildId: z.string().optional(),
  digest: z.string().optional(),
  log: z.object({ group: z.string(), stream: z.string(), lines: z.array(z.string()) }).optional(),
});

const image = z.object({
  name: z.string(),
  repository: z.string(),
  status: z.string(),
  indexDigest: z.string().optional(),
  tags: z.array(z.string()).optional(),
  skippedTags: z.array(z.object({ tag: z.string(), why: z.string() })).optional(),
  reusedFrom: z.string().optional(),
  builds: z.array(build),
});

const gate = z.object({
  open: z.boolean(),
  release: z.string(),
  approvals: z.array(z.object({ person: z.string() })),
  round: z.number(),
  voided: z.array(z.string()),
});

const service = z.object({
  cluster: z.string(),
  service: z.string(),
  status: z.string(),
  taskDefinition: z.string().optional(),
  imageDigest: z.string().optional(),
  tasks: z.record(z.string(), z.number()).optional(),
  hosts: z.record(z.string(), z.array(z.string())).optional(),
  notes: z.array(z.string()).optional(),
  verdict: z
    .array(
      z.object({ architecture: z.string(), running: z.number(), wanted: z.number(), attempts: z.number() }),
    )
    .optional(),
  verdictText: z.string().optional(),
  rollbackProblems: z.array(z.string()).optional(),
  quarantine: z
    .object({ architecture: z.string(), providers: z.array(z.string()), reason: z.string() })
    .optional(),
  step: z.object({ done: z.number(), of: z.number() }).optional(),
  reason: z.string().optional(),
});

const stage = z.object({
  name: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  gate: gate.optional(),
  services: z.array(service),
});

/** What `GET /api/runs/{id}` promises, as far as these tests look. */
const run = z.object({
  id: z.string(),
  status: z.string(),
  trigger: z.string(),
  reason: z.string().optional(),
  supersededBy: z.string().optional(),
  commit: z.string(),
  images: z.array(image),
  stages: z.array(stage),
  degraded: z.array(z.string()).optional(),
  explanation: z.array(z.string()),
});

export type Run = z.infer<typeof run>;

const events = z.object({
  events: z.array(z.object({ type: z.string(), at: z.number(), service: z.string().optional() })),
});

const runs = z.object({
  runs: z.array(z.object({ id: z.string(), commit: z.string(), status: z.string() })),
});

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export const isOver = ({ status }: Run): boolean => !["building", "publishing", "staging"].includes(status);

/** Whether a stage waits for somebody's word. */
export const isGated = (name: string) => (run: Run) =>
  run.stages.some((stage) => stage.name === name && stage.gate?.open === true);

/** The HTTP API over fetch; signed with Signature Version 4 as a person, or not at all. */
export class Api {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async send(method: string, path: string, as?: Person, content?: unknown): Promise<Answer> {
    const url = new URL(this.#url + path);
    const body = content === undefined ? {} : { body: JSON.stringify(content) };
    const headers = as === undefined ? {} : await signed(method, url, as, body);
    const response = await fetch(url, { method, headers, ...body });
    const text = await response.text();
    return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
  }

  async run(id: string): Promise<Run> {
    return run.parse((await this.send("GET", `/api/runs/${id}`)).body);
  }

  async runs(): Promise<z.infer<typeof runs>["runs"]> {
    return runs.parse((await this.send("GET", "/api/runs")).body).runs;
  }

  /** The run that a commit has begun. Lists name a run a moment before it can be looked at. */
  async runOf(commit: string): Promise<string> {
    return eventually(async () => {
      const found = (await this.runs()).find((one) => one.commit === commit);
      if (found === undefined) return undefined;
      return (await this.send("GET", `/api/runs/${found.id}`)).status === 200 ? found.id : undefined;
    }, `a run of ${commit}`);
  }

  /** Waits until a run is as wanted. @throws Error when it ends before, saying how */
  async until(id: string, wanted: (run: Run) => boolean, patienceMs?: number): Promise<Run> {
    let seen: Run | undefined;
    return eventually(
      async () => {
        seen = await this.run(id);
        if (wanted(seen)) return seen;
        if (isOver(seen)) throw new Error(`${id} ended otherwise: ${seen.explanation.join("; ")}`);
        return undefined;
      },
      () => `what is wanted of ${id} (${seen?.explanation.join("; ")})`,
      patienceMs,
    );
  }

  decide(
    id: string,
    stage: string,
    as: Person | undefined,
    decision: string,
    release: string,
  ): Promise<Answer> {
    return this.send("POST", approvalPath(id, stage), as, {
      decision,
      release,
      comment: `${decision}d by a test`,
    });
  }

  /** What has happened to a run. */
  async events(id: string): Promise<z.infer<typeof events>["events"]> {
    const { body } = await this.send("GET", `/api/runs/${id}/events`);
    return events.parse(body).events;
  }
}

export const approvalPath = (id: string, stage: string): string => `/api/runs/${id}/stages/${stage}/approval`;

/** The digest that a stage's gate is about. */
export function releaseOf(run: Run, stage: string): string {
  const found = run.stages.find(({ name }) => name === stage)?.gate?.release;
  if (found === undefined) throw new Error(`stage ${stage} of ${run.id} has no gate`);
  return found;
}

async function signed(method: string, url: URL, person: Person, body: { readonly body?: string }) {
  const credentials = { accessKeyId: person, secretAccessKey: person };
  const signer = new SignatureV4({ service: "execute-api", region: REGION, credentials, sha256: Sha256 });
  const { headers } = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host },
    ...body,
  });
  const { host: _host, ...rest } = headers;
  return rest;
}
