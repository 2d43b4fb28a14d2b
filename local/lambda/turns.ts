import { PoolClosed } from "./pool.ts";

/**
 * Who may have an environment next. AWS has room for all; here one machine runs the functions and answers what they ask, so
 * whoever waits for an answer goes first, and events, for which nobody waits, take their turn when there is quiet. An event
 * that has waited for long goes all the same, one at a time.
 */
export interface Turns {
  /** Does what somebody waits for, at once. */
  answer<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Does what nobody waits for, in its turn.
   * @param hasRoom whether the function can take one more
   */
  event<T>(hasRoom: () => boolean, work: () => Promise<T>): Promise<T>;
  /** Refuses the events that still wait. */
  close(): void;
}

interface Waiting {
  readonly hasRoom: () => boolean;
  readonly start: () => void;
  readonly refuse: (error: Error) => void;
  isPatient: boolean;
}

/** @param patienceMs how long an event gives way */
export function createTurns(patienceMs: number): Turns {
  let answering = 0;
  let running = 0;
  let waiting: readonly Waiting[] = [];

  /** Starts whatever may start now, in the order in which it came. */
  const pump = (): void => {
    if (answering > 0 && (running > 0 || waiting.every(({ isPatient }) => isPatient))) return;
    // To start one changes the room that there is for the next.
    for (const one of waiting) {
      const givesWay = answering > 0 && (one.isPatient || running > 0);
      if (givesWay || !one.hasRoom()) continue;
      waiting = waiting.filter((other) => other !== one);
      one.start();
    }
  };

  return {
    async answer(work) {
      answering += 1;
      try {
        return await work();
      } finally {
        answering -= 1;
        pump();
      }
    },
    async event(hasRoom, work) {
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise((resolve, reject) => {
          const one: Waiting = {
            hasRoom,
            start: () => {
              running += 1;
              void work()
                .finally(() => {
                  running -= 1;
                })
                .then(resolve, reject);
            },
            refuse: reject,
            isPatient: true,
          };
          waiting = [...waiting, one];
          timer = setTimeout(() => {
            one.isPatient = false;
            pump();
          }, patienceMs).unref();
          pump();
        });
      } finally {
        clearTimeout(timer);
        pump();
      }
    },
    close() {
      for (const { refuse } of waiting) refuse(new PoolClosed());
      waiting = [];
    },
  };
}
