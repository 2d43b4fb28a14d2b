import type { RunView, StageView } from "../../shared/pipeline/view.ts";
import { tasksOf } from "./run.ts";
import { shortDigest } from "./text.ts";

/** One line about each part of a run, by a name that stays the same: what differs from the last look is news. */
export function partsOf(run: RunView): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  for (const image of run.images) {
    for (const build of image.builds) {
      const attempt = build.attempt > 1 ? ` (attempt ${build.attempt})` : "";
      const seconds = build.seconds === undefined ? "" : ` in ${build.seconds.toFixed(1)} s`;
      const reason = build.reason === undefined ? "" : `: ${build.reason}`;
      const line = `build ${image.name} ${build.platform} ${build.status}${seconds}${attempt}${reason}`;
      parts.set(`build ${image.name} ${build.platform}`, line);
    }
    const digest = image.indexDigest === undefined ? "" : ` ${image.indexDigest}`;
    const reason = image.reason === undefined ? "" : `: ${image.reason}`;
    const reused = image.reusedFrom === undefined ? "" : `, reused from ${image.reusedFrom}`;
    parts.set(`image ${image.name}`, `index ${image.name} ${image.status}${digest}${reused}${reason}`);
  }
  for (const stage of run.stages) addStage(parts, run, stage);
  if (run.reportProblem !== undefined) parts.set("report", run.reportProblem);
  const why =
    run.reason ?? (run.supersededBy === undefined ? undefined : `superseded by ${run.supersededBy}`);
  parts.set("run", `run ${run.id} ${run.status}${why === undefined ? "" : `: ${why}`}`);
  return parts;
}

function addStage(parts: Map<string, string>, run: RunView, stage: StageView): void {
  const { name, status, reason, waitsBehind, gate, services } = stage;
  const behind = waitsBehind === undefined ? "" : `, behind ${waitsBehind}`;
  const because = reason === undefined ? "" : `: ${reason}`;
  const asks =
    gate?.open === true && (gate.approvals ?? []).length < gate.required
      ? `: ${gate.required} of ${gate.from.join(", ")} may \`tandem approve ${run.id} ${name}\``
      : "";
  parts.set(`stage ${name}`, `stage ${name} ${status}${behind}${because}${asks}`);
  for (const { name: condition, state, why } of gate?.open === true ? gate.conditions : []) {
    const said = why === undefined ? "" : `: ${why}`;
    parts.set(`condition ${name} ${condition}`, `stage ${name} ${condition} ${state}${said}`);
  }
  if (gate?.override !== undefined) {
    const { person, reason } = gate.override;
    parts.set(`override ${name}`, `stage ${name} overridden by ${person}: ${reason}`);
  }
  for (const { person, comment } of gate?.approvals ?? []) {
    const said = comment === undefined ? "" : `: ${comment}`;
    parts.set(`approval ${name} ${person}`, `stage ${name} approved by ${person}${said}`);
  }
  for (const service of services) {
    const { cluster, service: name, status } = service;
    const tasks = tasksOf(service);
    const runs =
      service.imageDigest === undefined
        ? ""
        : ` with ${service.imageDigest.split(",").map(shortDigest).join(", ")}`;
    const why = service.reason === undefined ? "" : `: ${service.reason}`;
    const line = `service ${cluster}/${name} ${status}${runs}${tasks === "" ? "" : ` on ${tasks}`}${why}`;
    parts.set(`service ${stage.name} ${cluster}/${name}`, line);
  }
}

const IDLE = / (?:pending|unpublished)$/;

/** The lines that are new since the last look; what has not begun yet is not worth one. */
export function changes(
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
): readonly string[] {
  return [...now].flatMap(([part, line]) => (before.get(part) === line || IDLE.test(line) ? [] : [line]));
}
