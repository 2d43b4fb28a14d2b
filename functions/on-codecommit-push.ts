import pipelines from "tandem:pipelines";
import { acceptDelivery, refuseDelivery } from "../shared/accept.ts";
import { readHead, readPeople } from "../shared/effects/codecommit.ts";
import { parseCodeCommitPush } from "../shared/intake/codecommit-push.ts";
import { mismatch } from "../shared/intake/match.ts";
import type { Delivery } from "../shared/pipeline/pipelines.ts";
import { log } from "./log.ts";
import { createRuntime } from "./runtime.ts";

const { aws, deps } = createRuntime();

/** A `git push` to CodeCommit: a run of every pipeline that wants the ref, or a recorded refusal. */
export async function handler(payload: unknown): Promise<void> {
  const push = parseCodeCommitPush(payload);
  if (push.type === "ignored") {
    log.info("ignored", { reason: push.reason });
    return;
  }
  const { repository, ref } = push.revision;
  const wanted = pipelines.filter((pipeline) => mismatch(pipeline, repository, ref) === undefined);
  if (wanted.length === 0) {
    const reasons = pipelines.map((pipeline) => mismatch(pipeline, repository, ref));
    const delivery: Delivery = { id: push.id, revision: push.revision, people: {} };
    await refuseDelivery(deps, "-", delivery, reasons.join("; "));
    log.info("no pipeline wants this push", { repository, ref, reasons });
    return;
  }
  const people = await readPeople(aws, push.revision, push.pusher);
  const delivery: Delivery = { id: push.id, revision: push.revision, people };
  const results = await Promise.allSettled(
    wanted.map((pipeline) => acceptDelivery(deps, pipeline, delivery, () => readHead(aws, push.revision))),
  );
  for (const result of results) {
    if (result.status === "fulfilled") log.info("delivery", { ...result.value });
  }
  const failed = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  if (failed.length > 0) throw failed[0];
}
