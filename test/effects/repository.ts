import type { CommitInfo, Source } from "../../shared/intake/source.ts";
import type { Revision } from "../../shared/pipeline/events.ts";

/** `a` is the commit aaaaaaa…. */
export const commitOf = (letter: string) => letter.repeat(40);

interface Commit extends CommitInfo {
  readonly parent?: string;
  /** What stands in each file. */
  readonly files: Readonly<Record<string, string>>;
}

/** A repository at its host: what a `Source` can be asked about. */
export class Repository {
  private readonly branches = new Map<string, string>();
  private readonly commits = new Map<string, Commit>();
  readonly source: Source;
  /** Every question, in order. */
  readonly asked: string[] = [];
  /** Set when the host does not list changed files. */
  listsFiles = true;

  constructor() {
    this.source = {
      head: async ({ ref }) => {
        this.asked.push(`head ${ref}`);
        if (!ref.startsWith("refs/heads/")) return "unknown";
        const commit = this.branches.get(ref);
        return commit === undefined ? "gone" : { commit };
      },
      commit: async (_repository, commit) => {
        this.asked.push(`commit ${commit[0]}`);
        return this.commits.get(commit);
      },
      changedFiles: async (_repository, from, to) => {
        this.asked.push(`changed ${from[0]}..${to[0]}`);
        const [before, after] = [this.commits.get(from)?.files, this.commits.get(to)?.files];
        if (before === undefined || after === undefined || !this.listsFiles) return "unknown";
        const names = new Set([...Object.keys(before), ...Object.keys(after)]);
        return [...names].filter((name) => before[name] !== after[name]);
      },
      relation: async (_repository, commit, other) => {
        this.asked.push(`relation ${commit[0]} ${other[0]}`);
        if (commit === other) return "same";
        if (!this.commits.has(commit) || !this.commits.has(other)) return "unknown";
        if (this.historyOf(other).includes(commit)) return "before";
        return this.historyOf(commit).includes(other) ? "after" : "apart";
      },
      branches: async (_repository, wants) =>
        [...this.branches]
          .filter(([ref]) => wants(ref.replace("refs/heads/", "")))
          .map(([ref, commit]) => ({ ref, commit })),
    };
  }

  /** A commit on top of a branch that changes these files, and the revision that a delivery tells of it. */
  push(
    letter: string,
    options: {
      readonly branch?: string;
      readonly files?: readonly string[];
      readonly message?: string;
      readonly author?: string;
      /** A forced push: the commit is on top of this one instead. */
      readonly onto?: string;
    } = {},
  ): Revision {
    const { branch = "main", files = ["app.js"], message = "", author } = options;
    const ref = `refs/heads/${branch}`;
    const before = this.branches.get(ref);
    const parent = options.onto === undefined ? before : commitOf(options.onto);
    const base = before === undefined ? {} : this.commits.get(before)?.files;
    const changed = Object.fromEntries(files.map((file) => [file, letter]));
    this.commits.set(commitOf(letter), {
      message,
      people: author === undefined ? {} : { author },
      files: { ...base, ...changed },
      ...(parent === undefined ? {} : { parent }),
    });
    this.branches.set(ref, commitOf(letter));
    return {
      repository: "hello",
      ref,
      commit: commitOf(letter),
      ...(before === undefined ? {} : { before }),
    };
  }

  /** A commit and all before it. */
  private historyOf(commit: string): readonly string[] {
    const parent = this.commits.get(commit)?.parent;
    return parent === undefined ? [commit] : [commit, ...this.historyOf(parent)];
  }

  /** The branch is set to a commit that is there already. */
  reset(letter: string, branch = "main"): Revision {
    const ref = `refs/heads/${branch}`;
    const before = this.branches.get(ref);
    this.branches.set(ref, commitOf(letter));
    return {
      repository: "hello",
      ref,
      commit: commitOf(letter),
      ...(before === undefined ? {} : { before }),
    };
  }

  delete(branch: string): void {
    this.branches.delete(`refs/heads/${branch}`);
  }
}
