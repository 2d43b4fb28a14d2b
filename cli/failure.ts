/** What the command's exit code says; documented in docs/cli.md and in every command's help. */
export const EXIT = {
  ok: 0,
  /** What was asked for did not come out well: a run failed, a definition has faults. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Nothing answers at the address. */
  unreachable: 3,
  /** There is no such run, stage or pipeline. */
  unknown: 4,
  /** Who asks may not do that. */
  denied: 5,
  /** It cannot be done as things stand, e.g. nothing waits for an approval. */
  conflict: 6,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure that a person is told in one sentence, with the remedy. */
export class Failure extends Error {
  readonly exitCode: ExitCode;
  /** For programs, e.g. `unknown-run`. */
  readonly code: string;

  constructor(exitCode: ExitCode, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Failure";
    this.exitCode = exitCode;
    this.code = code;
  }
}
