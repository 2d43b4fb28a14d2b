import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { commit, git, isDetail } from "./codebuild-endpoint.ts";
import { type CodeCommitWorld, startWorld } from "./codecommit-world.ts";

let world: CodeCommitWorld;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.end());

describe("the API", () => {
  let repository: Awaited<ReturnType<CodeCommitWorld["pushed"]>>;
  let second: string;

  beforeAll(async () => {
    repository = await world.pushed({ "a.txt": "one\n", "docs/b.md": "b\n", "run.sh*": "#!/bin/sh\n" });
    second = await commit(repository.path, { "a.txt": "two\n", "docs/ü c.md": "c\n" }, "second: ünï\n\nbody");
    await git(repository.path, "rm", "--quiet", "docs/b.md");
    await git(repository.path, "commit", "--quiet", "--amend", "--no-edit");
    second = await git(repository.path, "rev-parse", "HEAD");
    await git(repository.path, "push", "--quiet", repository.url, "main");
  });

  test("creates, lists, describes and deletes repositories", async () => {
    const { repositoryMetadata } = await world.call("CreateRepository", {
      repositoryName: "made",
      repositoryDescription: "by hand",
    });
    expect(repositoryMetadata).toMatchObject({
      accountId: "000000000000",
      Arn: "arn:aws:codecommit:us-east-1:000000000000:made",
      cloneUrlHttp: `${world.code.url}/git/made`,
      repositoryDescription: "by hand",
      repositoryName: "made",
      creationDate: expect.any(Number),
    });
    expect(isDetail(repositoryMetadata) && "defaultBranch" in repositoryMetadata).toBe(false);
    expect(await world.code.codecommitCall("CreateRepository", { repositoryName: "made" })).toMatchObject({
      status: 400,
      body: { __type: expect.stringMatching(/RepositoryNameExistsException$/) },
    });
    const { repositories } = await world.call("ListRepositories", {});
    expect(repositories).toContainEqual({ repositoryName: "made", repositoryId: expect.any(String) });
    await world.call("DeleteRepository", { repositoryName: "made" });
    expect(await world.call("DeleteRepository", { repositoryName: "made" })).toEqual({});
    const gone = await fetch(`${world.code.url}/git/made/info/refs?service=git-upload-pack`);
    expect(gone.status).toBe(404);
  });

  test("reads branches and commits", async () => {
    const repositoryName = repository.name;
    expect(await world.call("GetBranch", { repositoryName, branchName: "main" })).toEqual({
      branch: { branchName: "main", commitId: second },
    });
    expect(await world.call("ListBranches", { repositoryName })).toEqual({ branches: ["main"] });
    expect(await world.call("GetCommit", { repositoryName, commitId: second })).toEqual({
      commit: {
        commitId: second,
        treeId: await git(repository.path, "rev-parse", "HEAD^{tree}"),
        parents: [repository.commit],
        message: "second: ünï\n\nbody\n",
        author: { name: "Ada", email: "ada@example.com", date: "1700000000 +0900" },
        committer: { name: "Grace", email: "grace@example.com", date: "1700000100 -0130" },
        additionalData: "",
      },
    });
    const unknown = `${"0".repeat(39)}1`;
    expect(
      await world.call("BatchGetCommits", { repositoryName, commitIds: [second, unknown] }),
    ).toMatchObject({
      commits: [{ commitId: second }],
      errors: [{ commitId: unknown, errorCode: "CommitIdDoesNotExistException" }],
    });
  });

  test("reads files", async () => {
    const repositoryName = repository.name;
    expect(
      await world.call("GetFile", { repositoryName, filePath: "run.sh", commitSpecifier: "main" }),
    ).toMatchObject({
      commitId: second,
      fileMode: "EXECUTABLE",
      fileSize: 10,
      fileContent: Buffer.from("#!/bin/sh\n").toString("base64"),
    });
    expect(await world.call("GetFile", { repositoryName, filePath: "docs/ü c.md" })).toMatchObject({
      fileMode: "NORMAL",
    });
  });

  test("tells differences, page by page", async () => {
    const input = { repositoryName: repository.name, beforeCommitSpecifier: repository.commit };
    const pages = [];
    let NextToken: unknown;
    do {
      const page = await world.call("GetDifferences", {
        ...input,
        afterCommitSpecifier: "main",
        MaxResults: 2,
        NextToken,
      });
      pages.push(page);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(pages).toHaveLength(2);
    const differences = pages.flatMap((page) => (Array.isArray(page.differences) ? page.differences : []));
    expect(differences).toEqual([
      {
        changeType: "M",
        beforeBlob: { blobId: expect.any(String), mode: "100644", path: "a.txt" },
        afterBlob: { blobId: expect.any(String), mode: "100644", path: "a.txt" },
      },
      { changeType: "D", beforeBlob: { blobId: expect.any(String), mode: "100644", path: "docs/b.md" } },
      { changeType: "A", afterBlob: { blobId: expect.any(String), mode: "100644", path: "docs/ü c.md" } },
    ]);
    const everything = await world.call("GetDifferences", {
      repositoryName: repository.name,
      afterCommitSpecifier: repository.commit,
    });
    expect(everything.differences).toHaveLength(3);
  });

  test.each([
    ["GetRepository", { repositoryName: "missing" }, "RepositoryDoesNotExistException"],
    ["GetRepository", {}, "RepositoryNameRequiredException"],
    ["GetRepository", { repositoryName: "../state" }, "InvalidRepositoryNameException"],
    ["CreateRepository", { repositoryName: "a.git" }, "InvalidRepositoryNameException"],
    ["GetBranch", { branchName: "missing" }, "BranchDoesNotExistException"],
    ["GetCommit", { commitId: "f".repeat(40) }, "CommitIdDoesNotExistException"],
    ["GetCommit", { commitId: "main" }, "InvalidCommitIdException"],
    ["GetFile", { filePath: "missing" }, "FileDoesNotExistException"],
    ["GetDifferences", { afterCommitSpecifier: "--output=x" }, "CommitDoesNotExistException"],
    ["GetDifferences", { afterCommitSpecifier: "main", NextToken: "x" }, "InvalidContinuationTokenException"],
    ["GetDifferences", { afterCommitSpecifier: "main", MaxResults: 0 }, "InvalidMaxResultsException"],
  ])("answers %s %j with %s", async (operation, input, error) => {
    const named = operation.endsWith("Repository") ? input : { repositoryName: repository.name, ...input };
    const { status, body } = await world.code.codecommitCall(operation, named);
    expect(status).toBe(400);
    expect(String(body.__type)).toMatch(new RegExp(`${error}$`));
    expect(body.message).toEqual(expect.any(String));
  });
});
