import type { Action, WeightedGroup } from "./types.ts";

/** The target groups an action forwards to, with their weights; none for another action. */
export function groupsOf(action: Action | undefined): readonly WeightedGroup[] {
  if (action?.Type !== "forward") return [];
  if (action.ForwardConfig !== undefined) return action.ForwardConfig.TargetGroups;
  return action.TargetGroupArn === undefined ? [] : [{ TargetGroupArn: action.TargetGroupArn, Weight: 1 }];
}

/** The action that forwards by these weights. */
export const forwardTo = (groups: readonly WeightedGroup[]): Action => ({
  Type: "forward",
  ForwardConfig: { TargetGroups: [...groups] },
});

/**
 * Chooses by weight so that every stretch of requests is divided as exactly as it can be (smooth weighted round robin);
 * AWS promises the proportion only.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html#forward-actions
 */
export class WeightedChoice {
  readonly #credit = new Map<string, number>();

  /** @returns undefined when no group has a weight */
  next(groups: readonly WeightedGroup[]): string | undefined {
    const total = groups.reduce((sum, { Weight }) => sum + Weight, 0);
    let chosen: string | undefined;
    let most = Number.NEGATIVE_INFINITY;
    for (const { TargetGroupArn, Weight } of groups) {
      if (Weight === 0) {
        this.#credit.delete(TargetGroupArn);
        continue;
      }
      const credit = (this.#credit.get(TargetGroupArn) ?? 0) + Weight;
      this.#credit.set(TargetGroupArn, credit);
      if (credit > most) {
        most = credit;
        chosen = TargetGroupArn;
      }
    }
    if (chosen !== undefined) this.#credit.set(chosen, most - total);
    return chosen;
  }
}
