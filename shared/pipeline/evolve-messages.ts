import type { RunEventOf } from "./events.ts";
import type { Run } from "./run.ts";

export type MessageEvent = RunEventOf<"messages.requested" | "messages.sent">;

/** Messages go on when the run has ended: its end is to be told, too. Nothing of the run itself changes by them. */
export function isMessageEvent(event: { readonly type: string }): event is MessageEvent {
  return event.type === "messages.requested" || event.type === "messages.sent";
}

export function evolveMessages(run: Run, event: MessageEvent): Run {
  if (event.type === "messages.requested") {
    return { ...run, messaging: { since: event.at, lease: event.lease } };
  }
  const { messaging: _messaging, ...rest } = run;
  const before = run.told ?? {};
  const told = Object.entries(event.told).map(([channel, of]) => [channel, { ...before[channel], ...of }]);
  return { ...rest, told: { ...before, ...Object.fromEntries(told) } };
}
