import type { EcsDeployment, OneOffTask, StageDefinition } from "../../../shared/pipeline/definition.ts";
import type { Random } from "../random.ts";

/** What only some stages and deployments have: tasks, steps, pauses, and what is to become of failures. */

const CAPACITY = { x86: { base: 1, weight: 1 }, graviton: { base: 0, weight: 3 } };

export function stageExtras(random: Random, isGated: boolean): Partial<StageDefinition> {
  return {
    ...(random.chance(0.3) ? { order: "parallel" as const } : {}),
    ...(random.chance(0.2) ? { onFailure: "stay" as const } : {}),
    ...(isGated && random.chance(0.25) ? { pauseAt: ["POST_SCALE_UP" as const] } : {}),
  };
}

export function deploymentExtras(random: Random, stage: Partial<StageDefinition>): Partial<EcsDeployment> {
  const hasCapacity = random.chance(0.5);
  return {
    ...(stage.pauseAt === undefined ? {} : { strategy: { type: "canary" as const } }),
    ...(random.chance(0.15) ? { before: [task(random, "migrate")] } : {}),
    ...(random.chance(0.1) ? { after: [task(random, "smoke")] } : {}),
    ...(random.chance(0.15) ? { bakeMinutes: random.pick([1, 10]) } : {}),
    ...(random.chance(0.3) ? { missingArchitecture: "constrain" as const } : {}),
    ...(hasCapacity ? { capacity: CAPACITY, ...capacityExtras(random) } : {}),
  };
}

/** What a service has to do with those before it in its stage: it may wait for one, or be the other half of a pair. */
export function together(
  random: Random,
  stage: Partial<StageDefinition>,
  before: readonly string[],
): Partial<EcsDeployment> {
  const [first] = before;
  const needs = first !== undefined && stage.order === "parallel" && random.chance(0.4);
  return {
    ...(needs ? { needs: [first] } : {}),
    ...(!needs && random.chance(0.2) ? { pair: "both" } : {}),
  };
}

function capacityExtras(random: Random): Partial<EcsDeployment> {
  const step = (graviton: number) => ({ weights: { graviton }, bakeMinutes: random.pick([0, 0, 5]) });
  return {
    ...(random.chance(0.3) ? { shift: random.chance(0.5) ? [step(7)] : [step(7), step(19)] } : {}),
    ...(random.chance(0.7) ? { onArchitectureFailure: "quarantine" as const } : {}),
  };
}

function task(random: Random, run: string): OneOffTask {
  return {
    run,
    container: "app",
    command: ["npm", "run", run],
    timeoutMinutes: random.pick([1, 10]),
    ...(random.chance(0.2) ? { architecture: random.pick(["x86_64", "arm64"] as const) } : {}),
  };
}
