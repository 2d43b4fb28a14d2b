import type { BuildDetails, ChildDetails, RunDetails } from "../../shared/pipeline/run-detail.ts";
import type { BuildView, RunView, StageView } from "../../shared/pipeline/view.ts";

/** What a run page asks of a run. Pure. */

const ENDED: ReadonlySet<string> = new Set(["succeeded", "failed", "stopped", "superseded"]);

export function isEnded({ status }: Pick<RunView, "status">): boolean {
  return ENDED.has(status);
}

/** The stage that waits for people, if one does: at its gate, or where ECS has paused its deployment. */
export function openStage({ stages }: Pick<RunView, "stages">): StageView | undefined {
  return stages.find(
    ({ gate, status, services }) =>
      (gate?.open === true && status === "gated") || services.some(({ pause }) => pause?.open === true),
  );
}

/** A stage's status as people see it: one whose deployment ECS has paused does not move. */
export function stageStatus({ status, services }: StageView): string {
  return services.some(({ pause }) => pause?.open === true) ? "paused" : status;
}

/** What people are asked in such a stage. */
export interface Asked {
  readonly approvals: readonly string[];
  readonly expiresAt: string;
  /** Where ECS has paused; absent at the gate. */
  readonly at?: string;
}

export function askedOf({ gate, services }: StageView): Asked | undefined {
  const pause = services.map((service) => service.pause).find((one) => one?.open === true);
  if (pause !== undefined)
    return { approvals: pause.approvals, expiresAt: pause.expiresAt, at: pause.lifecycleStage };
  if (gate === undefined) return undefined;
  return { approvals: (gate.approvals ?? []).map(({ person }) => person), expiresAt: gate.expiresAt };
}

/** A build as the record and CodeBuild tell of it. */
export interface ShownBuild {
  readonly image: string;
  readonly view: BuildView;
  readonly details: BuildDetails | undefined;
}

export function buildsOf(
  { images }: Pick<RunView, "images">,
  details: Pick<RunDetails, "builds"> | undefined,
): readonly ShownBuild[] {
  return images.flatMap(({ name, builds }) =>
    builds.map((view) => ({
      image: name,
      view,
      details: details?.builds.find(({ image, platform }) => image === name && platform === view.platform),
    })),
  );
}

export function childrenOf(
  details: Pick<RunDetails, "images"> | undefined,
  image: string,
): readonly ChildDetails[] {
  return details?.images.find((one) => one.image === image)?.children ?? [];
}

/** One word for all builds: the worst, or the one that is furthest behind. */
export function buildsStatus({ images }: Pick<RunView, "images">): string {
  const statuses = new Set(images.flatMap(({ builds }) => builds.map(({ status }) => status)));
  const order = ["failed", "stopped", "running", "requested", "pending", "succeeded"];
  return order.find((status) => statuses.has(status)) ?? "succeeded";
}

/** Changes whenever there is something new to be told of the builds. */
export function buildsState({ images }: Pick<RunView, "images">): string {
  return images.map((image) => [image.status, ...image.builds.map(({ status }) => status)].join()).join(";");
}

/** One word for all indexes. */
export function indexStatus({ images }: Pick<RunView, "images">): string {
  const statuses = new Set(images.map(({ status }) => status));
  return (
    ["failed", "publishing", "unpublished", "published"].find((status) => statuses.has(status)) ??
    "unpublished"
  );
}

/** The price of all builds, as far as it is known. */
export function costOf(builds: readonly ShownBuild[]): number | undefined {
  const known = builds.flatMap(({ details }) => (details?.cost === undefined ? [] : [details.cost.usd]));
  return known.length === 0 ? undefined : known.reduce((sum, usd) => sum + usd, 0);
}
