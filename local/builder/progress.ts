/** Writes a build's log the way BuildKit's plain progress does: `#5 [2/4] COPY app /app`, `#5 DONE 0.1s`. */
export class Progress {
  readonly #log: (line: string) => void;
  readonly #now: () => number;
  #count = 0;

  constructor(log: (line: string) => void, now: () => number = Date.now) {
    this.#log = log;
    this.#now = now;
  }

  /** Runs one step and says how long it took. `say` adds lines to it. */
  async step<T>(name: string, work: (say: (line: string) => void) => Promise<T>): Promise<T> {
    this.#count += 1;
    const number = `#${this.#count}`;
    const begun = this.#now();
    this.#log(`${number} ${name}`);
    try {
      const result = await work((line) => this.#log(`${number} ${line}`));
      this.#log(`${number} DONE ${((this.#now() - begun) / 1000).toFixed(1)}s`);
      return result;
    } catch (cause) {
      this.#log(`${number} ERROR: ${cause instanceof Error ? cause.message : String(cause)}`);
      throw cause;
    }
  }
}
