import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { isOver } from "./support/api.ts";
import { GitHub } from "./support/github.ts";
import { type Project, projectWith } from "./support/project.ts";
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
