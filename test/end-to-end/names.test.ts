import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { isOver } from "./support/api.ts";
import { GitHub, postWebhook, signature } from "./support/github.ts";
import { type Project, projectWith } from "./support/project.ts";
import { Registry } from "./support/registry.ts";
import { tandem } from "./support/tandem.ts";
import { application, git, WorkingCopy } from "./support/working-copy.ts";
import { openWorld, type World } from "./support/world.ts";

const pipeline = (name: string, source: string) => `name: ${name}
source:
  ${source}
images:
  - name: ${name}
    tags: ["{branch}"]
`;

let project: Project;
let world: World;
beforeAll(async () => {
  project = await projectWith({
    "here.yml": pipeline("here", 'codecommit: { repository: hello, branches: ["wild/**"] }'),
    "there.yml": pipeline("there", 'github: { repository: acme/hello, branches: ["wild/**"] }'),
  });
  world = await openWorld({ project: project.folder });
}, 90_000);
afterAll(async () => {
  await world?.close();
  await project?.remove();
}, 30_000);

/** What git allows a branch to be called, and a shell would take for something else; the last has 255 bytes. */
const NAMES = [
  'wild/it\'s-"quoted"-`touch;pwned`',
  "wild/$(touch${IFS}pwned)",
  "wild/rocket-🚀",
  `wild/${"x".repeat(250)}`,
];

async function copyOf(where: string): Promise<WorkingCopy> {
  if (where === "CodeCommit") return world.copy;
  const github = new GitHub(world.url, "acme/hello");
  await github.ask("POST", "/orgs/acme/repos", { name: "hello" });
  return WorkingCopy.clone(github.address(), join(world.folder, "acme"));
}

test.each(["CodeCommit", "GitHub"])(
  "%s: branches of any name are built, each at its commit",
  async (where) => {
    const copy = await copyOf(where);
    const commits = new Map<string, string>();
    for (const [version, name] of NAMES.entries()) {
      await git(copy.folder, ["checkout", "--quiet", "--orphan", name]);
      commits.set(name, await copy.commit(application(version), "carol", `${where} ${version}`));
    }
    await git(copy.folder, ["push", "--quiet", "origin", ...NAMES.map((name) => `refs/heads/${name}`)]);
    for (const [name, commit] of commits) {
      const run = await world.api.until(await world.api.runOf(commit), isOver);
      expect(run).toMatchObject({ status: "succeeded", commit });
      // No such tag is possible, but for the last, which is too long for one: the run says so, and its commit's tag stands in.
      const [image] = run.images;
      expect(image).toMatchObject({ tags: [commit], skippedTags: [{ tag: name.replaceAll("/", "-") }] });
      const ids = image?.builds.flatMap(({ buildId }) => buildId ?? []) ?? [];
      const { builds = [] } = await world.aws.codeBuild.batchGetBuilds({ ids });
      expect(builds).toHaveLength(2);
      // A build is told of its commit only: no name comes near a shell.
      for (const { environment, sourceVersion } of builds) {
        expect(sourceVersion).toBe(commit);
        expect(JSON.stringify(environment)).not.toMatch(/pwned|rocket|xxxx/);
      }
    }
  },
);

/** A signed push of a ref, which no git would have let through. */
function pushOf(ref: string) {
  const commit = "c".repeat(40);
  const person = { name: "octocat", email: "octocat@example.com", username: "octocat" };
  const body = JSON.stringify({
    ...{ ref, before: "0".repeat(40), after: commit, created: true, deleted: false, forced: false },
    repository: { id: 1, name: "hello", full_name: "acme/hello" },
    commits: [],
    head_commit: { id: commit, message: "Change", author: person, committer: person },
    pusher: { name: "octocat" },
    sender: { login: "octocat" },
  });
  return postWebhook(world.url, "push", body, { "x-hub-signature-256": signature(body) });
}

test.each([
  ["a newline", "refs/heads/wild/a\nb", String.raw`"refs/heads/wild/a\nb" is no name that git allows`],
  ["a newline at its end", "refs/tags/v1\n", String.raw`"refs/tags/v1\n" is no name that git allows`],
  ["a space", "refs/heads/wild/a b", '"refs/heads/wild/a b" is no name that git allows'],
  ["256 bytes", `refs/heads/wild/${"x".repeat(251)}`, 'xxx" is longer than 255 bytes'],
  // Characters of four bytes each.
  ["260 bytes of emoji", `refs/heads/${"🚀".repeat(65)}`, '🚀" is longer than 255 bytes'],
])("a branch or tag with %s is refused by its name, and starts nothing", async (_what, ref, reason) => {
  // Those before may still be on their way.
  const ids = async () => (await world.api.runs()).map(({ id }) => id);
  const before = await ids();
  expect(await pushOf(ref)).toMatchObject({
    status: 400,
    body: { error: { code: "bad-delivery", message: expect.stringContaining(reason) } },
  });
  expect(await ids()).toEqual(before);
});

test("two branches that make the same tag: the first has it until it is deleted, and the other's run says so", async () => {
  const { copy, api } = world;
  const here = new Registry(world.url, "here");
  const built = async (branch: string, version: number) => {
    await git(copy.folder, ["checkout", "--quiet", "-B", branch]);
    const commit = await copy.commit(application(version));
    await git(copy.folder, ["push", "--quiet", "origin", `refs/heads/${branch}`]);
    const run = await api.until(await api.runOf(commit), isOver);
    return { run, commit, image: run.images[0] };
  };
  const first = await built("wild/fix/login", 100);
  expect(first.image).toMatchObject({ tags: ["wild-fix-login"], skippedTags: [] });
  const second = await built("wild/fix-login", 101);
  const why = `since ${first.run.id} it is the tag of the branch wild/fix/login: rename one of the two`;
  expect(second.image).toMatchObject({
    tags: [second.commit],
    skippedTags: [{ tag: "wild-fix-login", why }],
  });
  expect(await here.digestOf("wild-fix-login")).toBe(first.image?.indexDigest);
  expect(await here.digestOf(second.commit)).toBe(second.image?.indexDigest);
  const { out } = await tandem(["show", second.run.id, "--url", world.url]);
  expect(out).toContain(`wild-fix-login: ${why}`);

  await git(copy.folder, ["push", "--quiet", "origin", ":refs/heads/wild/fix/login"]);
  const third = await built("wild/fix-login", 102);
  expect(third.image).toMatchObject({ tags: ["wild-fix-login"], skippedTags: [] });
  expect(await here.digestOf("wild-fix-login")).toBe(third.image?.indexDigest);
});
