import type {
  AuditAnswer,
  GroupView,
  HistoryAnswer,
  InboxAnswer,
  MeView,
  PipelineView,
} from "../shared/pipeline/api-views.ts";
import type { CardView } from "../shared/pipeline/card-view.ts";
import type { IndexAnswer } from "../shared/pipeline/index-report.ts";
import type { RetentionAnswer } from "../shared/pipeline/retention.ts";
import type { RunView } from "../shared/pipeline/view.ts";
import type { Address } from "./address.ts";
import {
  type CommitAnswer,
  type Decided,
  type Decision,
  type EventLine,
  isCard,
  isCommitAnswer,
  isDecided,
  isEntries,
  isEvents,
  isGroups,
  isInbox,
  isIndexAnswer,
  isMe,
  isMessage,
  isPipelines,
  isRecord,
  isRedelivered,
  isRetention,
  isRunPage,
  isRunView,
  isStageDiff,
  type Redelivered,
  type RunPage,
  type StageDiff,
  type StartWish,
} from "./answers.ts";
import { EXIT, type ExitCode, Failure } from "./failure.ts";
import type { ApiRequest, Sign } from "./sign.ts";

const TIMEOUT_MS = 30_000;

/** Tandem's HTTP API. Every method throws Failure, with the API's own sentence where it gives one. */
export class TandemApi {
  readonly #address: Address;
  readonly #sign: Sign;
  readonly #signal: AbortSignal;

  /** @param signal gives up whatever is being asked */
  constructor(address: Address, sign: Sign, signal: AbortSignal) {
    this.#address = address;
    this.#sign = sign;
    this.#signal = signal;
  }

  /** Who asks, and what they may do. */
  async me(): Promise<MeView> {
    return this.#ask("GET", "/api/me", isMe);
  }

  /** The groups that pipelines let decide, and who is known to be in them. */
  async groups(): Promise<readonly GroupView[]> {
    return (await this.#ask("GET", "/api/groups", isGroups)).groups;
  }

  async runs(limit: number, cursor?: string): Promise<RunPage> {
    const query = new URLSearchParams({ limit: String(limit), ...(cursor === undefined ? {} : { cursor }) });
    return this.#ask("GET", `/api/runs?${query}`, isRunPage);
  }

  async run(id: string): Promise<RunView> {
    return this.#ask("GET", `/api/runs/${encodeURIComponent(id)}`, isRunView);
  }

  /** What has happened to a run, in its order; `at` is milliseconds since the epoch. */
  async events(id: string): Promise<readonly EventLine[]> {
    const { events } = await this.#ask("GET", `/api/runs/${encodeURIComponent(id)}/events`, isEvents);
    return events;
  }

  async decide(id: string, stage: string, decision: Decision): Promise<Decided> {
    const path = `/api/runs/${encodeURIComponent(id)}/stages/${encodeURIComponent(stage)}/approval`;
    return this.#ask("POST", path, isDecided, decision);
  }

  /** Lets a stage begin in spite of its window and checks. */
  async override(id: string, stage: string, reason: string): Promise<Decided> {
    const path = `/api/runs/${encodeURIComponent(id)}/stages/${encodeURIComponent(stage)}/override`;
    return this.#ask("POST", path, isDecided, { reason });
  }

  /** Ends a run before its next stage. */
  async stop(id: string, reason?: string): Promise<Decided> {
    return this.#ask("POST", `/api/runs/${encodeURIComponent(id)}/stop`, isDecided, { reason });
  }

  /** Holds a stage: nothing is promoted into it. */
  async hold(pipeline: string, stage: string, reason?: string): Promise<{ readonly message: string }> {
    const path = `/api/pipelines/${encodeURIComponent(pipeline)}/stages/${encodeURIComponent(stage)}/hold`;
    return this.#ask("POST", path, isMessage, { reason });
  }

  /** The facts that a decision stands on; absent when the run's images are not published, or nothing is asked. */
  async card(id: string, stage: string): Promise<CardView> {
    const path = `/api/runs/${encodeURIComponent(id)}/stages/${encodeURIComponent(stage)}/card`;
    return this.#ask("GET", path, isCard);
  }

  /** What waits for whoever asks. */
  async inbox(): Promise<InboxAnswer> {
    return this.#ask("GET", "/api/inbox", isInbox);
  }

  /** Decisions, page by page, all of them. */
  async audit(query: URLSearchParams): Promise<AuditAnswer> {
    return this.#ask("GET", `/api/audit?${query}`, isEntries<AuditAnswer>);
  }

  /** Every pipeline, with what runs in its stages. */
  async pipelines(): Promise<readonly PipelineView[]> {
    return (await this.#ask("GET", "/api/pipelines", isPipelines)).pipelines;
  }

  /** What a stage has run, the newest first. */
  async history(pipeline: string, stage: string, query: URLSearchParams): Promise<HistoryAnswer> {
    const path = `/api/pipelines/${encodeURIComponent(pipeline)}/stages/${encodeURIComponent(stage)}/history`;
    return this.#ask("GET", `${path}?${query}`, isEntries<HistoryAnswer>);
  }

  async releaseHold(pipeline: string, stage: string, reason?: string): Promise<{ readonly message: string }> {
    const path = `/api/pipelines/${encodeURIComponent(pipeline)}/stages/${encodeURIComponent(stage)}/release-hold`;
    return this.#ask("POST", path, isMessage, { reason });
  }

  /** Moves what a stage runs: back, onto all architectures again, or by weights. */
  async move(
    pipeline: string,
    stage: string,
    how: "rollback" | "unquarantine" | "shift",
    wish: Readonly<Record<string, unknown>>,
  ): Promise<Decided> {
    const path = `/api/pipelines/${encodeURIComponent(pipeline)}/stages/${encodeURIComponent(stage)}/${how}`;
    return this.#ask("POST", path, isDecided, wish);
  }

  /** What a stage would change, or has changed. */
  async diff(id: string, stage: string): Promise<StageDiff> {
    const path = `/api/runs/${encodeURIComponent(id)}/stages/${encodeURIComponent(stage)}/diff`;
    return this.#ask("GET", path, isStageDiff);
  }

  /** An index with all it lists, as its registry has it. */
  async index(repository: string, digest: string): Promise<IndexAnswer> {
    return this.#ask("GET", `/api/index?${new URLSearchParams({ repository, digest })}`, isIndexAnswer);
  }

  /** What ECR would expire of the images of a pipeline, or of all. */
  async retention(pipeline?: string): Promise<RetentionAnswer> {
    const query = pipeline === undefined ? "" : `?${new URLSearchParams({ pipeline })}`;
    return this.#ask("GET", `/api/retention${query}`, isRetention);
  }

  /** Starts a run of a branch's tip. */
  async start(pipeline: string, wish: StartWish): Promise<Decided> {
    return this.#ask("POST", `/api/pipelines/${encodeURIComponent(pipeline)}/runs`, isDecided, wish);
  }

  /** What became of a commit, delivery by delivery; nothing when none is known. */
  async commit(sha: string): Promise<CommitAnswer> {
    return this.#ask("GET", `/api/commits/${sha}`, isCommitAnswer);
  }

  /** Has the local stand-in for GitHub send a delivery again: its id, its guid, or `last`. */
  async redeliver(delivery: string): Promise<Redelivered> {
    return this.#ask("POST", "/_local/github/redeliver", isRedelivered, { delivery });
  }

  async #ask<T>(
    method: ApiRequest["method"],
    path: string,
    isAnswer: (value: unknown) => value is T,
    content?: unknown,
  ): Promise<T> {
    const url = new URL(this.#address.url + this.#located(path));
    const body = content === undefined ? {} : { body: JSON.stringify(content) };
    const headers = content === undefined ? {} : { "content-type": "application/json" };
    const request: ApiRequest = { method, url, headers: { accept: "application/json", ...headers }, ...body };
    const { status, text } = await this.#send(request);
    const value = parse(text);
    if (status >= 400) throw refusal(status, value, url);
    if (!isAnswer(value)) throw this.#notTandem(url);
    return value;
  }

  /** The same API is below `/console/api` for whoever brings a token. */
  #located(path: string): string {
    return this.#address.signedIn === true && path.startsWith("/api/") ? `/console${path}` : path;
  }

  async #send(request: ApiRequest): Promise<{ readonly status: number; readonly text: string }> {
    const headers = await this.#sign(request);
    const { method, url, body } = request;
    try {
      const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const response = await fetch(url, {
        method,
        headers,
        signal,
        redirect: "error",
        ...(body === undefined ? {} : { body }),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      this.#signal.throwIfAborted();
      const remedy = this.#address.local
        ? "start it with `npx tandem local up`, or give the address with --url or TANDEM_URL"
        : "check the address (--url, TANDEM_URL) and the network";
      const message = `nothing answers at ${url.origin} (${reasonOf(error)}): ${remedy}`;
      throw new Failure(EXIT.unreachable, "unreachable", message, { cause: error });
    }
  }

  #notTandem(url: URL): Failure {
    const message = `what answers at ${url.origin} is not Tandem's HTTP API: check --url or TANDEM_URL`;
    return new Failure(EXIT.unreachable, "not-tandem", message);
  }
}

function refusal(status: number, value: unknown, url: URL): Failure {
  const error = isRecord(value) ? value.error : undefined;
  if (isRecord(error) && typeof error.message === "string")
    return new Failure(
      exitCodeOf(status),
      typeof error.code === "string" ? error.code : "refused",
      error.message,
    );
  if (status === 401 || status === 403) {
    const message = `${url.origin} does not let you in: sign with credentials that may call the API (AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)`;
    return new Failure(EXIT.denied, "forbidden", message);
  }
  // The switches of the local endpoint say what is wrong in a sentence of their own.
  if (url.pathname.includes("/_local/") && isRecord(value) && typeof value.message === "string")
    return new Failure(exitCodeOf(status), "refused", value.message);
  const said = isRecord(value) && typeof value.message === "string" ? `: ${value.message}` : "";
  const message = `${url.origin} answered ${url.pathname} with ${status}${said}: try again, and look at the function's log if it stays so`;
  return new Failure(status >= 500 ? EXIT.unreachable : exitCodeOf(status), "http-error", message);
}

function exitCodeOf(status: number): ExitCode {
  switch (status) {
    case 400:
      return EXIT.usage;
    case 401:
    case 403:
      return EXIT.denied;
    case 404:
      return EXIT.unknown;
    case 409:
      return EXIT.conflict;
    default:
      return EXIT.failed;
  }
}

/** What fetch hides behind "fetch failed": the code of the system's error. */
function reasonOf(error: unknown): string {
  if (!isRecord(error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${TIMEOUT_MS / 1000} s`;
  const cause = isRecord(error.cause) ? error.cause : error;
  return String(cause.code ?? cause.message);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
