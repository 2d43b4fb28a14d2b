import { quorum } from "./approvals.ts";
import type { Command } from "./commands.ts";
import type { Instant } from "./events.ts";
import { checksTimedOut } from "./messages.ts";
import type { Stage } from "./run.ts";
import { SILENCE_MILLISECONDS } from "./silence.ts";
import { isWindowOpen } from "./window.ts";

/** How long what the checks have said counts: they are to hold when the stage begins. */
export const CHECKS_COUNT_MILLISECONDS = 50_000;

/** After an hour of failing checks they are asked every three minutes. */
const PATIENCE_GROWS_BY = 20;

/** How long checks may fail before the run ends at the stage. */
export const CHECKS_TIMEOUT_MILLISECONDS = 24 * 3_600_000;

/** What a gate needs now: first the people, then the window, then the checks, which must hold as the stage begins. */
export function planGate(stage: Stage, since: Instant, now: Instant): readonly Command[] {
  const { definition, gate } = stage;
  const { name, window, checks = [] } = definition;
  if (gate === undefined) return [];
  if (!quorum(stage).reached) {
    return now >= gate.expiresAt
      ? [{ type: "record", event: { type: "approval.expired", at: now, stage: name } }]
      : keep(stage, since, now);
  }
  if (gate.override !== undefined) return [{ type: "begin-stage", stage: name }];
  if (window !== undefined && !isWindowOpen(window, now)) return keep(stage, since, now);
  if (checks.length === 0) return [{ type: "begin-stage", stage: name }];
  const { checked, checkingSince = now } = gate;
  const passed = checked?.results.every(({ state }) => state === "passed") ?? false;
  // What keeps failing is asked ever more seldom, so that a day of it does not fill the stream.
  const counts = passed ? 0 : ((checked?.at ?? now) - checkingSince) / PATIENCE_GROWS_BY;
  const fresh = checked !== undefined && now - checked.at < Math.max(CHECKS_COUNT_MILLISECONDS, counts);
  if (fresh && passed) return [{ type: "begin-stage", stage: name }];
  if (checked !== undefined && now - checkingSince >= CHECKS_TIMEOUT_MILLISECONDS) {
    const failure = checksTimedOut(checked.results);
    return [{ type: "record", event: { type: "stage.failed", at: now, stage: name, failure } }];
  }
  return fresh ? keep(stage, since, now) : [{ type: "run-checks", stage: name }, ...keep(stage, since, now)];
}

/** Whether the stage is still ours: looked after now and then, and at once when the gate has been opened again. */
function keep({ definition, gate }: Stage, since: Instant, now: Instant): readonly Command[] {
  const reopened = gate !== undefined && gate.voided.length > 0;
  return now - since >= SILENCE_MILLISECONDS || reopened
    ? [{ type: "check-stage", stage: definition.name }]
    : [];
}
