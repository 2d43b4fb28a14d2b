import type { Instant } from "./events.ts";

/** Why a decision was not taken; `code` chooses the HTTP status. */
export type Problem =
  | { readonly code: "unknown-stage"; readonly stages: readonly string[] }
  | { readonly code: "no-approval" }
  | { readonly code: "not-waiting"; readonly status: string }
  | { readonly code: "other-release"; readonly release: string }
  | { readonly code: "not-a-member"; readonly groups: readonly string[] }
  | { readonly code: "self-approval"; readonly as: string }
  | { readonly code: "expired"; readonly at: Instant }
  /** What was shown is not what would be done any more. */
  | { readonly code: "changed"; readonly changed: readonly string[] }
  | { readonly code: "not-given" }
  | { readonly code: "no-override" }
  | { readonly code: "ended"; readonly status: string };
