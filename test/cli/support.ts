import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { runCli } from "../../cli/program.ts";
import type { RunView } from "../../shared/pipeline/view.ts";

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  /** Sent as JSON; a string as it is. */
  readonly body: unknown;
}

/** A server in the place of Tandem's HTTP API, over real HTTP. */
export interface FakeApi {
  readonly url: string;
  readonly seen: Seen[];
  close(): Promise<void>;
}

export async function startFakeApi(answer: (request: Seen) => Reply): Promise<FakeApi> {
  const seen: Seen[] = [];
  const server: Server = createServer(async (request, response) => {
    const one = await read(request);
    seen.push(one);
    const { status = 200, body } = answer(one);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(request: IncomingMessage): Promise<Seen> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  return { method: request.method ?? "", url: request.url ?? "", headers, body };
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunSettings {
  readonly url?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly live?: boolean;
  readonly rows?: number;
  readonly signal?: AbortSignal;
  readonly onOut?: (text: string) => void;
  readonly onErr?: (text: string) => void;
  /** What a person answers, question by question; without, there is nobody to ask. */
  readonly answers?: readonly string[];
}

/** Runs a command line in this process, with a terminal that is written down. */
export async function tandem(args: readonly string[], settings: RunSettings = {}): Promise<Ran> {
  const {
    url,
    environment = {},
    cwd = process.cwd(),
    live = false,
    rows = 40,
    signal,
    onOut,
    onErr,
    answers,
  } = settings;
  const left = [...(answers ?? [])];
  let out = "";
  let err = "";
  const code = await runCli(args, {
    terminal: {
      out: (text) => {
        out += text;
        onOut?.(text);
      },
      err: (text) => {
        err += text;
        onErr?.(text);
      },
      live,
      colours: live,
      size: () => ({ columns: 120, rows }),
      ...(answers === undefined
        ? {}
        : {
            ask: async (question: string) => {
              out += question;
              const answer = left.shift();
              if (answer === undefined) throw new Error(`nobody expects the question "${question}"`);
              return answer;
            },
          }),
    },
    environment: { ...environment, ...(url === undefined ? {} : { TANDEM_URL: url }) },
    cwd,
    signal: signal ?? new AbortController().signal,
  });
  return { code, out, err };
}

export const DIGEST = `sha256:${"a1".repeat(32)}`;
export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** A run that has succeeded on staging and asks for production; parts can be replaced. */
export function view(parts: Partial<RunView> = {}): RunView {
  return {
    id: "hello-3",
    pipeline: "hello",
    sequence: 3,
    status: "staging",
    repository: "hello",
    ref: "refs/heads/main",
    commit: COMMIT,
    trigger: "push",
    author: "Carol",
    startedAt: "2026-11-21T20:00:00.000Z",
    updatedAt: "2026-11-21T20:00:12.300Z",
    release: DIGEST,
    images: [
      {
        name: "hello",
        repository: "hello",
        status: "published",
        indexDigest: DIGEST,
        tags: ["main"],
        platforms: ["linux/amd64", "linux/arm64"],
        builds: [build("linux/amd64"), build("linux/arm64")],
      },
    ],
    stages: [
      {
        name: "staging",
        status: "succeeded",
        services: [
          {
            cluster: "staging",
            service: "web",
            status: "succeeded",
            images: {},
            imageDigest: DIGEST,
            tasks: { x86_64: 2, arm64: 2 },
          },
        ],
      },
      {
        name: "production",
        status: "gated",
        gate: {
          open: true,
          release: DIGEST,
          from: ["release-managers"],
          required: 1,
          approvals: [],
          openedAt: "2026-11-21T20:00:12.000Z",
          expiresAt: "2026-11-28T20:00:12.000Z",
          voided: [],
          round: 0,
          conditions: [],
        },
        services: [{ cluster: "production", service: "web", status: "pending", images: {} }],
      },
    ],
    explanation: ["hello-3 is staging", "production waits for 1 approval from release-managers"],
    ...parts,
  };
}

export function build(platform: string): RunView["images"][number]["builds"][number] {
  return { platform, status: "succeeded", attempt: 1, retried: [], seconds: 3.25, digest: DIGEST };
}
