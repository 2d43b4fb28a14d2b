/** One AWS call, as `GET /_local/calls` tells it. */
export interface Call {
  /** 1, 2, 3 … in the order in which the calls began. */
  readonly sequence: number;
  readonly service: string;
  readonly operation: string;
  /** The caller's ARN. */
  readonly caller: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  /** The error's code; absent when the call succeeded. */
  readonly error?: string;
}

/** A call that has begun; `end` is told once. */
export interface CallInProgress {
  end(error?: string): void;
}

const CAPACITY = 10_000;

/** The last 10,000 AWS calls, so that a test can count how many were made one after another. */
export class CallLog {
  #last = 0;
  readonly #calls: Call[] = [];

  begin(service: string, operation: string, caller: string): CallInProgress {
    const sequence = ++this.#last;
    const startMs = preciseNow();
    return {
      end: (error) => {
        const ended = { sequence, service, operation, caller, startMs, endMs: preciseNow() };
        this.#calls.push(error === undefined ? ended : { ...ended, error });
        if (this.#calls.length > CAPACITY) this.#calls.shift();
      },
    };
  }

  /** The finished calls that began after the one numbered `sequence`, in the order of their beginning. */
  since(sequence: number): { readonly calls: readonly Call[]; readonly last: number } {
    const calls = this.#calls.filter((call) => call.sequence > sequence);
    return { calls: calls.sort((a, b) => a.sequence - b.sequence), last: this.#last };
  }
}

const preciseNow = (): number => performance.timeOrigin + performance.now();
