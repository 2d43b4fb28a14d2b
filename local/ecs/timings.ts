/** How long things take that take longer on AWS; milliseconds. */
export interface Timings {
  /** From the start of a simulated container to its running. */
  readonly simulatedStartMs: number;
  /** From the signal to the end of a simulated container. */
  readonly simulatedStopMs: number;
  /** How long a simulated task that no service started runs, before it ends with exit code 0. */
  readonly simulatedRunMs: number;
  /** How long a container must stay up before its task counts as RUNNING. */
  readonly settleMs: number;
  /** The first and the longest pause before a task that failed to start is started again. */
  readonly firstRestartMs: number;
  readonly longestRestartMs: number;
  /**
   * How long a minute lasts here where AWS waits by the clock: bake times, the steps of canary and linear deployments, the
   * intervals of health checks of a load balancer and its deregistration delay (a second is a sixtieth of it), and a
   * lifecycle hook's `callBackDelay`.
   */
  readonly minuteMs: number;
  /** The same for the time-out of a lifecycle hook, for which a person may be waited: a real minute. */
  readonly hookMinuteMs: number;
}

export const defaultTimings: Timings = {
  simulatedStartMs: 120,
  simulatedStopMs: 60,
  simulatedRunMs: 400,
  settleMs: 30,
  firstRestartMs: 100,
  longestRestartMs: 5000,
  minuteMs: 1000,
  hookMinuteMs: 60_000,
};

/** Real containers that cannot run (a wrong architecture, a missing file) end within this time. */
export const engineTimings: Timings = { ...defaultTimings, settleMs: 300 };

/** Pauses that all end when the service is closed. */
export class Pauses {
  private readonly pending = new Map<NodeJS.Timeout, () => void>();
  private closed = false;

  get isClosed(): boolean {
    return this.closed;
  }

  /** Resolves after so many milliseconds, or when `close` is called. */
  wait(milliseconds: number): Promise<void> {
    if (this.closed || milliseconds <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.pending.delete(timer);
        resolve();
      }, milliseconds);
      this.pending.set(timer, resolve);
    });
  }

  close(): void {
    this.closed = true;
    for (const [timer, resolve] of this.pending) {
      clearTimeout(timer);
      resolve();
    }
    this.pending.clear();
  }
}
