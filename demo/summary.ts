import { type Cell, table } from "../cli/render/table.ts";
import { type Paint, paintStatus, shortDigest } from "../cli/render/text.ts";
import type { RunResult } from "./result.ts";

/** Two tables: what each run took, and what runs where at the end. */
export function summary(runs: readonly RunResult[], paint: Paint): readonly string[] {
  const status = (text: string): Cell => ({ text, paint: (padded) => paintStatus(paint, text, padded) });
  const times = runs.map(({ id, status: ended, commit, seconds }) => [
    id,
    status(ended),
    commit.slice(0, 7),
    ...[seconds.builds, seconds.publish, seconds.stages, seconds.total].map((one) => `${one.toFixed(1)} s`),
  ]);
  const last = runs.at(-1);
  const services = (last?.stages ?? []).flatMap((stage) =>
    stage.services.map(({ service, taskDefinition = "", imageDigest = "", tasks }) => [
      `${stage.name}/${service}`,
      status(stage.status),
      taskDefinition.split("/").at(-1) ?? "",
      shortDigest(imageDigest),
      String(tasks.x86_64 ?? 0),
      String(tasks.arm64 ?? 0),
    ]),
  );
  return [
    ...table(["RUN", "STATUS", "COMMIT", "BUILDS", "PUBLISH", "STAGES", "TOTAL"], times, paint.faint),
    "",
    ...table(["SERVICE", "STATUS", "TASK DEFINITION", "INDEX", "x86_64", "arm64"], services, paint.faint),
  ];
}
