/** What was looked at, and what came of it. */
export interface Check {
  /** `unknown`: it cannot be told from here; the remedy then says what is needed. */
  readonly status: "ok" | "missing" | "unknown";
  /** For programs, e.g. `git`. */
  readonly name: string;
  /** The pipeline that needs it, when only one does. */
  readonly pipeline?: string;
  readonly says: string;
  readonly remedy?: string;
}
