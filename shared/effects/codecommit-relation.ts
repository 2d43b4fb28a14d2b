import type { Relation } from "../intake/source.ts";
import type { Aws } from "./aws.ts";
import { isError } from "./context.ts";

/** Commits that are looked at in each of the two histories: late events are late by a few pushes. */
const MOST_COMMITS = 100;

/**
 * Where one commit stands to another. CodeCommit has no operation that says so: both histories are walked back by their
 * parents, in turns, until one meets the other's beginning.
 * https://docs.aws.amazon.com/codecommit/latest/APIReference/API_GetCommit.html
 */
export async function relationOf(
  aws: Aws,
  repositoryName: string,
  commit: string,
  other: string,
): Promise<Relation> {
  if (commit === other) return "same";
  const [own, others] = [new Walk(aws, repositoryName, commit), new Walk(aws, repositoryName, other)];
  while (!own.isOver || !others.isOver) {
    await Promise.all([own.step(), others.step()]);
    if (own.isLost || others.isLost) return "unknown";
    if (own.hasSeen(other)) return "after";
    if (others.hasSeen(commit)) return "before";
  }
  return "apart";
}

/** A history, the newest generation first. */
class Walk {
  readonly #aws: Aws;
  readonly #repositoryName: string;
  readonly #seen = new Set<string>();
  #next: readonly string[];
  /** A commit is not there, or there are too many. */
  isLost = false;

  constructor(aws: Aws, repositoryName: string, from: string) {
    this.#aws = aws;
    this.#repositoryName = repositoryName;
    this.#next = [from];
  }

  get isOver(): boolean {
    return this.#next.length === 0;
  }

  hasSeen(commit: string): boolean {
    return this.#seen.has(commit) || this.#next.includes(commit);
  }

  /** One generation back. */
  async step(): Promise<void> {
    for (const commit of this.#next) this.#seen.add(commit);
    this.isLost ||= this.#seen.size > MOST_COMMITS;
    if (this.isLost) return;
    const parents = await Promise.all(this.#next.map((commit) => this.#parentsOf(commit)));
    this.#next = [...new Set(parents.flat())].filter((parent) => !this.#seen.has(parent));
  }

  async #parentsOf(commitId: string): Promise<readonly string[]> {
    try {
      const { commit } = await this.#aws.codecommit.getCommit({
        repositoryName: this.#repositoryName,
        commitId,
      });
      return commit?.parents ?? [];
    } catch (error) {
      if (!isError(error, "CommitIdDoesNotExistException", "RepositoryDoesNotExistException")) throw error;
      this.isLost = true;
      return [];
    }
  }
}
