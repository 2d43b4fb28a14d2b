import type { RunEvent } from "../../../shared/pipeline/events.ts";
import type { Run } from "../../../shared/pipeline/run.ts";
import type { Entry } from "./run-book.ts";

/**
 * What is wrong with a stage's approval, read from the events alone: enough distinct people since the gate was last
 * opened, for this release, none after it closed.
 */
export function approvalFault({ run, events }: Entry, stageName: string): string | undefined {
  const rule = run.definition.stages.find(({ name }) => name === stageName)?.approval;
  if (rule === undefined) return undefined;
  const release = releaseDigests(run);
  const opened = events.findLastIndex((event) => isOpening(event, stageName));
  const opening = events[opened];
  if (opening === undefined) return "its gate was never opened";
  const people = new Set<string>();
  for (const event of events.slice(opened)) {
    if (!("stage" in event) || event.stage !== stageName) continue;
    // What is said to a pause later on is no word on the gate.
    if ("hookId" in event && event.hookId !== undefined) continue;
    if (event.type === "approval.refused") return `${event.person} refused it`;
    if (event.type === "approval.expired") return "it expired";
    if (event.type !== "approval.given" || event.release !== release) continue;
    if (event.at < opening.at + rule.expiresAfter) people.add(event.person);
  }
  return people.size >= rule.required ? undefined : `${people.size} of ${rule.required} people approved it`;
}

function isOpening(event: RunEvent, stage: string): boolean {
  return (event.type === "stage.entered" || event.type === "gate.voided") && event.stage === stage;
}

function releaseDigests({ images }: Run): string {
  return images.map(({ state }) => (state.status === "published" ? state.digest : "unpublished")).join();
}
