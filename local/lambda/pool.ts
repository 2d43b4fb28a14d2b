/** What a pool needs to know of what it keeps. */
export interface Poolable {
  /** False when it must not be used again. */
  readonly usable: boolean;
  kill(): Promise<void>;
}

export interface PoolSettings<T extends Poolable> {
  readonly start: () => Promise<T>;
  /** How many may exist at once. */
  readonly limit: number;
  /** An idle one is ended after this long. */
  readonly idleMs: number;
}

/** The pool takes no more work: its function was replaced or the emulator is ending. */
export class PoolClosed extends Error {
  constructor() {
    super("The function's environments are being ended");
    this.name = "PoolClosed";
  }
}

/** Environments of one function: each serves one invocation at a time and is used again while it is warm. */
export interface Pool<T extends Poolable> {
  /** Whether `use` would have to wait. */
  readonly full: boolean;
  /** Runs `work` in a warm environment, else in a new one, else waits its turn. */
  use<R>(work: (environment: T) => Promise<R>): Promise<R>;
  /** Lets what runs finish and ends the rest; later `use` is refused. */
  retire(): Promise<void>;
  /** Ends everything now. */
  close(): Promise<void>;
}

/** Makes an empty pool; environments are started when they are needed. */
export function createPool<T extends Poolable>(settings: PoolSettings<T>): Pool<T> {
  /** The last one used is used first, so that the others grow cold. */
  const idle: { readonly environment: T; readonly timer: NodeJS.Timeout }[] = [];
  const busy = new Set<T>();
  const waiting: { readonly go: () => void; readonly refuse: (error: Error) => void }[] = [];
  /** Uses that were let in. Idle environments are only beside fewer of them, so it bounds the processes too. */
  let running = 0;
  let state: "open" | "retired" | "closed" = "open";

  const enter = async (): Promise<void> => {
    if (state !== "open") throw new PoolClosed();
    if (running < settings.limit) running++;
    else await new Promise<void>((go, refuse) => waiting.push({ go, refuse }));
  };

  const leave = (): void => {
    const next = waiting.shift();
    // A waiting use takes over the place, so that nobody can slip in between.
    if (next === undefined) running--;
    else next.go();
  };

  const take = async (): Promise<T> => {
    for (let entry = idle.pop(); entry !== undefined; entry = idle.pop()) {
      clearTimeout(entry.timer);
      if (entry.environment.usable) return entry.environment;
    }
    return settings.start();
  };

  const giveBack = (environment: T): void => {
    busy.delete(environment);
    if (!environment.usable || state !== "open") void environment.kill();
    else idle.push({ environment, timer: setTimeout(() => expire(environment), settings.idleMs).unref() });
  };

  const expire = (environment: T): void => {
    const index = idle.findIndex((entry) => entry.environment === environment);
    if (index === -1) return;
    idle.splice(index, 1);
    void environment.kill();
  };

  const endIdle = () =>
    idle.splice(0).map(({ environment, timer }) => {
      clearTimeout(timer);
      return environment.kill();
    });

  return {
    get full() {
      return running >= settings.limit;
    },
    async use(work) {
      await enter();
      try {
        const environment = await take();
        busy.add(environment);
        try {
          if (state === "closed") throw new PoolClosed();
          return await work(environment);
        } finally {
          giveBack(environment);
        }
      } finally {
        leave();
      }
    },
    async retire() {
      state = "retired";
      await Promise.all(endIdle());
    },
    async close() {
      state = "closed";
      for (const { refuse } of waiting.splice(0)) refuse(new PoolClosed());
      await Promise.all([...endIdle(), ...[...busy].map((environment) => environment.kill())]);
    },
  };
}
