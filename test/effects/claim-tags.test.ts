import { describe, expect, test } from "@jest/globals";
import { publishIndex } from "../../shared/effects/publish-index.ts";
import type { ImageDefinition } from "../../shared/pipeline/definition.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import { COMMIT, definition, runAfter, started } from "../pipeline/given.ts";
import { awsError, contextOf, fakeAws, said } from "./fakes.ts";
import { registry, succeeded } from "./registry.ts";

function imageWith(tags: readonly string[]): ImageDefinition {
  const [image] = definition().images;
  if (image === undefined) throw new Error("the definition has an image");
  return { ...image, tags };
}

/** Runs of one pipeline, one after another, that publish to one repository. */
function publisher({ store = memoryStore(), tags = ["{branch}"] } = {}) {
  const branches = new Set<string>();
  const asked: string[] = [];
  const named = new Map<string, string>();
  let isMute = false;
  let sequence = 0;
  return {
    branches,
    asked,
    /** Which commit's index a tag names. */
    named,
    mute: () => {
      isMute = true;
    },
    publish: async (ref: string, commit = COMMIT) => {
      sequence += 1;
      const image = imageWith(tags);
      const run = runAfter(
        started({
          sequence,
          revision: { repository: "hello", ref, commit },
          definition: definition({ images: [image] }),
        }),
        succeeded("linux/amd64"),
        succeeded("linux/arm64"),
      );
      const { aws, calls } = fakeAws({
        ecr: registry(),
        codecommit: {
          getBranch: async ({ branchName = "" }) => {
            asked.push(branchName);
            if (isMute) throw awsError("EncryptionKeyUnavailableException");
            if (branches.has(branchName)) return { branch: { branchName, commitId: COMMIT } };
            throw awsError("BranchDoesNotExistException");
          },
        },
      });
      const { events } = await publishIndex(contextOf(aws, store), run, {
        type: "publish-index",
        image,
        lease: 0,
      });
      for (const put of calls.filter(({ operation }) => operation === "PutImage"))
        named.set(String(said(put, "imageTag")), commit);
      const [event] = events;
      if (event?.type !== "index.published") throw new Error(`published, and not ${event?.type}`);
      return { tags: event.tags, skippedTags: event.skippedTags };
    },
  };
}

const OTHER = "2".repeat(40);

describe("two refs that make the same tag", () => {
  test("the first has it, for good; the other gets its commit's, and the run says whose it is", async () => {
    const { publish, branches, named } = publisher();
    branches.add("feature/login").add("feature-login");
    expect(await publish("refs/heads/feature/login")).toEqual({ tags: ["feature-login"], skippedTags: [] });
    const why = "since hello-1 it is the tag of the branch feature/login: rename one of the two";
    const second = { tags: [OTHER], skippedTags: [{ tag: "feature-login", why }] };
    expect(await publish("refs/heads/feature-login", OTHER)).toEqual(second);
    expect(named.get("feature-login")).toBe(COMMIT);
    const newer = "3".repeat(40);
    expect(await publish("refs/heads/feature/login", newer)).toEqual({
      tags: ["feature-login"],
      skippedTags: [],
    });
    expect(named.get("feature-login")).toBe(newer);
  });

  test("once the branch is gone, the other has it", async () => {
    const { publish, branches } = publisher();
    await publish("refs/heads/feature/login");
    branches.add("feature-login");
    expect(await publish("refs/heads/feature-login", OTHER)).toEqual({
      tags: ["feature-login"],
      skippedTags: [],
    });
    branches.add("feature/login");
    expect(await publish("refs/heads/feature/login")).toMatchObject({
      tags: [COMMIT],
      skippedTags: [
        { why: expect.stringContaining("since hello-2 it is the tag of the branch feature-login") },
      ],
    });
  });

  test("nobody is asked as long as there is one only; where nobody can tell, the first keeps it", async () => {
    const { publish, asked, mute } = publisher();
    await publish("refs/heads/feature/login");
    await publish("refs/heads/feature/login", OTHER);
    expect(asked).toEqual([]);
    mute();
    expect(await publish("refs/heads/feature-login", OTHER)).toMatchObject({ tags: [OTHER] });
    expect(asked).toEqual(["feature/login"]);
  });

  test("versions with and without v: the first git tag keeps it", async () => {
    const { publish } = publisher({ tags: ["{semver}", "{tag}"] });
    expect((await publish("refs/tags/v1.0.0")).tags).toEqual(["1.0.0", "v1.0.0"]);
    expect(await publish("refs/tags/1.0.0", OTHER)).toEqual({
      tags: [OTHER],
      skippedTags: [
        { tag: "1.0.0", why: "since hello-1 it is the tag of the git tag v1.0.0: rename one of the two" },
      ],
    });
  });

  test("commits that begin alike: the other is tagged with all its digits", async () => {
    const { publish } = publisher({ tags: ["{shortSha}"] });
    const alike = `1111111${"2".repeat(33)}`;
    await publish("refs/heads/main");
    expect(await publish("refs/heads/main", alike)).toEqual({
      tags: [alike],
      skippedTags: [{ tag: "1111111", why: `since hello-1 it is the tag of the commit ${COMMIT}` }],
    });
  });

  test("what is written out is meant for every branch", async () => {
    const { publish } = publisher({ tags: ["latest"] });
    for (const ref of ["refs/heads/a", "refs/heads/b"])
      expect(await publish(ref)).toEqual({ tags: ["latest"], skippedTags: [] });
  });
});

test("of two that publish at the same moment one has the tag", async () => {
  const store = memoryStore();
  const slow: Store = {
    ...store,
    streams: {
      ...store.streams,
      last: async (stream) => {
        const found = await store.streams.last(stream);
        // Both have read before either writes.
        await new Promise((resolve) => setImmediate(resolve));
        return found;
      },
    },
  };
  const { publish, branches } = publisher({ store: slow });
  branches.add("feature/login").add("feature-login");
  const published = await Promise.all([
    publish("refs/heads/feature/login"),
    publish("refs/heads/feature-login", OTHER),
  ]);
  expect(published.filter(({ tags }) => tags.includes("feature-login"))).toHaveLength(1);
  expect(published.filter(({ skippedTags }) => skippedTags.length === 1)).toHaveLength(1);
});
