import { hexId } from "./arns.ts";
import type { Service } from "./types.ts";

const keptEvents = 100;
const keptServiceDeployments = 100;

/** Adds a line to the service's events, the newest first; the same line twice in a row is said once. */
export function note(service: Service, now: number, message: string): boolean {
  const text = `(service ${service.name}) ${message}`;
  if (service.events[0]?.message === text) return false;
  service.events.unshift({ id: eventId(), createdAt: now, message: text });
  service.events.length = Math.min(service.events.length, keptEvents);
  return true;
}

/** Keeps the newest service deployments, and the revisions that something still refers to. */
export function forget(service: Service): void {
  service.serviceDeployments.length = Math.min(service.serviceDeployments.length, keptServiceDeployments);
  const needed = new Set([
    ...service.serviceDeployments.flatMap((one) => [
      one.targetRevisionArn,
      one.baseRevisionArn,
      ...one.sourceRevisionArns,
    ]),
    ...service.deployments.map(({ revisionArn }) => revisionArn),
    service.lastCompleted?.revisionArn,
  ]);
  service.revisions = service.revisions.filter(({ arn }) => needed.has(arn));
}

/** As a UUID. */
function eventId(): string {
  const id = hexId();
  return [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20)].join("-");
}
