import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runGit } from "./git.ts";
import { createGitProcesses, receive, type StartGit, send, stop } from "./git-processes.ts";
import { parsePushedRefs, type RefChange } from "./push-events.ts";

/** Tells us what a push has changed. Git runs it only if it is executable. */
export const POST_RECEIVE_HOOK = join(dirname(fileURLToPath(import.meta.url)), "hooks", "post-receive");

/** What is served. */
export interface BareRepository {
  readonly directory: string;
}

/** Why somebody does not get a repository, as HTTP says it. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Who has repositories to serve: CodeCommit, and the stand-in for GitHub. */
export interface SmartHttpOptions<Served extends BareRepository> {
  /** Takes a path apart: the first group is the repository's name, the second what git asks of it. */
  readonly address: RegExp;
  /** How a repository is addressed, for somebody who has come without git. */
  readonly usage: string;
  readonly toRead: (name: string, request: IncomingMessage) => Served | Refusal;
  /** May make the repository. */
  readonly toPush: (name: string, request: IncomingMessage) => Promise<Served | Refusal>;
  /** A folder of our own for what the hooks write. */
  readonly scratch: string;
  readonly pusher: (request: IncomingMessage) => string;
  /** What the one who pushes reads. */
  readonly receipt: (repository: Served, pusher: string) => string;
  /** Called once the refs have changed; the one who pushes waits for it. */
  readonly pushed: (
    repository: Served,
    changes: readonly RefChange[],
    pusher: string,
  ) => void | Promise<void>;
  /** More of git's configuration, as `name=value`. */
  readonly settings?: readonly string[];
}

export interface SmartHttp {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): Promise<void>;
}

/**
 * Git's smart HTTP protocol over `git upload-pack` and `git receive-pack`, which stream in both directions: neither
 * request nor response is held in memory. See https://git-scm.com/docs/http-protocol.
 *
 * @throws never: every failure is answered over HTTP
 */
export function createSmartHttp<Served extends BareRepository>(options: SmartHttpOptions<Served>): SmartHttp {
  const processes = createGitProcesses(dirname(POST_RECEIVE_HOOK), options.settings);
  const { start } = processes;
  return {
    handle: async (request, response) => {
      const path = new URL(request.url ?? "/", "http://localhost").pathname;
      const match = options.address.exec(path);
      const name = safeDecode(match?.[1] ?? "");
      const rest = match?.[2] ?? "";
      const exchange: Exchange<Served> = { options, start, name, request, response };
      if (request.method === "GET" && rest === "/info/refs") {
        await advertise(exchange);
      } else if (request.method === "POST" && rest === "/git-upload-pack") {
        await fetch(exchange);
      } else if (request.method === "POST" && rest === "/git-receive-pack") {
        await push(exchange);
      } else {
        const message = `This is git's smart HTTP: use it as \`git clone ${options.usage}\`.`;
        answer(response, { status: 404, message });
      }
    },
    close: processes.close,
  };
}

/** One request of git about one repository, and who answers it. */
interface Exchange<Served extends BareRepository> {
  readonly options: SmartHttpOptions<Served>;
  readonly start: StartGit;
  readonly name: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function advertise<Served extends BareRepository>(exchange: Exchange<Served>): Promise<void> {
  const { options, start, name, request, response } = exchange;
  const service = new URL(request.url ?? "/", "http://localhost").searchParams.get("service");
  if (service !== "git-upload-pack" && service !== "git-receive-pack") {
    answer(response, {
      status: 403,
      message: "Only git's smart HTTP is spoken here: use git 1.6.6 or newer.",
    });
    return;
  }
  const repository =
    service === "git-receive-pack" ? await options.toPush(name, request) : options.toRead(name, request);
  if (isRefusal(repository)) return answer(response, repository);
  const child = start(
    service,
    ["--stateless-rpc", "--advertise-refs", repository.directory],
    protocol(request),
  );
  child.stdin.end();
  begin(response, `${service}-advertisement`);
  response.write(`${packetLine(`# service=${service}\n`)}0000`);
  await send(child, response);
}

async function fetch<Served extends BareRepository>(exchange: Exchange<Served>): Promise<void> {
  const { options, start, name, request, response } = exchange;
  const repository = options.toRead(name, request);
  if (isRefusal(repository)) return answer(response, repository);
  const child = start("git-upload-pack", ["--stateless-rpc", repository.directory], protocol(request));
  response.once("close", () => {
    if (!response.writableFinished) stop(child);
  });
  receive(request, child.stdin);
  begin(response, "git-upload-pack-result");
  await send(child, response);
}

async function push<Served extends BareRepository>(exchange: Exchange<Served>): Promise<void> {
  const { options, start, name, request, response } = exchange;
  const repository = await options.toPush(name, request);
  if (isRefusal(repository)) return answer(response, repository);
  await mkdir(options.scratch, { recursive: true });
  const pushedRefs = join(options.scratch, randomUUID());
  const pusher = options.pusher(request);
  const child = start("git-receive-pack", ["--stateless-rpc", repository.directory], {
    ...protocol(request),
    TANDEM_PUSHED_REFS: pushedRefs,
    TANDEM_PUSH_MESSAGE: options.receipt(repository, pusher),
  });
  receive(request, child.stdin);
  begin(response, "git-receive-pack-result");
  // The response ends after the event is out, and the refs count even if the client has gone meanwhile.
  await send(child, response, async () => {
    const changes = parsePushedRefs(await readFile(pushedRefs, "utf8").catch(() => ""));
    await rm(pushedRefs, { force: true });
    try {
      await settleDefaultBranch(repository, changes);
    } finally {
      if (changes.length > 0) await options.pushed(repository, changes, pusher);
    }
  });
}

/** As CodeCommit and GitHub do: the first branch that is pushed becomes the default branch. */
async function settleDefaultBranch(repository: BareRepository, changes: readonly RefChange[]): Promise<void> {
  const created = changes.filter(
    (change) => change.ref.startsWith("refs/heads/") && change.newId !== undefined,
  );
  const first = created[0];
  if (first === undefined) return;
  const head = (await runGit(["symbolic-ref", "HEAD"], { gitDir: repository.directory })).toString().trim();
  const exists = await runGit(["rev-parse", "--verify", "--quiet", head], {
    gitDir: repository.directory,
  }).then(
    () => true,
    () => false,
  );
  if (!exists) await runGit(["symbolic-ref", "HEAD", first.ref], { gitDir: repository.directory });
}

function isRefusal(answer: BareRepository | Refusal): answer is Refusal {
  return "status" in answer;
}

function protocol(request: IncomingMessage): Record<string, string> {
  const version = request.headers["git-protocol"];
  return typeof version === "string" && /^[\w=:.-]{1,100}$/.test(version) ? { GIT_PROTOCOL: version } : {};
}

function begin(response: ServerResponse, type: string): void {
  response.writeHead(200, { "content-type": `application/x-${type}`, "cache-control": "no-cache" });
}

function packetLine(text: string): string {
  return (text.length + 4).toString(16).padStart(4, "0") + text;
}

function answer(response: ServerResponse, { status, message, headers }: Refusal): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers });
  response.end(`${message}\n`);
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
