/** One thing in a Dockerfile that cannot be built. */
export interface BuildFault {
  /** The Dockerfile as a person knows it, e.g. `Dockerfile` or `docker/app.Dockerfile`. */
  readonly file: string;
  /** Counted from 1; 0 when the fault is not in a line. */
  readonly line: number;
  readonly reason: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** A build that cannot be done. The message has one line per fault: `FILE:LINE: REASON (REMEDY)`. */
export class BuildError extends Error {
  readonly faults: readonly BuildFault[];
  /** File, line and remedy of the first fault. */
  readonly file: string;
  readonly line: number;
  readonly remedy: string;

  constructor(faults: readonly [BuildFault, ...BuildFault[]], options?: ErrorOptions) {
    super(faults.map(describe).join("\n"), options);
    this.name = "BuildError";
    this.faults = faults;
    this.file = faults[0].file;
    this.line = faults[0].line;
    this.remedy = faults[0].remedy;
  }
}

function describe({ file, line, reason, remedy }: BuildFault): string {
  return `${line === 0 ? file : `${file}:${line}`}: ${reason} (${remedy})`;
}

/**
 * What is wrong with an instruction, thrown by code that does not know where the instruction stands;
 * whoever knows makes a {@link BuildError} of it.
 */
export class Refusal extends Error {
  readonly remedy: string;

  constructor(reason: string, remedy: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = "Refusal";
    this.remedy = remedy;
  }
}
