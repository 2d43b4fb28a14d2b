import { bytes, type Paint, paintStatus, shortDigest } from "../cli/render/text.ts";
import type { BuildView, StageView } from "../shared/pipeline/view.ts";
import type { Row } from "./display.ts";
import type { Observation } from "./observe.ts";
import type { PlatformImage } from "./registry.ts";
import { picture } from "./tasks.ts";

export interface RowContext {
  readonly paint: Paint;
  readonly version: number;
  /** What each cluster's service ran when the run began: the ARN of its task definition. */
  readonly before: ReadonlyMap<string, string>;
  /** The images of the index, when it has been published. */
  readonly index: readonly PlatformImage[] | undefined;
}

const NAME_WIDTH = 11;
const named = (name: string, rest: string): string => `  ${name.padEnd(NAME_WIDTH)} ${rest}`;

/** A run in a few lines: both builds side by side, the index, and where each stage's tasks are. */
export function rowsOf(observation: Observation, context: RowContext): readonly Row[] {
  const { run, tasks } = observation;
  const { paint, version, before } = context;
  const head = `${paint.strong(run.id)}  version ${version}, commit ${run.commit.slice(0, 7)}: ${paintStatus(paint, run.status)}`;
  const rows: Row[] = [{ key: "run", text: head }, ...buildRows(observation, paint)];
  for (const image of run.images) {
    if (image.indexDigest === undefined) continue;
    const sizes = context.index?.map(({ platform, size }) => `${platform} ${bytes(size)}`).join(" + ") ?? "";
    rows.push({ key: "index", text: named("index", `${shortDigest(image.indexDigest)}  ${sizes}`) });
  }
  for (const stage of run.stages) {
    const begun = stage.status !== "pending" && stage.status !== "waiting";
    if (!begun || run.status === "building") continue;
    const cluster = stage.services[0]?.cluster ?? stage.name;
    const moves = picture(tasks.get(cluster) ?? [], before.get(cluster) ?? "");
    rows.push({ key: stage.name, text: named(stage.name, `${moves}  ${stageStatus(stage, paint)}`) });
  }
  return rows;
}

function stageStatus({ status, reason }: StageView, paint: Paint): string {
  const text = status === "gated" ? "waits for approval" : status;
  return paintStatus(paint, status, text) + (reason === undefined ? "" : `: ${reason}`);
}

/** Side by side on one line while they run; in a log that is a line whenever one of them enters a phase. */
function buildRows({ run, builds }: Observation, paint: Paint): readonly Row[] {
  const views = run.images.flatMap((image) => image.builds);
  if (views.length === 0) return [];
  const cells = views.map((view) => {
    const progress = builds.find(({ platform }) => platform === view.platform);
    return { view, phase: phaseOf(view, progress?.phase), seconds: view.seconds ?? progress?.seconds };
  });
  const text = cells
    .map(({ view, phase }) => `${view.platform} ${paintStatus(paint, view.status, phase)}${tookOf(view)}`)
    .join("   ");
  const clock = cells
    .filter(({ view, seconds }) => view.seconds === undefined && seconds !== undefined)
    .map(({ view, seconds = 0 }) => `${view.platform.replace("linux/", "")} ${seconds.toFixed(1)} s`)
    .join(", ");
  return [
    { key: "builds", text: named("builds", text), ...(clock === "" ? {} : { clock: paint.faint(clock) }) },
  ];
}

const tookOf = ({ seconds }: BuildView): string => (seconds === undefined ? "" : ` ${seconds.toFixed(1)} s`);

/** CodeBuild's phase while it runs, Tandem's word for how it ended. */
function phaseOf({ status }: BuildView, phase: string | undefined): string {
  return status === "running" && phase !== undefined ? phase : status;
}
