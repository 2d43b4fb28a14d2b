import { mkdir } from "node:fs/promises";
import { GitError, runGit } from "../codecommit/git.ts";
import type { ProjectSource } from "./model.ts";

/** The source could not be fetched; the message names the repository and the version. */
export class SourceError extends Error {}

export interface Checkout {
  /** The commit that was checked out; absent without a source. */
  readonly commitId?: string;
  /** Where it came from. */
  readonly url?: string;
}

/** The ref that the version to build is fetched into. */
const FETCHED = "refs/codebuild/source";

/** Transports a source may name; git knows others that run commands. */
const ENVIRONMENT = { GIT_ALLOW_PROTOCOL: "http:https:ssh:git:file" };

/**
 * Fetches a version of a build's source into a new folder.
 *
 * @param source where from; a CodeCommit address of AWS is served by the repository of that name here
 * @param sourceVersion a commit, branch, tag, full ref, or `pr/N` of GitHub; the default branch when absent
 * @param localUrl the local endpoint
 * @throws SourceError
 */
export async function checkOut(
  source: ProjectSource,
  sourceVersion: string | undefined,
  directory: string,
  localUrl: string,
  signal: AbortSignal,
): Promise<Checkout> {
  await mkdir(directory, { recursive: true });
  if (source.type === "NO_SOURCE") return {};
  if (source.type === "S3" || source.type === "CODEPIPELINE") {
    throw new SourceError(
      `A source of type ${source.type} is not emulated: use CODECOMMIT, GITHUB or NO_SOURCE`,
    );
  }
  if (source.location === undefined || source.location === "") {
    throw new SourceError(`The source of type ${source.type} has no location`);
  }
  const url = sourceUrl(source.location, localUrl);
  const version = sourceVersion === undefined || sourceVersion === "" ? "HEAD" : sourceVersion;
  if (!isVersion(version)) {
    throw new SourceError(`${JSON.stringify(version)} is not a commit, branch, tag or pull request (pr/N)`);
  }
  const git = (...args: string[]) => runGit(args, { cwd: directory, environment: ENVIRONMENT, signal });
  try {
    await git("init", "--quiet", "--template=");
    await git("remote", "add", "origin", url);
    const commit = await fetchVersion(git, version, source.gitCloneDepth ?? 0);
    await git("checkout", "--quiet", "--detach", commit);
    if (source.gitSubmodulesConfig?.fetchSubmodules === true) {
      await git("submodule", "update", "--quiet", "--init", "--recursive");
    }
    return { commitId: (await git("rev-parse", "HEAD")).toString().trim(), url };
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause;
    const reason = cause.stderr.trim().split("\n").join(" ");
    throw new SourceError(`${version} of ${url} could not be checked out: ${reason}`, { cause });
  }
}

/**
 * `https://git-codecommit.REGION.amazonaws.com/v1/repos/NAME` is the local repository NAME, and
 * `https://github.com/OWNER/REPO` (with `.git` or without) that of the stand-in for GitHub.
 */
export function sourceUrl(location: string, localUrl: string): string {
  const github = /^https:\/\/github\.com\/([\w-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(location)?.[1];
  if (github !== undefined) return `${localUrl}/github/${github}.git`;
  const name =
    /^(?:https|ssh):\/\/git-codecommit[.\w-]*\.amazonaws\.com(?:\.cn)?\/v1\/repos\/([\w.-]+)$/.exec(
      location,
    )?.[1];
  return name === undefined ? location : `${localUrl}/git/${name}`;
}

async function fetchVersion(
  git: (...args: string[]) => Promise<Buffer>,
  version: string,
  depth: number,
): Promise<string> {
  const pullRequest = /^pr\/(\d+)$/.exec(version)?.[1];
  const ref = pullRequest === undefined ? version : `refs/pull/${pullRequest}/head`;
  const shallow = depth > 0 ? [`--depth=${depth}`] : [];
  const everything = depth > 0 ? [] : ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
  // The version itself by name: it may be an old commit of a shallow fetch, or of no branch any more.
  await git("fetch", "--quiet", "--no-tags", ...shallow, "origin", `+${ref}:${FETCHED}`, ...everything);
  return FETCHED;
}

/** What would be more than a name in git's `<source>:<destination>`. */
function isVersion(text: string): boolean {
  return text.length <= 1024 && /^[^\s:*^~?[\\]+$/.test(text);
}
