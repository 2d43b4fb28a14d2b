import type { Store } from "./stream-store.ts";

/** Milliseconds that the first loser waits at most; doubled with each loss that follows, up to `MOST`. */
const FIRST = 20;
const MOST = 320;

/**
 * A store for functions of which many run at once: whoever has lost the race for a write waits a random moment before
 * hearing of it, so that those who lost do not all try again together.
 * @param random from 0 to 1
 */
export function patient(
  store: Store,
  random: () => number,
  pause: (milliseconds: number) => Promise<void>,
): Store {
  const losses = new Map<string, number>();
  return {
    ...store,
    streams: {
      load: (stream) => store.streams.load(stream),
      last: (stream) => store.streams.last(stream),
      async append(stream, ...parameters) {
        if (await store.streams.append(stream, ...parameters)) {
          losses.delete(stream);
          return true;
        }
        const lost = losses.get(stream) ?? 0;
        losses.set(stream, lost + 1);
        await pause(random() * Math.min(FIRST * 2 ** lost, MOST));
        return false;
      },
    },
  };
}
