import type { LocalContext, Operation, TemplateResource } from "../service.ts";
import { AwsError } from "../service.ts";
import { GitError, runGit } from "./git.ts";
import { optionalText, page, requiredText } from "./input.ts";
import type { Repositories, Repository } from "./repositories.ts";

const BRANCHES_PER_PAGE = 1000;
const REPOSITORIES_PER_PAGE = 1000;

/** The ARN of a repository, which events and answers carry. */
export function repositoryArn(context: LocalContext, name: string): string {
  return `arn:aws:codecommit:${context.region}:${context.accountId}:${name}`;
}

/**
 * The operations on repositories and branches.
 * See https://docs.aws.amazon.com/codecommit/latest/APIReference/API_Operations.html.
 *
 * @param deleted told of a repository that is no more
 */
export function repositoryOperations(
  context: LocalContext,
  repositories: Repositories,
  deleted: (name: string) => Promise<void>,
): Readonly<Record<string, Operation>> {
  const named = (input: Readonly<Record<string, unknown>>) =>
    repositories.get(requiredText(input, "repositoryName", "RepositoryNameRequiredException"));
  return {
    CreateRepository: async (input) => {
      const name = requiredText(input, "repositoryName", "RepositoryNameRequiredException");
      const repository = await repositories.create(name, optionalText(input, "repositoryDescription"));
      return { repositoryMetadata: await describe(context, repository) };
    },
    GetRepository: async (input) => ({ repositoryMetadata: await describe(context, named(input)) }),
    ListRepositories: async (input) => {
      const all = repositories.list().map(({ name, id }) => ({ repositoryName: name, repositoryId: id }));
      const ordered = input.order === "descending" ? all.reverse() : all;
      const { items, nextToken } = page(ordered, optionalText(input, "nextToken"), REPOSITORIES_PER_PAGE);
      return { repositories: items, nextToken };
    },
    DeleteRepository: async (input) => {
      const name = requiredText(input, "repositoryName", "RepositoryNameRequiredException");
      const gone = await repositories.delete(name);
      if (gone !== undefined) await deleted(name);
      return { repositoryId: gone?.id };
    },
    GetBranch: async (input) => {
      const repository = named(input);
      const branchName = requiredText(input, "branchName", "BranchNameRequiredException");
      return { branch: { branchName, commitId: await branchTip(repository, branchName) } };
    },
    ListBranches: async (input) => {
      const names = [...(await branches(named(input))).keys()];
      const { items, nextToken } = page(names, optionalText(input, "nextToken"), BRANCHES_PER_PAGE);
      return { branches: items, nextToken };
    },
  };
}

/** Creates a repository, or updates the description of the one of this name. `Code` (seeding) is not supported. */
export async function applyRepository(
  context: LocalContext,
  repositories: Repositories,
  resource: TemplateResource,
) {
  const name = resource.properties.RepositoryName;
  if (typeof name !== "string") {
    throw new Error(`${resource.logicalId} (AWS::CodeCommit::Repository) needs RepositoryName, a string`);
  }
  if (resource.properties.Code !== undefined) {
    throw new Error(
      `${resource.logicalId}: Code (seeding from S3) is not emulated; push the first commit with git`,
    );
  }
  const { repository } = await repositories.ensure(name);
  const description = resource.properties.RepositoryDescription;
  if (typeof description === "string") await repositories.describe(name, description);
  const url = cloneUrl(context, name);
  return {
    ref: repository.id,
    attributes: { Arn: repositoryArn(context, name), Name: name, CloneUrlHttp: url, CloneUrlSsh: url },
  };
}

async function describe(context: LocalContext, repository: Repository) {
  const head = (await runGit(["symbolic-ref", "HEAD"], { gitDir: repository.directory })).toString().trim();
  const defaultBranch = head.replace(/^refs\/heads\//, "");
  const tips = await branches(repository);
  const newest = Math.max(repository.createdAt / 1000, ...[...tips.values()].map((tip) => tip.committedAt));
  return {
    accountId: context.accountId,
    repositoryId: repository.id,
    repositoryName: repository.name,
    ...(repository.description === undefined ? {} : { repositoryDescription: repository.description }),
    // As on AWS: a repository without a commit has no default branch.
    ...(tips.has(defaultBranch) ? { defaultBranch } : {}),
    lastModifiedDate: newest,
    creationDate: repository.createdAt / 1000,
    cloneUrlHttp: cloneUrl(context, repository.name),
    // There is no SSH server here; the address is the one that works.
    cloneUrlSsh: cloneUrl(context, repository.name),
    Arn: repositoryArn(context, repository.name),
  };
}

function cloneUrl(context: LocalContext, name: string): string {
  return `${context.url}/git/${name}`;
}

interface Tip {
  readonly commitId: string;
  /** Seconds since the epoch. */
  readonly committedAt: number;
}

async function branches(repository: Repository): Promise<ReadonlyMap<string, Tip>> {
  const format = "%(objectname) %(committerdate:unix) %(refname)";
  const text = await runGit(["for-each-ref", `--format=${format}`, "refs/heads/"], {
    gitDir: repository.directory,
  });
  const tips = new Map<string, Tip>();
  for (const line of text.toString("utf8").split("\n")) {
    const [, commitId, committedAt, name] = /^(\S+) (\d+) refs\/heads\/(.+)$/.exec(line) ?? [];
    if (commitId === undefined || name === undefined) continue;
    tips.set(name, { commitId, committedAt: Number(committedAt) });
  }
  return tips;
}

async function branchTip(repository: Repository, name: string): Promise<string> {
  try {
    const id = await runGit(["rev-parse", "--verify", "--quiet", "--end-of-options", `refs/heads/${name}`], {
      gitDir: repository.directory,
    });
    return id.toString().trim();
  } catch (error) {
    if (!(error instanceof GitError) || error.exitCode === 127) throw error;
    throw new AwsError(
      "BranchDoesNotExistException",
      `The repository ${repository.name} has no branch ${name}`,
    );
  }
}
