import { advanceAll } from "../shared/advance.ts";
import { getBuilds } from "../shared/effects/find-build.ts";
import { parseBuildChange } from "../shared/intake/build-change.ts";
import { interpretBuild, type ReportedBuild } from "../shared/pipeline/build-report.ts";
import { log } from "./log.ts";
import { createRuntime } from "./runtime.ts";

const { aws, deps } = createRuntime();

/** A build has come to an end. */
export async function handler(payload: unknown): Promise<void> {
  const reported = await interpret(payload);
  if (reported.type === "ignored") {
    log.info("ignored", { reason: reported.reason });
    return;
  }
  if (reported.type === "incomplete")
    throw new Error(`run ${reported.runId}: CodeBuild did not say what a build exported`);
  const { run, ignored } = await advanceAll(deps, reported.runId, reported.event);
  log.info(ignored === undefined ? "advanced" : "ignored", {
    runId: reported.runId,
    status: run?.status.status,
    reason: ignored,
  });
}

/** Events do not always carry the exported variables; `BatchGetBuilds` does. */
async function interpret(payload: unknown): Promise<ReportedBuild> {
  const report = parseBuildChange(payload);
  if ("type" in report) return report;
  const reported = interpretBuild(report, deps.now());
  if (reported.type !== "incomplete") return reported;
  const { builds } = await getBuilds(aws, [report.buildId]);
  const [asked] = builds;
  return asked === undefined ? reported : interpretBuild(asked, deps.now());
}
