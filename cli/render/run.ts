import type { ServiceView } from "../../shared/pipeline/service-view.ts";
import type { BuildView, GateView, ImageView, RunView, StageView } from "../../shared/pipeline/view.ts";
import { logTail, type ReadOn } from "./log.ts";
import { type Cell, table } from "./table.ts";
import { clock, duration, type Paint, paintStatus, shortCommit, shortDigest } from "./text.ts";

const branchOf = (ref: string): string => ref.replace(/^refs\/(?:heads|tags)\//, "");

/**
 * Everything about a run on one page: its builds side by side, the index, every stage with its gate and services.
 * @param cause why it began, when that is worth a line
 */
export function renderRun(run: RunView, where: ReadOn, paint: Paint, cause?: string): readonly string[] {
  return [
    ...headLines(run, paint, cause),
    ...run.images.flatMap((image) => ["", ...imageLines(run, image, where, paint)]),
    ...run.stages.flatMap((stage) => ["", ...stageLines(run, stage, paint)]),
  ];
}

function headLines(run: RunView, paint: Paint, cause: string | undefined): readonly string[] {
  const { id, status, ref, commit, repository, author, pusher, startedAt, updatedAt, reportProblem } = run;
  const who = author ?? pusher;
  const what = `${branchOf(ref)} ${shortCommit(commit)} of ${repository}`;
  const took = duration(Date.parse(updatedAt) - Date.parse(startedAt));
  const when = `began ${clock(startedAt)} UTC${isOver(run) ? `, took ${took}` : ""}`;
  return [
    `${paint.strong(id)}  ${paintStatus(paint, status, placeOf(run))}`,
    `${what}${who === undefined ? "" : ` by ${who}`}, ${when}`,
    ...(cause === undefined ? [] : [cause]),
    ...(run.supersededBy === undefined ? [] : [`superseded by ${run.supersededBy}`]),
    ...(run.reason === undefined ? [] : [run.reason]),
    ...(run.degraded ?? []).map((what) => paint.waiting(`degraded: ${what}`)),
    ...(reportProblem === undefined ? [] : [paint.waiting(reportProblem)]),
    ...(run.messageProblems ?? []).map((problem) => paint.waiting(`not everybody is told: ${problem}`)),
  ];
}

/** How far it is: in its stages, the name of the one that it is in. */
function placeOf({ status, stages }: Pick<RunView, "status" | "stages">): string {
  const current = status === "staging" ? stages.find((stage) => stage.status !== "succeeded") : undefined;
  return current?.name ?? status;
}

/** Whether nothing about the run can change any more. */
export function isOver({ status }: Pick<RunView, "status">): boolean {
  return ["succeeded", "failed", "superseded", "stopped"].includes(status);
}

/** Runs that only move what an earlier one has released. */
const MOVES: readonly string[] = ["rollback", "unquarantine", "shift"];

function imageLines({ trigger }: RunView, image: ImageView, where: ReadOn, paint: Paint): readonly string[] {
  const { name, status, indexDigest, tags = [], skippedTags = [], reusedFrom, reason, builds } = image;
  const index = indexDigest === undefined ? paintStatus(paint, status) : indexDigest;
  const buildStatus = (build: BuildView): Cell => ({
    text: build.attempt > 1 ? `${build.status} (attempt ${build.attempt})` : build.status,
    paint: (text) => paintStatus(paint, build.status, text),
  });
  const rows = builds.map((build) => [
    build.platform,
    buildStatus(build),
    build.seconds === undefined ? "" : build.seconds.toFixed(1),
    shortDigest(build.digest ?? ""),
  ]);
  return [
    `${paint.strong(`image ${name}`)}  ${index}`,
    ...(reusedFrom === undefined ? [] : [`  ${reusedBecause(trigger, reusedFrom)}`]),
    ...(rows.length === 0
      ? []
      : indent(table(["PLATFORM", "BUILD", "SECONDS", "DIGEST"], rows, paint.faint))),
    ...(tags.length === 0 ? [] : [`  tags ${tags.join(", ")}`]),
    ...skippedTags.map(({ tag, why }) => `  ${paint.waiting("not tagged")} ${tag}: ${why}`),
    ...(reason === undefined ? [] : [`  ${paint.bad(reason)}`]),
    ...builds.flatMap((build) => buildNotes(build, where, paint)),
  ];
}

function reusedBecause(trigger: string, reusedFrom: string): string {
  if (MOVES.includes(trigger)) return `published by ${reusedFrom}`;
  return `reused from ${reusedFrom}: none of its paths has changed`;
}

/** Why a build was tried again or failed, the last lines of its log, and where to read on. */
function buildNotes(
  { platform, retried, reason, log }: BuildView,
  where: ReadOn,
  paint: Paint,
): readonly string[] {
  return [
    ...retried.map((why) => `  ${paint.waiting(`${platform} was tried again`)}: ${why}`),
    ...(reason === undefined ? [] : [`  ${paint.bad(`${platform}: ${reason}`)}`]),
    ...(log === undefined ? [] : logTail(log, where, paint)),
  ];
}

function stageLines(run: RunView, stage: StageView, paint: Paint): readonly string[] {
  const { name, status, reason, waitsBehind, gate, services } = stage;
  const rows = services.map((service) => [
    `${service.cluster}/${service.service}`,
    { text: service.status, paint: (text: string) => paintStatus(paint, service.status, text) },
    tasksOf(service),
    imagesOf(service),
  ]);
  return [
    `${paint.strong(`stage ${name}`)}  ${paintStatus(paint, status)}`,
    ...(waitsBehind === undefined ? [] : [`  waits behind ${waitsBehind}`]),
    ...(reason === undefined ? [] : [`  ${paint.bad(reason)}`]),
    ...(gate === undefined ? [] : gateLines(run, name, gate, paint)),
    ...indent(table(["SERVICE", "STATUS", "TASKS", "IMAGE"], rows, paint.faint)),
    ...services.flatMap((service) => serviceLines(run, name, service, paint)),
  ];
}

/** What is to be said of a service beside its row. */
function serviceLines(run: RunView, stage: string, view: ServiceView, paint: Paint): readonly string[] {
  const { service, reason, verdictText, quarantine, step, bakesUntil, pause, oneOffTasks, back, notes } =
    view;
  const { rollbackProblems: problems } = view;
  const lines = [
    ...(reason === undefined ? [] : [paint.bad(reason)]),
    // The reason of a failure names the verdict already.
    ...(verdictText === undefined || reason !== undefined ? [] : [verdictText]),
    ...(quarantine === undefined
      ? []
      : [
          paint.waiting(
            `degraded: without ${quarantine.architecture} (${quarantine.providers.join(", ")}), since ${quarantine.reason}`,
          ),
          `lift it: tandem unquarantine ${run.pipeline} ${stage} --reason WHY`,
        ]),
    ...(step === undefined ? [] : [`step ${step.done} of ${step.of} is done`]),
    ...(bakesUntil === undefined ? [] : [`must hold until ${clock(bakesUntil)} UTC`]),
    ...(pause?.open === true
      ? [
          paint.waiting(`ECS waits at ${pause.lifecycleStage} until ${clock(pause.expiresAt)} UTC`),
          `decide: tandem approve ${run.id} ${stage}  or  tandem refuse ${run.id} ${stage} --reason WHY`,
        ]
      : []),
    ...(oneOffTasks ?? []).flatMap((task) => [
      `task ${task.run} (${task.when}) ${paintStatus(paint, task.status)}${task.reason === undefined ? "" : `: ${task.reason}`}`,
      ...(task.status === "failed" ? (task.log ?? []).map((line) => paint.faint(`  ${line}`)) : []),
    ]),
    ...(back === undefined
      ? []
      : [paint.waiting(`goes back: ${back.status}${back.reason === undefined ? "" : `, ${back.reason}`}`)]),
    ...(notes ?? []).map((note) => paint.waiting(note)),
    ...(problems?.length === 0 ? ["rollback ready"] : []),
    ...(problems ?? []).map((problem) => paint.waiting(`no way back: ${problem}`)),
  ];
  return lines.map((line) => `  ${service}: ${line}`);
}

/** `arm64 2, x86_64 2` */
export function tasksOf({ tasks = {} }: Pick<ServiceView, "tasks">): string {
  return Object.entries(tasks)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([architecture, count]) => `${architecture} ${count}`)
    .join(", ");
}

/** The digest seen running; before that, from what to what each container goes. */
function imagesOf({ imageDigest, images }: ServiceView): string {
  if (imageDigest !== undefined) return imageDigest.split(",").map(shortDigest).join(", ");
  const short = (reference: string) => shortDigest(reference.replace(/^.*@/, "").replace(/^.*\//, ""));
  return Object.entries(images)
    .map(([container, { from, to }]) => `${container}: ${short(from)} -> ${short(to)}`)
    .join(", ");
}

function gateLines(run: RunView, stage: string, gate: GateView, paint: Paint): readonly string[] {
  const { open, from, required, approvals = [], expiresAt, voided, override } = gate;
  const given = approvals.map(({ person, at, comment }) => {
    const said = comment === undefined ? "" : `: ${comment}`;
    return `  ${paint.good("approved")} by ${person}, ${clock(at)} UTC${said}`;
  });
  const asked = `  asks ${required} of ${from.join(", ")} until ${clock(expiresAt)} UTC`;
  return [
    ...voided.map((why) => `  ${paint.waiting("earlier approvals no longer count")}: ${why}`),
    ...given,
    ...(override === undefined
      ? []
      : [
          `  ${paint.waiting("overridden")} by ${override.person}, ${clock(override.at)} UTC: ${override.reason}`,
        ]),
    ...(open && approvals.length < required
      ? [
          asked,
          `  decide: tandem approve ${run.id} ${stage}  or  tandem refuse ${run.id} ${stage} --reason WHY`,
        ]
      : []),
    ...(open ? conditionLines(gate, paint) : []),
  ];
}

/** What has to hold beside the approvals, and does not. */
function conditionLines({ conditions }: GateView, paint: Paint): readonly string[] {
  return conditions.flatMap(({ name, state, why }) => {
    if (state === "met" || state === "overridden") return [];
    return [`  ${paint.waiting(state)} ${why === undefined ? name : `${name}: ${why}`}`];
  });
}

const indent = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);
