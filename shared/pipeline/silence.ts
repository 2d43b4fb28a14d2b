import type { Instant } from "./events.ts";
import type { Claim } from "./run.ts";

/**
 * How long a claim is its claimer's alone: longer than any function may run (`timeout` in serverless.yml), shorter
 * than CodeBuild keeps an idempotency token (5 minutes) and than the sweep's period.
 */
export const LEASE_MILLISECONDS = 50_000;

/** How long a build or deployment may be silent before it is asked about. */
export const SILENCE_MILLISECONDS = 50_000;

/** Whether a claim may be taken over. */
export function isStale(claim: Claim, now: Instant): boolean {
  return now - claim.since >= LEASE_MILLISECONDS;
}

/** The lease of the one who takes a claim over; 0 for the first. */
export function nextLease(claim: Claim | undefined): number {
  return claim === undefined ? 0 : claim.lease + 1;
}
