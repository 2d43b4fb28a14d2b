import type { People, Revision } from "../pipeline/events.ts";
import type { Head, RefHead } from "../pipeline/pipelines.ts";

/** What a commit says of itself. */
export interface CommitInfo {
  readonly people: People;
  readonly message: string;
}

/** Files that differ between two commits; `unknown` when the source does not list them all. */
export type ChangedFiles = readonly string[] | "unknown";

/** What Tandem asks a repository's host, whichever it is. Errors that are worth another try are thrown. */
export interface Source {
  /** Where the ref is now. */
  head(revision: Revision): Promise<Head>;
  /** Undefined when the repository has no such commit. */
  commit(repository: string, commit: string): Promise<CommitInfo | undefined>;
  changedFiles(repository: string, from: string, to: string): Promise<ChangedFiles>;
  /** Branches, as `refs/heads/…`. */
  branches(repository: string, wants: (branch: string) => boolean): Promise<readonly RefHead[]>;
}
