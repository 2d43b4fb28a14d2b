import type { DeploymentConfiguration } from "../deployment-configuration.ts";

/** One shift of production traffic. */
export interface Shift {
  /** How much of it goes to the new revision from then on. */
  readonly percent: number;
  /** How long is waited before the next one. */
  readonly bakeMinutes: number;
}

const all: Shift = { percent: 100, bakeMinutes: 0 };

/** Percentages have one decimal. */
const rounded = (percent: number): number => Math.round(percent * 10) / 10;

/**
 * The traffic shifts of a strategy: none for ROLLING, one for BLUE_GREEN, two for CANARY, equal steps for LINEAR. The last
 * one, to 100 percent, has no bake time of its own.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-linear.html
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/canary-deployment.html
 *
 * @param served whether another revision serves; without one there is nobody to share the traffic with.
 */
export function shiftsOf(configuration: DeploymentConfiguration, served: boolean): readonly Shift[] {
  const { strategy, canaryConfiguration, linearConfiguration } = configuration;
  if (strategy === "ROLLING") return [];
  if (!served || strategy === "BLUE_GREEN") return [all];
  if (strategy === "CANARY") {
    const { canaryPercent = 5, canaryBakeTimeInMinutes = 10 } = canaryConfiguration ?? {};
    if (canaryPercent === 100) return [all];
    return [{ percent: canaryPercent, bakeMinutes: canaryBakeTimeInMinutes }, all];
  }
  const { stepPercent = 10, stepBakeTimeInMinutes = 6 } = linearConfiguration ?? {};
  const steps: Shift[] = [];
  for (let percent = stepPercent; percent < 100; percent = rounded(percent + stepPercent))
    steps.push({ percent, bakeMinutes: stepBakeTimeInMinutes });
  return [...steps, all];
}
