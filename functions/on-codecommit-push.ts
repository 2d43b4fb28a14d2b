import pipelines from "tandem:pipelines";
import { parseCodeCommitPush } from "../shared/intake/codecommit-push.ts";
import { mismatch } from "../shared/intake/match.ts";
import { receiveCodeCommit } from "../shared/receive-codecommit.ts";
import { log } from "./log.ts";
import { createRuntime } from "./runtime.ts";

const { deps, sources } = createRuntime();

/** A `git push` to CodeCommit: a run of every pipeline that wants the ref, or a recorded refusal. */
export async function handler(payload: unknown): Promise<void> {
  const push = parseCodeCommitPush(payload);
  if (push.type === "ignored") {
    log.info("ignored", { reason: push.reason });
    return;
  }
  const { repository, ref } = push.revision;
  const delivery = { ...push, trigger: { type: "push" as const } };
  const { accepted, refused, errors } = await receiveCodeCommit(
    deps,
    pipelines,
    sources.codecommit,
    delivery,
    (pipeline) => mismatch(pipeline, repository, ref),
  );
  if (refused !== undefined) log.info("no pipeline wants this push", { repository, ref, reason: refused });
  for (const one of accepted) log.info("delivery", { ...one });
  if (errors.length > 0) throw new AggregateError(errors, errors.map(String).join(" · "));
}
