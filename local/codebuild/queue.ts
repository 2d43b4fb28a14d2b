import type { BuildRun, Interruption } from "./build-run.ts";

export interface BuildQueue {
  add(run: BuildRun): void;
  /** Ends a build, queued or running. */
  stop(id: string, status: Interruption, message: string): void;
  /** Ends all builds, and resolves when they have ended. */
  close(): Promise<void>;
}

/** Runs builds in the order they came, up to `concurrency` of them side by side. */
export function createBuildQueue(concurrency: number): BuildQueue {
  const waiting: BuildRun[] = [];
  const running = new Map<BuildRun, Promise<void>>();

  const next = () => {
    while (running.size < concurrency) {
      const run = waiting.shift();
      if (run === undefined) return;
      const ended = run.execute().finally(() => {
        running.delete(run);
        next();
      });
      running.set(run, ended);
    }
  };

  const leave = (run: BuildRun, status: Interruption, message: string) => {
    const at = waiting.indexOf(run);
    if (at === -1) return false;
    waiting.splice(at, 1);
    run.leave(status, message);
    return true;
  };

  return {
    add: (run) => {
      waiting.push(run);
      const minutes = run.record.build.queuedTimeoutInMinutes;
      run.wait(() => leave(run, "TIMED_OUT", `Build has timed out after ${minutes} minutes in the queue.`));
      next();
    },
    stop: (id, status, message) => {
      const is = (run: BuildRun) => run.record.build.id === id;
      const queued = waiting.find(is);
      if (queued !== undefined && leave(queued, status, message)) return;
      [...running.keys()].find(is)?.interrupt(status, message);
    },
    close: async () => {
      const message = "The local endpoint was stopped while this build was under way.";
      for (const run of [...waiting]) leave(run, "FAULT", message);
      for (const run of running.keys()) run.interrupt("FAULT", message);
      await Promise.all(running.values());
    },
  };
}
