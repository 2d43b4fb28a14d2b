import * as z from "zod";
import type { SourceDefinition } from "../pipeline/definition.ts";
import { type EffectContext, isError } from "./context.ts";
import type { Found } from "./find-service.ts";
import { GitHubError } from "./github-error.ts";

const content = z.object({ encoding: z.literal("base64"), content: z.string() });

/**
 * The text of a file of the repository at a commit.
 * https://docs.aws.amazon.com/codecommit/latest/APIReference/API_GetFile.html (at most 6 MB),
 * https://docs.github.com/en/rest/repos/contents (at most 1 MB)
 */
export async function repositoryFile(
  { aws, github }: Pick<EffectContext, "aws" | "github">,
  source: SourceDefinition,
  commit: string,
  path: string,
): Promise<Found<string>> {
  const gone = {
    failure: {
      reason: `${source.repository} has no file ${path} at ${commit.slice(0, 7)}`,
      remedy: "commit it, or mend `taskDefinition.file` in the pipeline",
    },
  };
  try {
    if (source.type === "codecommit") {
      const { fileContent } = await aws.codecommit.getFile({
        repositoryName: source.repository,
        commitSpecifier: commit,
        filePath: path,
      });
      return fileContent === undefined ? gone : { found: Buffer.from(fileContent).toString("utf8") };
    }
    if (github === undefined) throw new Error("GitHub cannot be asked: the function has no GitHub settings");
    const address = `/repos/${source.repository}/contents/${path.split("/").map(encodeURIComponent).join("/")}?ref=${commit}`;
    const answer = await github.request(source.repository, "GET", address);
    const file = content.safeParse(answer.data);
    return file.success ? { found: Buffer.from(file.data.content, "base64").toString("utf8") } : gone;
  } catch (error) {
    if (error instanceof GitHubError && error.status === 404) return gone;
    if (isError(error, "FileDoesNotExistException", "CommitDoesNotExistException")) return gone;
    throw error;
  }
}
