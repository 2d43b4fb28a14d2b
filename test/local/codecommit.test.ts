import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  commit,
  type Detail,
  detailOf,
  git,
  isDetail,
  startCode,
  workingCopy,
} from "./codebuild-endpoint.ts";
import { type CodeCommitWorld, startWorld } from "./codecommit-world.ts";

let world: CodeCommitWorld;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.end());

const changes = (name: string): readonly Detail[] =>
  world.code.events.map(detailOf).filter((detail) => detail.repositoryName === name);

describe("a push", () => {
  test("makes the repository, says so, and raises the event of the new branch", async () => {
    const { name, commit: commitId } = await world.pushed();
    expect(world.code.said).toContain(`codecommit: created the repository ${name}, as it was pushed to`);
    const event = world.code.events.find((one) => detailOf(one).repositoryName === name);
    expect(event).toEqual({
      source: "aws.codecommit",
      detailType: "CodeCommit Repository State Change",
      resources: [`arn:aws:codecommit:us-east-1:000000000000:${name}`],
      detail: {
        callerUserArn: "arn:aws:iam::000000000000:user/git",
        commitId,
        event: "referenceCreated",
        referenceFullName: "refs/heads/main",
        referenceName: "main",
        referenceType: "branch",
        repositoryId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        repositoryName: name,
      },
    });
  });

  test("raises one event for each ref: updated, forced, tagged, deleted", async () => {
    const { path, url, name, commit: first } = await world.pushed();
    const second = await commit(path, { "a.txt": "two\n" }, "second");
    await git(path, "tag", "v1");
    await git(
      path,
      "push",
      "--quiet",
      url,
      "main",
      "v1",
      "main:refs/heads/feature/x",
      "main:refs/notes/other",
    );
    await git(path, "reset", "--quiet", "--hard", first);
    const third = await commit(path, { "a.txt": "three\n" }, "third");
    await git(path, "push", "--quiet", "--force", url, "main");
    await git(path, "push", "--quiet", "--delete", url, "feature/x", "v1");
    const told = changes(name).map(({ event, referenceFullName, commitId, oldCommitId }) =>
      [event, referenceFullName, commitId, oldCommitId].join(" "),
    );
    expect(told.slice(0, 1)).toEqual([`referenceCreated refs/heads/main ${first} `]);
    expect([...told.slice(1, 4)].sort()).toEqual([
      `referenceCreated refs/heads/feature/x ${second} `,
      `referenceCreated refs/tags/v1 ${second} `,
      `referenceUpdated refs/heads/main ${second} ${first}`,
    ]);
    expect(told[4]).toBe(`referenceUpdated refs/heads/main ${third} ${second}`);
    expect([...told.slice(5)].sort()).toEqual([
      `referenceDeleted refs/heads/feature/x  ${second}`,
      `referenceDeleted refs/tags/v1  ${second}`,
    ]);
  });

  test("raises nothing when nothing changes, and nothing for a refused ref", async () => {
    const { path, url, name } = await world.pushed();
    await git(path, "push", "--quiet", url, "main");
    const other = await workingCopy(world.folder, `${name}-other`, { "b.txt": "b\n" });
    await expect(git(other.path, "push", "--quiet", url, "main")).rejects.toThrow(/rejected/);
    expect(changes(name)).toHaveLength(1);
  });

  test("side by side with others is told apart from them", async () => {
    const { path, url, name, commit: first } = await world.pushed();
    const branches = ["one", "two", "three", "four", "five"];
    await Promise.all(
      branches.map((branch) => git(path, "push", "--quiet", url, `main:refs/heads/${branch}`)),
    );
    const told = changes(name).slice(1);
    expect(told.map(({ referenceName }) => referenceName).sort()).toEqual([...branches].sort());
    expect(told.every(({ event, commitId }) => event === "referenceCreated" && commitId === first)).toBe(
      true,
    );
  });

  test.each([
    ["alice", "arn:aws:sts::000000000000:assumed-role/release-managers/alice"],
    ["carol", "arn:aws:sts::000000000000:assumed-role/developers/carol"],
    ["mallory", "arn:aws:iam::000000000000:user/mallory"],
    ["dave", "arn:aws:iam::000000000000:user/dave"],
  ])("with %s's credentials is theirs, and tells them", async (user, arn) => {
    const { path, url, name } = await world.pushed();
    await commit(path, {}, "again");
    const header = `Authorization: Basic ${Buffer.from(`${user}:${user}`).toString("base64")}`;
    const printed = await git(path, "-c", `http.extraHeader=${header}`, "push", url, "main");
    expect(printed).toContain(`remote: pushed to ${name} as ${arn}`);
    expect(changes(name).at(-1)).toMatchObject({ event: "referenceUpdated", callerUserArn: arn });
  });

  test("of many megabytes goes through in both directions", async () => {
    const { path, url, name } = await world.pushed();
    for (const file of ["one", "two", "three"])
      await writeFile(join(path, file), randomBytes(2 * 1024 * 1024));
    const commitId = await commit(path, {}, "large");
    await git(path, "push", "--quiet", url, "main");
    const clone = join(world.folder, `${name}-clone`);
    await git(world.folder, "clone", "--quiet", `${url}.git`, clone);
    expect(await git(clone, "rev-parse", "HEAD")).toBe(commitId);
    await git(clone, "fsck", "--full");
  }, 60_000);

  test("of a first branch that is not main makes it the default branch", async () => {
    const copy = await workingCopy(world.folder, "trunk-based", {});
    await git(copy.path, "push", "--quiet", `${world.code.url}/git/trunk-based`, "main:refs/heads/trunk");
    const { repositoryMetadata } = await world.call("GetRepository", { repositoryName: "trunk-based" });
    expect(repositoryMetadata).toMatchObject({ defaultBranch: "trunk" });
    const clone = join(world.folder, "trunk-clone");
    await git(world.folder, "clone", "--quiet", `${world.code.url}/git/trunk-based`, clone);
    expect(await git(clone, "branch", "--show-current")).toBe("trunk");
  });
});

describe("git over HTTP", () => {
  test("knows what is missing, and what is no repository name", async () => {
    const missing = join(world.folder, "missing");
    await expect(
      git(world.folder, "clone", "--quiet", `${world.code.url}/git/missing`, missing),
    ).rejects.toThrow(/not found/);
    const { path } = await world.pushed();
    await expect(git(path, "push", "--quiet", `${world.code.url}/git/n%20o`, "main")).rejects.toThrow(
      /400|error/,
    );
    const browser = await fetch(`${world.code.url}/git/missing`);
    expect([browser.status, await browser.text()]).toEqual([404, expect.stringContaining("git clone")]);
  });

  test("serves one commit by its id, shallow, and old protocols", async () => {
    const { name, path, url, commit: first } = await world.pushed();
    await commit(path, { "b.txt": "b\n" }, "second");
    await git(path, "push", "--quiet", url, "main");
    for (const version of ["0", "1", "2"]) {
      const shallow = join(world.folder, `${name}-shallow-${version}`);
      await mkdir(shallow);
      await git(shallow, "init", "--quiet");
      await git(shallow, "-c", `protocol.version=${version}`, "fetch", "--quiet", "--depth=1", url, first);
      expect(await git(shallow, "rev-parse", "FETCH_HEAD")).toBe(first);
    }
  });
});

describe("a restart", () => {
  test("keeps repositories, and refuses a damaged one by name", async () => {
    const stateDir = join(world.folder, "restarted");
    const before = await startCode({ stateDir });
    const copy = await workingCopy(world.folder, "kept", { "a.txt": "a\n" });
    await git(copy.path, "push", "--quiet", `${before.url}/git/kept`, "main");
    const described = await before.codecommitCall("GetRepository", { repositoryName: "kept" });
    await before.stop();
    const after = await startCode({ stateDir });
    const again = await after.codecommitCall("GetRepository", { repositoryName: "kept" });
    expect(again.body.repositoryMetadata).toMatchObject({ repositoryName: "kept", defaultBranch: "main" });
    const id = (body: Detail) => isDetail(body.repositoryMetadata) && body.repositoryMetadata.repositoryId;
    expect(id(again.body)).toBe(id(described.body));
    await after.stop();
    const file = join(stateDir, "codecommit", "kept.git", "tandem-repository.json");
    await writeFile(file, "{");
    await expect(startCode({ stateDir })).rejects.toThrow(file);
  });

  test("a template makes a repository once", async () => {
    const apply = world.code.codecommit.resources?.["AWS::CodeCommit::Repository"];
    const resource = {
      logicalId: "Source",
      type: "AWS::CodeCommit::Repository",
      properties: { RepositoryName: "templated", RepositoryDescription: "of a template" },
    };
    const created = await apply?.(resource);
    expect(await apply?.(resource)).toEqual(created);
    expect(created?.attributes).toMatchObject({
      Name: "templated",
      CloneUrlHttp: `${world.code.url}/git/templated`,
    });
  });
});
