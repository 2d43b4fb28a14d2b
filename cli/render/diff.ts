import type { Capacity } from "../../shared/pipeline/definition.ts";
import type { FieldChange, PreparedDeployment } from "../../shared/pipeline/events.ts";
import type { StageDiff } from "../answers.ts";
import { type Paint, printableDeep } from "./text.ts";

/** What a stage would change, service by service: what goes with `-`, what comes with `+`. */
export function renderDiff(diff: StageDiff, paint: Paint): readonly string[] {
  const { run, stage, asOf, problem, services } = printableDeep(diff);
  const head = asOf === "now" ? `${run} would change in ${stage}:` : `${run} changed in ${stage}:`;
  return [
    ...(problem === undefined
      ? [paint.strong(head)]
      : [paint.bad(`${run} cannot go to ${stage}: ${problem}`)]),
    ...services.flatMap((service) => ["", ...serviceLines(service, paint)]),
  ];
}

/** What the lines below tell of a service; a run's own view of it knows no revision to start from. */
export interface ServiceChange {
  readonly cluster: string;
  readonly service: string;
  readonly baseTaskDefinition?: string;
  readonly images: PreparedDeployment["images"];
  readonly changes?: readonly FieldChange[] | undefined;
  readonly notes?: readonly string[] | undefined;
  readonly hosts?: Readonly<Partial<Record<string, readonly string[]>>> | undefined;
  readonly baseCapacity?: Capacity | undefined;
  readonly capacity?: Capacity | undefined;
  readonly constrainTo?: string | undefined;
  readonly rollbackProblems?: readonly string[] | undefined;
}

export function serviceLines(prepared: ServiceChange, paint: Paint): readonly string[] {
  const { cluster, service, baseTaskDefinition, images, changes = [], notes = [], hosts = {} } = prepared;
  const from = baseTaskDefinition === undefined ? "" : `  from ${baseTaskDefinition.split("/").at(-1)}`;
  const minus = (text: string) => paint.bad(`  - ${text}`);
  const plus = (text: string) => paint.good(`  + ${text}`);
  const pair = (name: string, from: string | undefined, to: string | undefined) => [
    `  ${name}`,
    ...(from === undefined ? [] : [minus(from)]),
    ...(to === undefined ? [] : [plus(to)]),
  ];
  const replaced = Object.entries(images).filter(([, { from, to }]) => from !== to);
  const capacity =
    prepared.capacity === undefined
      ? []
      : pair("capacity", capacityText(prepared.baseCapacity), capacityText(prepared.capacity));
  const lines = [
    ...replaced.flatMap(([container, { from, to }]) => pair(`image of ${container}`, from, to)),
    ...changes.flatMap(({ path, from, to }: FieldChange) => pair(path, from, to)),
    ...capacity,
    ...(prepared.constrainTo === undefined ? [] : [plus(`runs on ${prepared.constrainTo} only`)]),
  ];
  const architectures = Object.entries(hosts).map(([name, by = []]) => `${name} (${by.join(", ")})`);
  return [
    `${paint.strong(`${cluster}/${service}`)}${from}`,
    ...(lines.length === 0 ? ["  nothing: it runs the release already"] : lines),
    ...(architectures.length === 0 ? [] : [`  hosts: ${architectures.join(", ")}`]),
    ...notes.map((note) => paint.waiting(`  ${note}`)),
    ...(prepared.rollbackProblems?.length === 0 ? ["  rollback ready"] : []),
    ...(prepared.rollbackProblems ?? []).map((problem) => paint.waiting(`  no way back: ${problem}`)),
  ];
}

function capacityText(capacity: Capacity | undefined): string | undefined {
  if (capacity === undefined) return undefined;
  return Object.entries(capacity)
    .map(([name, { base, weight }]) => `${name} ${weight}${base === 0 ? "" : ` (base ${base})`}`)
    .join(", ");
}
