/**
 * Events with the fields that CodeCommit documents, of the repository hello:
 * https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html
 */

export const sha = (letter: string) => letter.repeat(40);
export const MARY = "arn:aws:sts::123456789012:assumed-role/Admin/Mary_Major";

type Fields = Readonly<Record<string, unknown>>;

function event(detailType: string, detail: Fields) {
  return {
    version: "0",
    id: "01234567-0123-0123-0123-012345678901",
    "detail-type": detailType,
    source: "aws.codecommit",
    account: "123456789012",
    time: "2026-11-21T10:23:43Z",
    region: "us-east-2",
    resources: ["arn:aws:codecommit:us-east-2:123456789012:hello"],
    detail,
  };
}

/** A ref that has been created, updated or deleted. */
export function reference(
  name: "referenceCreated" | "referenceUpdated" | "referenceDeleted",
  change: Fields = {},
) {
  return event("CodeCommit Repository State Change", {
    callerUserArn: MARY,
    event: name,
    repositoryName: "hello",
    repositoryId: "12345678-1234-5678-abcd-12345678abcd",
    referenceType: "branch",
    referenceName: "main",
    referenceFullName: "refs/heads/main",
    ...(name === "referenceDeleted" ? {} : { commitId: sha("b") }),
    ...(name === "referenceCreated" ? {} : { oldCommitId: sha("a") }),
    ...change,
  });
}

/** Pull request 7, from `faster` into `main`. */
export function pullRequest(name = "pullRequestCreated", change: Fields = {}) {
  return event("CodeCommit Pull Request State Change", {
    author: MARY,
    callerUserArn: MARY,
    creationDate: "Sat Nov 21 10:18:42 UTC 2026",
    description: "An example description.",
    destinationCommit: sha("a"),
    destinationReference: "refs/heads/main",
    event: name,
    isMerged: "False",
    lastModifiedDate: "Sat Nov 21 10:18:42 UTC 2026",
    notificationBody: "A pull request event occurred in the following AWS CodeCommit repository: hello.",
    pullRequestId: "7",
    pullRequestStatus: "Open",
    repositoryNames: ["hello"],
    revisionId: "c".repeat(64),
    sourceCommit: sha("d"),
    sourceReference: "refs/heads/faster",
    title: "Count faster",
    ...change,
  });
}
