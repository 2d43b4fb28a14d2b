/**
 * The lifecycle of a service deployment.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html#blue-green-deployment-stages
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-linear.html#linear-deployment-lifecycle-stages
 */
export const lifecycleStages = [
  "RECONCILE_SERVICE",
  "PRE_SCALE_UP",
  "SCALE_UP",
  "POST_SCALE_UP",
  "TEST_TRAFFIC_SHIFT",
  "POST_TEST_TRAFFIC_SHIFT",
  "PRE_PRODUCTION_TRAFFIC_SHIFT",
  "PRODUCTION_TRAFFIC_SHIFT",
  "POST_PRODUCTION_TRAFFIC_SHIFT",
  "BAKE_TIME",
  "CLEAN_UP",
] as const;
export type LifecycleStage = (typeof lifecycleStages)[number];

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html#lifecycle-hooks-supported-stages */
export const hookStages = [
  "RECONCILE_SERVICE",
  "PRE_SCALE_UP",
  "POST_SCALE_UP",
  "TEST_TRAFFIC_SHIFT",
  "POST_TEST_TRAFFIC_SHIFT",
  "PRE_PRODUCTION_TRAFFIC_SHIFT",
  "PRODUCTION_TRAFFIC_SHIFT",
  "POST_PRODUCTION_TRAFFIC_SHIFT",
] as const satisfies readonly LifecycleStage[];
export type HookStage = (typeof hookStages)[number];

/** A pause there would have to be answered once more during a rollback. */
export const stagesWithoutPause: ReadonlySet<HookStage> = new Set([
  "TEST_TRAFFIC_SHIFT",
  "PRODUCTION_TRAFFIC_SHIFT",
]);

/** A rolling update shifts no traffic: of the stages with hooks it has these. */
export const rollingHookStages: ReadonlySet<HookStage> = new Set([
  "RECONCILE_SERVICE",
  "PRE_SCALE_UP",
  "POST_SCALE_UP",
]);

export const isHookStage = (stage: LifecycleStage): stage is HookStage =>
  hookStages.some((one) => one === stage);

/** A stage, and which of the traffic shifts it belongs to. */
export interface Position {
  readonly stage: LifecycleStage;
  readonly step: number;
}

const at = (stage: LifecycleStage, step = 0): Position => ({ stage, step });

/**
 * The stages of a deployment, in order.
 *
 * @param shifts how many traffic shifts there are; none for a rolling update.
 * @param severalActive whether more than one revision was active when it began: only then is there something to reconcile.
 */
export function courseOf(shifts: number, severalActive: boolean): readonly Position[] {
  const before = [...(severalActive ? [at("RECONCILE_SERVICE")] : []), at("PRE_SCALE_UP"), at("SCALE_UP")];
  const after = [at("BAKE_TIME"), at("CLEAN_UP")];
  if (shifts === 0) return [...before, at("POST_SCALE_UP"), ...after];
  return [
    ...before,
    at("POST_SCALE_UP"),
    at("TEST_TRAFFIC_SHIFT"),
    at("POST_TEST_TRAFFIC_SHIFT"),
    ...Array.from({ length: shifts }, (_, step) => [
      at("PRE_PRODUCTION_TRAFFIC_SHIFT", step),
      at("PRODUCTION_TRAFFIC_SHIFT", step),
    ]).flat(),
    at("POST_PRODUCTION_TRAFFIC_SHIFT", shifts - 1),
    ...after,
  ];
}

/**
 * The stages of a rollback: what served before is brought up where it is not any more, and the traffic goes back at once.
 * The hooks of the two traffic shifts run again.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html#lifecycle-hooks-during-rollback
 */
export function courseBack(shifted: {
  readonly test: boolean;
  readonly production: boolean;
}): readonly Position[] {
  return [
    at("SCALE_UP"),
    ...(shifted.production ? [at("PRODUCTION_TRAFFIC_SHIFT")] : []),
    ...(shifted.test ? [at("TEST_TRAFFIC_SHIFT")] : []),
    at("CLEAN_UP"),
  ];
}
