import pipelines from "tandem:pipelines";
import { parseCodeCommitPullRequest, pullRequestMismatch } from "../shared/intake/codecommit-pull-request.ts";
import { receiveCodeCommit } from "../shared/receive-codecommit.ts";
import { log } from "./log.ts";
import { createRuntime } from "./runtime.ts";

const { deps, sources } = createRuntime();

/** A pull request in CodeCommit has been opened or pushed to: every pipeline that wants it builds it. */
export async function handler(payload: unknown): Promise<void> {
  const pull = parseCodeCommitPullRequest(payload);
  if (pull.type === "ignored") {
    log.info("ignored", { reason: pull.reason });
    return;
  }
  const { repository, ref } = pull.revision;
  const { accepted, refused, errors } = await receiveCodeCommit(
    deps,
    pipelines,
    sources.codecommit,
    pull,
    (pipeline) => pullRequestMismatch(pipeline, repository, pull.into),
  );
  if (refused !== undefined) log.info("no pipeline builds this", { repository, ref, reason: refused });
  for (const one of accepted) log.info("delivery", { ...one });
  if (errors.length > 0) throw new AggregateError(errors, errors.map(String).join(" · "));
}
