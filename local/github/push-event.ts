import type { RefChange } from "../codecommit/push-events.ts";
import type { Github } from "./core.ts";
import { type ChangedPaths, changedPaths } from "./git/changes.ts";
import { type Commit, type Person, readCommits } from "./git/commits.ts";
import { listBranches } from "./git/refs.ts";
import { commitOf, isAncestor } from "./git/revisions.ts";
import { accountJson, emailOf, loginOfEmail } from "./present/account.ts";
import { pushedRepositoryJson, repositoryUrls } from "./present/repository.ts";
import type { GithubRepository } from "./repositories.ts";

/** No push event is raised for the tags of a push with more of them, nor for one with more branches. */
const MAXIMUM_TAGS = 3;
const MAXIMUM_BRANCHES = 5_000;

/** A push event lists so many commits, and so many paths of a commit. */
const MAXIMUM_COMMITS = 2_048;
const MAXIMUM_PATHS = 3_000;

const NO_COMMIT = "0".repeat(40);

const isTag = ({ ref }: RefChange): boolean => ref.startsWith("refs/tags/");
const isBranch = ({ ref }: RefChange): boolean => ref.startsWith("refs/heads/");

/**
 * The changes of one push that a push event is raised for, one each.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
 */
function changesWithEvents(changes: readonly RefChange[]): readonly RefChange[] {
  const branches = changes.filter(isBranch);
  const tags = changes.filter(isTag);
  if (branches.length > MAXIMUM_BRANCHES) return [];
  return tags.length > MAXIMUM_TAGS ? branches : [...branches, ...tags];
}

/** What the events of one push are made from. */
interface Push {
  readonly repository: GithubRepository;
  readonly branches: Branches;
  /** Where the branches were before. */
  readonly tipsBefore: readonly string[];
  /** Who pushed. */
  readonly login: string;
}

type Branches = Awaited<ReturnType<typeof listBranches>>;

/** The payloads of the push events of one push: one for each branch and tag, unless there are too many of them. */
export async function pushPayloads(
  github: Github,
  repository: GithubRepository,
  changes: readonly RefChange[],
  login: string,
) {
  const branches = await listBranches(repository);
  const tipsBefore = otherTips(branches, changes);
  const push = { repository, branches, tipsBefore, login };
  const payloads = [];
  for (const change of changesWithEvents(changes)) payloads.push(await pushPayload(github, push, change));
  return payloads;
}

async function pushPayload(github: Github, push: Push, change: RefChange) {
  const { repository, login } = push;
  const created = change.oldId === undefined;
  const deleted = change.newId === undefined;
  const tip = deleted ? undefined : await commitOf(repository, change.newId ?? "");
  const fresh = tip === undefined ? [] : await newCommits(push, change, tip);
  const [head] = tip === undefined ? [] : await readCommits(repository, ["--no-walk", tip]);
  const shown = [...fresh.map(({ commit }) => commit.sha), ...(head === undefined ? [] : [head.sha])];
  const paths = await changedPaths(repository, [...new Set(shown)]);
  const json = (commit: Commit, distinct: boolean) =>
    pushedCommitJson(github, repository, commit, distinct, paths.get(commit.sha));
  return {
    ref: change.ref,
    before: change.oldId ?? NO_COMMIT,
    after: change.newId ?? NO_COMMIT,
    repository: await pushedRepositoryJson(github, repository),
    pusher: { name: login, email: emailOf(login) },
    sender: accountJson(github.urls, login),
    created,
    deleted,
    forced: isBranch(change) && (await isForced(repository, change)),
    base_ref: created && !deleted ? baseRef(push, change, tip) : null,
    compare: compareUrl(repositoryUrls(github, repository).html, change, fresh),
    commits: fresh.map(({ commit, distinct }) => json(commit, distinct)),
    head_commit: head === undefined ? null : json(head, isNew(push, fresh, head)),
  };
}

interface FreshCommit {
  readonly commit: Commit;
  /** Whether no branch had it before. */
  readonly distinct: boolean;
}

const isNew = (push: Push, fresh: readonly FreshCommit[], head: Commit): boolean =>
  fresh.find(({ commit }) => commit.sha === head.sha)?.distinct ?? !push.tipsBefore.includes(head.sha);

/** The commits that a push brought to a ref, the oldest first: for a new ref those that no other branch had before. */
async function newCommits(push: Push, change: RefChange, tip: string): Promise<readonly FreshCommit[]> {
  const { repository, tipsBefore } = push;
  const walk = async (known: readonly string[]) => {
    const range = [tip, ...known.map((id) => `^${id}`)];
    return readCommits(repository, ["--reverse", "--topo-order", `--max-count=${MAXIMUM_COMMITS}`, ...range]);
  };
  const distinct = await walk(tipsBefore);
  const isDistinct = new Set(distinct.map(({ sha }) => sha));
  const commits = change.oldId === undefined ? distinct : await walk([change.oldId]);
  return commits.map((commit) => ({ commit, distinct: isDistinct.has(commit.sha) }));
}

/** Where the branches were before a push: those that it has not touched, and the old places of the others. */
function otherTips(branches: Branches, together: readonly RefChange[]): readonly string[] {
  const pushed = new Set(together.map(({ ref }) => ref));
  const untouched = branches.filter(({ name }) => !pushed.has(`refs/heads/${name}`)).map(({ sha }) => sha);
  const earlier = together.flatMap(({ oldId }) => (oldId === undefined ? [] : [oldId]));
  return [...new Set([...untouched, ...earlier])];
}

async function isForced(repository: GithubRepository, { oldId, newId }: RefChange): Promise<boolean> {
  if (oldId === undefined || newId === undefined) return false;
  return !(await isAncestor(repository, oldId, newId));
}

/** The branch that a new ref was made from, when it is where that branch is. */
function baseRef({ branches }: Push, change: RefChange, tip: string | undefined): string | null {
  const same = branches.find(({ name, sha }) => sha === tip && `refs/heads/${name}` !== change.ref);
  return same === undefined ? null : `refs/heads/${same.name}`;
}

function compareUrl(html: string, change: RefChange, fresh: readonly FreshCommit[]): string {
  const short = (id: string | undefined): string => (id ?? NO_COMMIT).slice(0, 12);
  if (change.oldId !== undefined) return `${html}/compare/${short(change.oldId)}...${short(change.newId)}`;
  const [first] = fresh;
  if (first === undefined) return `${html}/compare/${change.ref.split("/").slice(2).join("/")}`;
  if (fresh.length === 1) return `${html}/commit/${short(change.newId)}`;
  return `${html}/compare/${short(first.commit.sha)}^...${short(change.newId)}`;
}

function pushedCommitJson(
  github: Github,
  repository: GithubRepository,
  commit: Commit,
  distinct: boolean,
  paths: ChangedPaths | undefined,
) {
  const { sha, tree, message, author, committer } = commit;
  const some = (list: readonly string[] | undefined): readonly string[] =>
    (list ?? []).slice(0, MAXIMUM_PATHS);
  return {
    id: sha,
    tree_id: tree,
    distinct,
    message,
    timestamp: committer.date,
    url: `${repositoryUrls(github, repository).html}/commit/${sha}`,
    author: pusherJson(author),
    committer: pusherJson(committer),
    added: some(paths?.added),
    removed: some(paths?.removed),
    modified: some(paths?.modified),
  };
}

function pusherJson({ name, email, date }: Person) {
  const login = loginOfEmail(email);
  return { name, email, date, ...(login === undefined ? {} : { username: login }) };
}
