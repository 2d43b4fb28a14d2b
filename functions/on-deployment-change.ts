import pipelines from "tandem:pipelines";
import { advanceAll } from "../shared/advance.ts";
import { readStageLock } from "../shared/effects/stage-lock.ts";
import { parseDeploymentChange } from "../shared/intake/deployment-change.ts";
import { log } from "./log.ts";
import { createRuntime } from "./runtime.ts";

const { deps } = createRuntime();

/** A deployment has come to an end: the run that holds a stage with this service is told. */
export async function handler(payload: unknown): Promise<void> {
  const change = parseDeploymentChange(payload);
  if (change.type === "ignored") {
    log.info("ignored", { reason: change.reason });
    return;
  }
  const { cluster, service, deploymentId, state, reason } = change;
  for (const { name: pipeline, stages } of pipelines) {
    for (const { name: stage, deploy } of stages) {
      if (!deploy.some((one) => one.cluster === cluster && one.service === service)) continue;
      const { lock } = await readStageLock(deps.store, pipeline, stage);
      const runId = lock.holder?.runId;
      if (runId === undefined) {
        log.info("ignored", { reason: `no run holds stage ${stage} of ${pipeline}`, deploymentId });
        continue;
      }
      const { run, ignored } = await advanceAll(deps, runId, {
        type: "deployment.reported",
        at: deps.now(),
        stage,
        cluster,
        service,
        deploymentId,
        state,
        reason,
      });
      log.info(ignored === undefined ? "advanced" : "ignored", {
        runId,
        status: run?.status.status,
        reason: ignored,
      });
    }
  }
}
