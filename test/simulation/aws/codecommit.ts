import { createHash } from "node:crypto";
import type { Aws } from "../../../shared/effects/aws.ts";
import type { Platform } from "../../../shared/pipeline/definition.ts";
import { AwsError } from "./aws-error.ts";

/** A commit, and what is wrong with what it builds. */
export interface Commit {
  readonly sha: string;
  readonly author: string;
  readonly message: string;
  readonly parent: string | undefined;
  /** What stands in each file. */
  readonly files: Readonly<Record<string, string>>;
  /** What goes wrong on one platform, each time it is built. */
  readonly flaw?: Flaw;
}

export interface Flaw {
  readonly platform: Platform;
  readonly how: "does not build" | "other platform" | "provenance" | "not pushed" | "not exported";
}

/** Branches that move. Every position a branch has had is kept, so that a check can tell newer from older. */
export class FakeCodeCommit {
  readonly #commits = new Map<string, Commit>();
  readonly #refs = new Map<string, string>();
  readonly #history = new Map<string, string[]>();

  /** @param changed the files that differ from those of the parent */
  commit({
    changed,
    ...details
  }: Omit<Commit, "sha" | "files"> & { readonly changed: readonly string[] }): Commit {
    const sha = createHash("sha1").update(`commit ${this.#commits.size}`).digest("hex");
    const files = {
      ...this.#commits.get(details.parent ?? "")?.files,
      ...Object.fromEntries(changed.map((file) => [file, sha])),
    };
    const commit: Commit = { sha, files, ...details };
    this.#commits.set(sha, commit);
    return commit;
  }

  find(sha: string): Commit | undefined {
    return this.#commits.get(sha);
  }

  /** @returns the commit before */
  move(repository: string, ref: string, sha: string): string | undefined {
    const key = `${repository} ${ref}`;
    const before = this.#refs.get(key);
    this.#refs.set(key, sha);
    this.#history.set(key, [...this.historyOf(repository, ref), sha]);
    return before;
  }

  delete(repository: string, ref: string): void {
    this.#refs.delete(`${repository} ${ref}`);
  }

  headOf(repository: string, ref: string): string | undefined {
    return this.#refs.get(`${repository} ${ref}`);
  }

  /** Files that differ between two commits. */
  differences(from: string, to: string): readonly string[] {
    const [before = {}, after = {}] = [this.#commits.get(from)?.files, this.#commits.get(to)?.files];
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
      (file) => before[file] !== after[file],
    );
  }

  /** Every commit that a ref has named, in order. */
  historyOf(repository: string, ref: string): readonly string[] {
    return this.#history.get(`${repository} ${ref}`) ?? [];
  }

  readonly api: Aws["codecommit"] = {
    getBranch: async ({ repositoryName, branchName }) => {
      const commitId = this.#refs.get(`${repositoryName} refs/heads/${branchName}`);
      if (commitId === undefined)
        throw new AwsError("BranchDoesNotExistException", `no branch ${branchName}`);
      return { branch: { branchName, commitId } };
    },
    getCommit: async ({ commitId }) => {
      const commit = this.#commits.get(commitId ?? "");
      if (commit === undefined) throw new AwsError("CommitIdDoesNotExistException", `no commit ${commitId}`);
      const person = { name: commit.author, email: `${commit.author}@example.com` };
      const { sha, message, parent } = commit;
      const parents = parent === undefined ? [] : [parent];
      return { commit: { commitId: sha, message, parents, author: person, committer: person } };
    },
    getFile: async ({ filePath }) => {
      throw new AwsError("FileDoesNotExistException", `no file ${filePath}`);
    },
    listPullRequests: async () => ({ pullRequestIds: [] }),
    getPullRequest: async () => {
      throw new AwsError("PullRequestDoesNotExistException", "nobody opens pull requests here");
    },
    getDifferences: async ({ beforeCommitSpecifier: from = "", afterCommitSpecifier: to = "" }) => ({
      differences: this.differences(from, to).map((path) => ({ afterBlob: { path } })),
    }),
    listBranches: async ({ repositoryName }) => ({
      branches: [...this.#refs.keys()].flatMap((key) => {
        const [repository, ref = ""] = key.split(" ");
        return repository === repositoryName && ref.startsWith("refs/heads/") ? [ref.slice(11)] : [];
      }),
    }),
  };
}
