import type { SourceDefinition } from "../pipeline/definition.ts";
import type { People, Revision, Trigger } from "../pipeline/events.ts";
import type { Head, RefHead } from "../pipeline/pipelines.ts";

/** What a commit says of itself. */
export interface CommitInfo {
  readonly people: People;
  readonly message: string;
  /** All that the author is known by, e.g. login and address; `people` has one of them. */
  readonly authors?: readonly string[];
}

/** Files that differ between two commits; `unknown` when the source does not list them all. */
export type ChangedFiles = readonly string[] | "unknown";

/**
 * Where one commit stands to another in history: `before` when the other has come out of it, `apart` when neither has, and
 * `unknown` when the host does not know one of them, or it would take too long to find out.
 */
export type Relation = "same" | "before" | "after" | "apart" | "unknown";

/** A commit that a host has beside its branches' tips: at a tag, of a published release, or of an open pull request. */
export interface Offer {
  readonly ref: string;
  readonly commit: string;
  readonly before?: string;
  /** `head` for a tag: nobody told of it. */
  readonly trigger: Trigger;
  /** The ref that a pipeline's branches and tags are held against. */
  readonly matched: string;
  readonly people: People;
  /** All that its author is known by. */
  readonly authors: readonly string[];
}

/** What Tandem asks a repository's host, whichever it is. Errors that are worth another try are thrown. */
export interface Source {
  /** Where the ref is now. */
  head(revision: Revision): Promise<Head>;
  /** Undefined when the repository has no such commit. */
  commit(repository: string, commit: string): Promise<CommitInfo | undefined>;
  changedFiles(repository: string, from: string, to: string): Promise<ChangedFiles>;
  relation(repository: string, commit: string, other: string): Promise<Relation>;
  /** Branches, as `refs/heads/…`. */
  branches(repository: string, wants: (branch: string) => boolean): Promise<readonly RefHead[]>;
  /** What there is beside the branches, as far as `source` asks for it; undefined, or absent, where that cannot be told. */
  offers?(source: SourceDefinition): Promise<readonly Offer[] | undefined>;
}
