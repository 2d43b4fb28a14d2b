import type { Operation } from "../service.ts";
import { AwsError } from "../service.ts";
import { type Commit, parseCommit } from "./commit.ts";
import { GitError, runGit } from "./git.ts";
import { optionalText, page, requiredText } from "./input.ts";
import type { Repositories, Repository } from "./repositories.ts";

type Input = Readonly<Record<string, unknown>>;

const MAXIMUM_FILE_BYTES = 6 * 1024 * 1024;
const MAXIMUM_COMMITS = 100;
const DIFFERENCES_PER_PAGE = 400;

/** The operations that read commits, files and differences. */
export function commitOperations(repositories: Repositories): Readonly<Record<string, Operation>> {
  const named = (input: Input) =>
    repositories.get(requiredText(input, "repositoryName", "RepositoryNameRequiredException"));
  return {
    GetCommit: async (input) => {
      const repository = named(input);
      const commitId = requiredText(input, "commitId", "CommitIdRequiredException");
      if (!isCommitId(commitId)) throw invalidCommitId(commitId);
      const commit = await readCommit(repository, commitId);
      if (commit === undefined) throw missingCommitId(commitId);
      return { commit };
    },
    BatchGetCommits: async (input) => batchGetCommits(named(input), input),
    GetFile: async (input) => getFile(named(input), input),
    GetDifferences: async (input) => getDifferences(named(input), input),
  };
}

async function batchGetCommits(repository: Repository, input: Input) {
  const ids = input.commitIds;
  if (!Array.isArray(ids) || ids.length === 0) {
    throw new AwsError("CommitIdsListRequiredException", "commitIds is required");
  }
  if (ids.length > MAXIMUM_COMMITS) {
    throw new AwsError("CommitIdsLimitExceededException", `At most ${MAXIMUM_COMMITS} commits in one call`);
  }
  const commits: Commit[] = [];
  const errors: { commitId: string; errorCode: string; errorMessage: string }[] = [];
  for (const commitId of ids.map(String)) {
    const commit = isCommitId(commitId) ? await readCommit(repository, commitId) : undefined;
    if (commit !== undefined) {
      commits.push(commit);
      continue;
    }
    const error = isCommitId(commitId) ? missingCommitId(commitId) : invalidCommitId(commitId);
    errors.push({ commitId, errorCode: error.code, errorMessage: error.message });
  }
  return { commits, errors };
}

async function getFile(repository: Repository, input: Input) {
  const filePath = requiredText(input, "filePath", "PathRequiredException").replace(/^\/+/, "");
  const commitId = await resolveCommit(repository, optionalText(input, "commitSpecifier") ?? "HEAD");
  const tree = await runGit(["ls-tree", "-z", "-l", "--full-tree", commitId, "--", `:(literal)${filePath}`], {
    gitDir: repository.directory,
  });
  const [, mode, blobId, size] = /^(\d+) blob (\S+) +(\d+)\t/.exec(tree.toString("utf8")) ?? [];
  if (mode === undefined || blobId === undefined) {
    throw new AwsError(
      "FileDoesNotExistException",
      `${commitId} of ${repository.name} has no file ${filePath}`,
    );
  }
  const fileSize = Number(size);
  if (fileSize > MAXIMUM_FILE_BYTES) {
    throw new AwsError(
      "FileTooLargeException",
      `${filePath} has ${fileSize} bytes; GetFile returns up to 6 MB`,
    );
  }
  const content = await runGit(["cat-file", "blob", blobId], { gitDir: repository.directory });
  return {
    commitId,
    blobId,
    filePath,
    fileMode: fileMode(mode),
    fileSize,
    fileContent: content.toString("base64"),
  };
}

/** The paging of GetDifferences is spelt with capitals, unlike everything else in CodeCommit. */
async function getDifferences(repository: Repository, input: Input) {
  const size = input.MaxResults ?? DIFFERENCES_PER_PAGE;
  if (typeof size !== "number" || !Number.isInteger(size) || size < 1) {
    throw new AwsError("InvalidMaxResultsException", "MaxResults must be a positive integer");
  }
  const afterSpecifier = requiredText(input, "afterCommitSpecifier", "CommitRequiredException");
  const beforeSpecifier = optionalText(input, "beforeCommitSpecifier");
  const after = await resolveCommit(repository, afterSpecifier);
  // Without a commit before, everything there is counts as added: a comparison with the empty tree.
  const before =
    beforeSpecifier === undefined
      ? (await runGit(["hash-object", "-t", "tree", "/dev/null"], { gitDir: repository.directory }))
          .toString()
          .trim()
      : await resolveCommit(repository, beforeSpecifier);
  const paths = [optionalText(input, "beforePath"), optionalText(input, "afterPath")]
    .filter((path) => path !== undefined)
    .map((path) => `:(literal)${path.replace(/^\/+/, "")}`);
  const raw = await runGit(["diff-tree", "-r", "-z", "--no-renames", before, after, "--", ...paths], {
    gitDir: repository.directory,
  });
  const token = optionalText(input, "NextToken");
  const { items, nextToken } = page(parseDifferences(raw.toString("utf8")), token, size);
  return { differences: items, ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
}

/** Reads the raw format of https://git-scm.com/docs/git-diff-tree#_raw_output_format, separated by NUL. */
function parseDifferences(raw: string) {
  const fields = raw.split("\0");
  const differences = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [beforeMode, afterMode, beforeId, afterId, letter] = (fields[index] ?? "").slice(1).split(" ");
    const path = fields[index + 1];
    differences.push({
      ...(letter === "A" ? {} : { beforeBlob: { blobId: beforeId, path, mode: beforeMode } }),
      ...(letter === "D" ? {} : { afterBlob: { blobId: afterId, path, mode: afterMode } }),
      changeType: letter === "A" || letter === "D" ? letter : "M",
    });
  }
  return differences;
}

async function readCommit(repository: Repository, commitId: string): Promise<Commit | undefined> {
  try {
    const text = await runGit(["cat-file", "commit", commitId], { gitDir: repository.directory });
    return parseCommit(commitId, text.toString("utf8"));
  } catch (error) {
    if (error instanceof GitError && error.exitCode !== 127) return undefined;
    throw error;
  }
}

async function resolveCommit(repository: Repository, specifier: string): Promise<string> {
  try {
    const id = await runGit(
      ["rev-parse", "--verify", "--quiet", "--end-of-options", `${specifier}^{commit}`],
      {
        gitDir: repository.directory,
      },
    );
    return id.toString().trim();
  } catch (error) {
    if (!(error instanceof GitError) || error.exitCode === 127) throw error;
    throw new AwsError(
      "CommitDoesNotExistException",
      `The repository ${repository.name} has no commit ${specifier}`,
    );
  }
}

function fileMode(mode: string): string {
  if (mode === "120000") return "SYMLINK";
  return mode === "100755" ? "EXECUTABLE" : "NORMAL";
}

function isCommitId(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

function invalidCommitId(commitId: string): AwsError {
  return new AwsError(
    "InvalidCommitIdException",
    `${commitId} is not a full commit id of 40 hexadecimal digits`,
  );
}

function missingCommitId(commitId: string): AwsError {
  return new AwsError("CommitIdDoesNotExistException", `The commit ${commitId} does not exist`);
}
