/** The invariants of `design/behaviour.md`, "What always holds", by their number; 9 is what that page says elsewhere. */
export type Invariant = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

export interface Violation {
  readonly invariant: Invariant;
  readonly text: string;
}

/** What the checks have found; the schedule ends with the first. */
export class Findings {
  readonly #found: Violation[] = [];

  violate(invariant: Invariant, text: string): void {
    this.#found.push({ invariant, text });
  }

  /** @param text made only when the condition does not hold */
  demand(holds: boolean, invariant: Invariant, text: () => string): void {
    if (!holds) this.violate(invariant, text());
  }

  get first(): Violation | undefined {
    return this.#found[0];
  }
}
