import pipelines from "tandem:pipelines";
import { acceptAndOpen, refuseDelivery } from "../shared/accept.ts";
import { parseCodeCommitPush } from "../shared/intake/codecommit-push.ts";
import { mismatch } from "../shared/intake/match.ts";
import type { Delivery } from "../shared/pipeline/pipelines.ts";
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
  const { id, revision } = push;
  const { repository, ref, commit } = revision;
  const ours = pipelines.filter(({ source }) => source.type === "codecommit");
  const wanted = ours.filter((pipeline) => mismatch(pipeline, repository, ref) === undefined);
  const trigger = { type: "push" as const };
  if (wanted.length === 0) {
    const reason = ours.map((pipeline) => mismatch(pipeline, repository, ref)).join("; ");
    await refuseDelivery(deps, "-", { id, revision, people: {}, trigger }, reason);
    log.info("no pipeline wants this push", { repository, ref, reason });
    return;
  }
  const found = await sources.codecommit.commit(repository, commit);
  const pusher = push.pusher === undefined ? {} : { pusher: push.pusher };
  const delivery: Delivery = { id, revision, people: { ...found?.people, ...pusher }, trigger };
  const results = await Promise.allSettled(
    wanted.map((pipeline) => acceptAndOpen(deps, pipeline, delivery, sources.codecommit, found)),
  );
  for (const result of results) {
    if (result.status === "fulfilled") log.info("delivery", { ...result.value });
  }
  const failed = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  if (failed.length > 0) throw new AggregateError(failed, failed.map(String).join(" · "));
}
