import { createHash, randomUUID } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { AwsError } from "../service.ts";
import { readState, StateError, writeState } from "../state.ts";

const comment = z.object({
  id: z.string(),
  content: z.string(),
  authorArn: z.string(),
  beforeCommit: z.string(),
  afterCommit: z.string(),
  token: z.string().optional(),
  /** Milliseconds since the epoch, like every moment here. */
  createdAt: z.number(),
  modifiedAt: z.number(),
  deleted: z.boolean(),
});

const approval = z.object({ userArn: z.string(), revisionId: z.string() });

const pullRequest = z.object({
  id: z.string(),
  repository: z.string(),
  title: z.string(),
  description: z.string().optional(),
  authorArn: z.string(),
  token: z.string().optional(),
  /** `refs/heads/…`, as the one after it. */
  source: z.string(),
  destination: z.string(),
  sourceCommit: z.string(),
  destinationCommit: z.string(),
  mergeBase: z.string().optional(),
  revisionId: z.string(),
  status: z.enum(["OPEN", "CLOSED"]),
  createdAt: z.number(),
  lastActivityAt: z.number(),
  merged: z.object({ by: z.string(), commit: z.string() }).optional(),
  approvals: z.array(approval),
  comments: z.array(comment),
});

const stored = z.object({ nextId: z.number(), pullRequests: z.array(pullRequest) });

export type CommentRecord = z.infer<typeof comment>;
export type PullRequestRecord = z.infer<typeof pullRequest>;

const VERSION = 1;

/** The pull requests of every repository: their numbers count through the account, not through a repository. */
export class PullRequests {
  readonly #file: string;
  readonly #data: z.infer<typeof stored>;

  private constructor(file: string, data: z.infer<typeof stored>) {
    this.#file = file;
    this.#data = data;
  }

  /** @throws StateError naming the file when it holds something else */
  static async open(folder: string): Promise<PullRequests> {
    const file = join(folder, "pull-requests.json");
    const data = await readState(file, VERSION);
    if (data === undefined) return new PullRequests(file, { nextId: 1, pullRequests: [] });
    const parsed = stored.safeParse(data);
    if (parsed.success) return new PullRequests(file, parsed.data);
    throw new StateError(`${file} does not hold pull requests: move it away, or use another --state`);
  }

  all(): readonly PullRequestRecord[] {
    return this.#data.pullRequests;
  }

  /** @throws AwsError PullRequestIdRequiredException, InvalidPullRequestIdException, PullRequestDoesNotExistException */
  get(id: unknown): PullRequestRecord {
    if (id === undefined || id === null || id === "")
      throw new AwsError("PullRequestIdRequiredException", "pullRequestId is required");
    if (typeof id !== "string" || !/^[1-9]\d*$/.test(id))
      throw new AwsError("InvalidPullRequestIdException", `${JSON.stringify(id)} is no pull request's id`);
    const found = this.#data.pullRequests.find((one) => one.id === id);
    if (found !== undefined) return found;
    throw new AwsError("PullRequestDoesNotExistException", `There is no pull request ${id}`);
  }

  async add(wanted: Omit<PullRequestRecord, "id" | "revisionId">): Promise<PullRequestRecord> {
    const id = String(this.#data.nextId);
    this.#data.nextId += 1;
    const record = { ...wanted, id, revisionId: newRevisionId() };
    this.#data.pullRequests.push(record);
    await this.save();
    return record;
  }

  /** Forgets those of a repository that is deleted. */
  async removeOf(repository: string): Promise<void> {
    const kept = this.#data.pullRequests.filter((one) => one.repository !== repository);
    if (kept.length === this.#data.pullRequests.length) return;
    this.#data.pullRequests = kept;
    await this.save();
  }

  save(): Promise<void> {
    return writeState(this.#file, VERSION, this.#data);
  }
}

/** 64 hexadecimal digits, new with every change of the source branch. */
export function newRevisionId(): string {
  return createHash("sha256").update(randomUUID()).digest("hex");
}
