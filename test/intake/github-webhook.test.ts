import { describe, expect, test } from "@jest/globals";
import { parseGitHubEvent } from "../../shared/intake/github-webhook.ts";
import {
  ADA,
  commitOf,
  deletion,
  NONE,
  ping,
  pullRequest,
  push,
  release,
  repository,
  sha,
} from "./payloads.ts";

const PEOPLE = { author: "ada", committer: "web-flow", pusher: "ada" };

describe("a push", () => {
  test("to a branch is its commit, with the people and the message", () => {
    expect(parseGitHubEvent("push", push())).toEqual({
      type: "delivery",
      repository: "acme/hello",
      ref: "refs/heads/main",
      matched: "refs/heads/main",
      commit: sha("b"),
      before: sha("a"),
      trigger: { type: "push" },
      people: PEOPLE,
      authors: ["ada", "ada@example.com"],
      info: { people: PEOPLE, message: "Count faster", authors: ["ada", "ada@example.com"] },
    });
  });

  test.each([
    ["that makes a branch has nothing before", push({ before: NONE, created: true }), undefined],
    ["that is forced is one like any other", push({ forced: true }), sha("a")],
    ["of many commits is its last", push({ commits: [commitOf(sha("e")), commitOf(sha("b"))] }), sha("a")],
    ["of no commit of its own, to a branch made from another", push({ commits: [] }), sha("a")],
  ])("%s", (_what, payload, before) => {
    expect(parseGitHubEvent("push", payload)).toMatchObject({
      type: "delivery",
      commit: sha("b"),
      ...(before === undefined ? {} : { before }),
    });
    if (before === undefined) expect(parseGitHubEvent("push", payload)).not.toHaveProperty("before");
  });

  test("of a tag is a commit; of an annotated tag the one it points at", () => {
    const tag = { ref: "refs/tags/v1", before: NONE, created: true };
    expect(parseGitHubEvent("push", push(tag))).toMatchObject({ ref: "refs/tags/v1", commit: sha("b") });
    const annotated = push({ ...tag, after: sha("f"), head_commit: commitOf(sha("b")) });
    expect(parseGitHubEvent("push", annotated)).toMatchObject({ commit: sha("b") });
    const ofATree = push({ ...tag, after: sha("f"), head_commit: null });
    expect(parseGitHubEvent("push", ofATree)).toMatchObject({
      type: "ignored",
      reason: "refs/tags/v1 of acme/hello points at no commit",
    });
  });

  test.each(["refs/heads/old", "refs/tags/v0"])("that deletes %s is ignored", (ref) => {
    expect(parseGitHubEvent("push", deletion(ref))).toEqual({
      type: "ignored",
      reason: `${ref} of acme/hello was deleted`,
      about: { repository: "acme/hello", ref, commit: sha("a"), trigger: { type: "push" } },
    });
  });

  test("names people whom GitHub does not know by name and address", () => {
    const { username: _username, ...stranger } = ADA;
    const head_commit = commitOf(sha("b"), { author: stranger, committer: { name: "bot", email: null } });
    const read = parseGitHubEvent("push", push({ head_commit }));
    expect(read).toMatchObject({
      people: { author: "Ada Lovelace <ada@example.com>", committer: "bot", pusher: "ada" },
      authors: ["ada@example.com"],
    });
  });
});

describe("a pull request", () => {
  test.each(["opened", "synchronize", "reopened"])("%s is built, against its base", (action) => {
    expect(parseGitHubEvent("pull_request", pullRequest({ action }))).toEqual({
      type: "delivery",
      repository: "acme/hello",
      ref: "refs/pull/7/head",
      matched: "refs/heads/main",
      commit: sha("d"),
      before: sha("a"),
      trigger: { type: "pull-request", number: 7, fork: false },
      people: { author: "grace", pusher: "grace" },
      authors: ["grace"],
    });
  });

  test.each([
    ["another repository", "mallory/hello", true],
    ["a fork that is gone", null, true],
    ["the same in other letters", "Acme/Hello", false],
  ])("from %s", (_what, from, fork) => {
    const read = parseGitHubEvent("pull_request", pullRequest({ from }));
    expect(read).toMatchObject({ trigger: { type: "pull-request", fork } });
  });

  test.each(["closed", "labeled", "edited", "converted_to_draft"])("%s is ignored", (action) => {
    expect(parseGitHubEvent("pull_request", pullRequest({ action }))).toMatchObject({
      type: "ignored",
      reason: `pull request 7 of acme/hello was ${action}: nothing to build`,
      about: { commit: sha("d"), ref: "refs/pull/7/head" },
    });
  });
});

describe("a release", () => {
  test("published is its tag, whose commit is still to be found out", () => {
    const read = parseGitHubEvent("release", release());
    expect(read).toMatchObject({
      type: "delivery",
      ref: "refs/tags/v1.2.0",
      matched: "refs/tags/v1.2.0",
      trigger: { type: "release" },
      people: { author: "ada", pusher: "ada" },
    });
    expect(read).not.toHaveProperty("commit");
  });

  test.each(["created", "edited", "deleted", "prereleased", "released"])("%s is ignored", (action) => {
    const reason = `release v1.2.0 of acme/hello was ${action}, not published`;
    expect(parseGitHubEvent("release", release(action))).toEqual({ type: "ignored", reason });
  });
});

describe("other events", () => {
  test("a ping is answered", () => {
    expect(parseGitHubEvent("ping", ping())).toEqual({
      type: "ignored",
      reason: "pong: the webhook is set up",
    });
  });

  test.each(["issues", "workflow_run", "create", "x".repeat(100)])("%s starts nothing", (event) => {
    expect(parseGitHubEvent(event, { action: "opened", repository: repository() })).toEqual({
      type: "ignored",
      reason: `${event} events start nothing: Tandem follows push, pull_request and release`,
    });
  });
});

describe("a body that is not the header's", () => {
  const says = (event: string, other: string) =>
    `the header X-GitHub-Event says ${event}, but the body is that of a ${other} event`;

  test.each([
    ["ping", push(), says("ping", "push")],
    ["issues", push(), says("issues", "push")],
    ["pull_request", push(), says("pull_request", "push")],
    ["push", ping(), says("push", "ping")],
    ["push", release(), says("push", "release")],
    [
      "push",
      pullRequest(),
      "the body is no push event: ref, before, after, deleted, commits is missing or of another form",
    ],
    ["release", pullRequest(), "the body is no release event: release is missing or of another form"],
    [
      "pull_request",
      { action: "opened" },
      "the body is no pull_request event: number, pull_request, repository, sender is missing or of another form",
    ],
    ["ping", {}, "the body is no ping event: zen, hook_id is missing or of another form"],
    ["push", [], "the body is no JSON object"],
    ["push", null, "the body is no JSON object"],
    ["issues", "text", "the body is no JSON object"],
    [
      "push",
      push({ after: "b", head_commit: null }),
      "the body is no push event: after is missing or of another form",
    ],
    [
      "push",
      push({ repository: repository("acme/../hello") }),
      "the body is no push event: repository.full_name is missing or of another form",
    ],
  ])("%s is refused", (event, body, reason) => {
    expect(parseGitHubEvent(event, body)).toEqual({ type: "fault", reason });
  });
});

describe("the name of a branch or tag", () => {
  test.each(["it's", '"quoted"', "$(reboot)", "`reboot`", "rocket-🚀", "x".repeat(255)])(
    "%s is one like any other",
    (name) => {
      const ref = `refs/heads/${name}`;
      expect(parseGitHubEvent("push", push({ ref }))).toMatchObject({ type: "delivery", ref });
      expect(parseGitHubEvent("release", release("published", name))).toMatchObject({ type: "delivery" });
      expect(parseGitHubEvent("pull_request", pullRequest({ base: name }))).toMatchObject({
        type: "delivery",
      });
    },
  );

  test.each(["two words", "line\nbreak", "a..b", "a~1", "x".repeat(256), "\ud800", ""])(
    "%j is refused",
    (name) => {
      expect(parseGitHubEvent("push", push({ ref: `refs/heads/${name}` })).type).toBe("fault");
      expect(parseGitHubEvent("release", release("published", name)).type).toBe("fault");
      expect(parseGitHubEvent("pull_request", pullRequest({ base: name })).type).toBe("fault");
    },
  );
});
