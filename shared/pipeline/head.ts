/** One line about a run, for lists and for the sweep. Derived from the run's stream; may lag behind it. */
export interface RunHead {
  readonly runId: string;
  readonly pipeline: string;
  readonly sequence: number;
  /** The stream's version this was made from; an older head never replaces a newer one. */
  readonly version: number;
  readonly status: string;
  readonly stage?: string;
  readonly commit: string;
  readonly ref: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly updatedAt: number;
  /** Whether the run can still change: the sweep visits it. */
  readonly active: boolean;
}
