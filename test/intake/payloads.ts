/**
 * Payloads with the fields that GitHub documents, of the repository acme/hello:
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads
 */

export const sha = (letter: string) => letter.repeat(40);
export const NONE = "0".repeat(40);

type Fields = Readonly<Record<string, unknown>>;

const account = (login: string) => ({
  login,
  id: 1001,
  node_id: "U_1",
  type: "User",
  site_admin: false,
  url: `https://api.github.com/users/${login}`,
  html_url: `https://github.com/${login}`,
});

export const repository = (full_name = "acme/hello") => ({
  id: 42,
  node_id: "R_42",
  name: full_name.split("/")[1],
  full_name,
  private: false,
  owner: account(full_name.split("/")[0] ?? ""),
  html_url: `https://github.com/${full_name}`,
  description: null,
  fork: false,
  url: `https://api.github.com/repos/${full_name}`,
  clone_url: `https://github.com/${full_name}.git`,
  default_branch: "main",
});

export const ADA = { name: "Ada Lovelace", email: "ada@example.com", username: "ada" };

export const commitOf = (id: string, change: Fields = {}) => ({
  id,
  tree_id: sha("9"),
  distinct: true,
  message: "Count faster",
  timestamp: "2026-11-21T10:00:00+01:00",
  url: `https://github.com/acme/hello/commit/${id}`,
  author: ADA,
  committer: { name: "GitHub", email: "noreply@github.com", username: "web-flow" },
  added: ["engine.ts"],
  removed: [],
  modified: ["Dockerfile"],
  ...change,
});

/** A push of one commit to main. */
export function push(change: Fields = {}) {
  const after = typeof change.after === "string" ? change.after : sha("b");
  return {
    ref: "refs/heads/main",
    before: sha("a"),
    after,
    repository: repository(),
    pusher: { name: "ada", email: "ada@example.com" },
    sender: account("ada"),
    created: false,
    deleted: false,
    forced: false,
    base_ref: null,
    compare: "https://github.com/acme/hello/compare/aaaaaaaaaaaa...bbbbbbbbbbbb",
    commits: [commitOf(after)],
    head_commit: commitOf(after),
    ...change,
  };
}

/** A branch or tag that is gone. */
export const deletion = (ref: string) =>
  push({ ref, before: sha("a"), after: NONE, deleted: true, commits: [], head_commit: null });

interface PullOptions {
  readonly action?: string;
  /** The repository of the head; null when the fork has been deleted. */
  readonly from?: string | null;
  readonly base?: string;
}

/** Pull request 7, from the branch `faster`. */
export function pullRequest({ action = "opened", from = "acme/hello", base = "main" }: PullOptions = {}) {
  const repo = repository();
  return {
    action,
    number: 7,
    ...(action === "synchronize" ? { before: sha("c"), after: sha("d") } : {}),
    pull_request: {
      id: 700,
      number: 7,
      state: action === "closed" ? "closed" : "open",
      title: "Count faster",
      user: account("grace"),
      body: null,
      draft: false,
      merged: false,
      head: {
        label: "acme:faster",
        ref: "faster",
        sha: sha("d"),
        user: account("grace"),
        repo: from === null ? null : repository(from),
      },
      base: { label: `acme:${base}`, ref: base, sha: sha("a"), user: account("acme"), repo },
    },
    repository: repo,
    sender: account("grace"),
  };
}

export function release(action = "published", tag_name = "v1.2.0") {
  return {
    action,
    release: {
      id: 12,
      url: "https://api.github.com/repos/acme/hello/releases/12",
      html_url: `https://github.com/acme/hello/releases/tag/${tag_name}`,
      tag_name,
      target_commitish: "main",
      name: "One point two",
      draft: false,
      prerelease: false,
      author: account("ada"),
      assets: [],
      created_at: "2026-11-21T09:00:00Z",
      published_at: "2026-11-21T09:01:00Z",
    },
    repository: repository(),
    sender: account("ada"),
  };
}

export const ping = () => ({
  zen: "Design for failure.",
  hook_id: 9,
  hook: {
    type: "Repository",
    id: 9,
    name: "web",
    active: true,
    events: ["push"],
    config: { content_type: "json" },
  },
  repository: repository(),
  sender: account("ada"),
});
