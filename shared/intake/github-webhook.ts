import type { People, Trigger } from "../pipeline/events.ts";
import {
  looksLike,
  type PersonPayload,
  type PullRequestPayload,
  type PushPayload,
  ping,
  pullRequest,
  push,
  type ReleasePayload,
  readPayload,
  release,
} from "./github-payloads.ts";
import { refFault } from "./ref-name.ts";
import type { CommitInfo } from "./source.ts";

/** A commit that GitHub tells of, for whichever pipeline wants it. */
export interface GitHubDelivery {
  readonly type: "delivery";
  /** `OWNER/NAME` as GitHub spells it. */
  readonly repository: string;
  readonly ref: string;
  /** 40 hexadecimal digits; absent for a release, whose event names its tag only. */
  readonly commit?: string;
  readonly before?: string;
  readonly trigger: Trigger;
  /** The ref that a pipeline's branches and tags are held against: of a pull request, the branch it is to be merged into. */
  readonly matched: string;
  readonly people: People;
  /** All that the author is known by: login and address. */
  readonly authors: readonly string[];
  /** What the commit says of itself, where the event tells. */
  readonly info?: CommitInfo;
}

/** Nothing to build, and why; with the commit it was about, if it was about one. */
export interface GitHubIgnored {
  readonly type: "ignored";
  readonly reason: string;
  readonly about?: Pick<GitHubDelivery, "repository" | "ref" | "trigger"> & { readonly commit: string };
}

/** A body that GitHub would not have sent. */
export interface GitHubFault {
  readonly type: "fault";
  readonly reason: string;
}

export type GitHubEvent = GitHubDelivery | GitHubIgnored | GitHubFault;

const EVENTS = "Tandem follows push, pull_request and release";

/**
 * Reads an event of GitHub.
 * @param event the header `X-GitHub-Event`; it must agree with the body
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads
 */
export function parseGitHubEvent(event: string, body: unknown): GitHubEvent {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return fault("the body is no JSON object");
  }
  const other = looksLike(body);
  if (other !== undefined && other !== event) {
    return fault(`the header X-GitHub-Event says ${event}, but the body is that of a ${other} event`);
  }
  switch (event) {
    case "ping": {
      const read = readPayload(ping, event, body);
      return "fault" in read ? fault(read.fault) : ignored("pong: the webhook is set up");
    }
    case "push": {
      const read = readPayload(push, event, body);
      return "fault" in read ? fault(read.fault) : ofPush(read.payload);
    }
    case "pull_request": {
      const read = readPayload(pullRequest, event, body);
      return "fault" in read ? fault(read.fault) : ofPullRequest(read.payload);
    }
    case "release": {
      const read = readPayload(release, event, body);
      return "fault" in read ? fault(read.fault) : ofRelease(read.payload);
    }
    default:
      return ignored(`${event} events start nothing: ${EVENTS}`);
  }
}

function fault(reason: string): GitHubFault {
  return { type: "fault", reason };
}

function ignored(reason: string, about?: GitHubIgnored["about"]): GitHubIgnored {
  return { type: "ignored", reason, ...(about === undefined ? {} : { about }) };
}

const NO_COMMIT = "0".repeat(40);

function ofPush({
  ref,
  before,
  after,
  deleted,
  repository,
  head_commit,
  pusher,
  sender,
}: PushPayload): GitHubEvent {
  const bad = refFault(ref);
  if (bad !== undefined) return fault(bad);
  const name = repository.full_name;
  const trigger: Trigger = { type: "push" };
  if (deleted || after === NO_COMMIT) {
    const about = { repository: name, ref, commit: before, trigger };
    return ignored(`${ref} of ${name} was deleted`, about);
  }
  // `after` of an annotated tag is the tag's own object; the commit is the one it points at.
  const commit = head_commit?.id ?? after;
  if (head_commit === null && ref.startsWith("refs/tags/")) {
    return ignored(`${ref} of ${name} points at no commit`, { repository: name, ref, commit, trigger });
  }
  const author = identity(head_commit?.author);
  const committer = identity(head_commit?.committer);
  const { username, email } = head_commit?.author ?? {};
  const authors = [username, email].filter((one) => typeof one === "string");
  const people: People = {
    ...(author === undefined ? {} : { author }),
    ...(committer === undefined ? {} : { committer }),
    pusher: sender?.login ?? pusher.name,
  };
  return {
    type: "delivery",
    repository: name,
    ref,
    commit,
    ...(before === NO_COMMIT ? {} : { before }),
    trigger,
    matched: ref,
    people,
    authors,
    ...(head_commit === null ? {} : { info: { people, message: head_commit.message, authors } }),
  };
}

/** The login, as people are told apart at GitHub; `Name <address>` of those it does not know. */
function identity(person: PersonPayload | undefined): string | undefined {
  const { name, email, username } = person ?? {};
  if (username) return username;
  return email ? `${name ?? ""} <${email}>`.trim() : (name ?? undefined);
}

const BUILT = ["opened", "synchronize", "reopened"];

function ofPullRequest({
  action,
  number,
  pull_request,
  repository,
  sender,
}: PullRequestPayload): GitHubEvent {
  const { user, head, base } = pull_request;
  const matched = `refs/heads/${base.ref}`;
  const bad = refFault(matched);
  if (bad !== undefined) return fault(bad);
  const name = repository.full_name;
  // The fork may be gone by now, and its commit still in the pull request: it is a stranger's all the same.
  const fork = head.repo === null || !isSameRepository(head.repo.full_name, base.repo.full_name);
  const trigger: Trigger = { type: "pull-request", number, fork };
  const ref = `refs/pull/${number}/head`;
  if (!BUILT.includes(action)) {
    const about = { repository: name, ref, commit: head.sha, trigger };
    return ignored(`pull request ${number} of ${name} was ${action}: nothing to build`, about);
  }
  return {
    type: "delivery",
    repository: name,
    ref,
    commit: head.sha,
    before: base.sha,
    trigger,
    matched,
    people: { ...(user === null ? {} : { author: user.login }), pusher: sender.login },
    authors: user === null ? [] : [user.login],
  };
}

function ofRelease({
  action,
  release: { tag_name, author },
  repository,
  sender,
}: ReleasePayload): GitHubEvent {
  const ref = `refs/tags/${tag_name}`;
  const bad = refFault(ref);
  if (bad !== undefined) return fault(bad);
  const name = repository.full_name;
  if (action !== "published") return ignored(`release ${tag_name} of ${name} was ${action}, not published`);
  return {
    type: "delivery",
    repository: name,
    ref,
    trigger: { type: "release" },
    matched: ref,
    people: { ...(author ? { author: author.login } : {}), pusher: sender.login },
    authors: author ? [author.login] : [],
  };
}

/** GitHub takes names in any case for the same, and has each repository once. */
export function isSameRepository(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
