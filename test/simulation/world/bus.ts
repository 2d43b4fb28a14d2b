import type { Machine } from "../invocation.ts";
import { DAY, MINUTE } from "./scenario.ts";

/** EventBridge: brings an event to its function; maybe late, twice, in another order, or not at all. */
export class Bus {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** @param deliver hands the event to its function */
  send(what: string, deliver: () => void): void {
    const { random, weather, trace } = this.#machine;
    if (weather.ofEvent("lost")) {
      trace.note(() => `event lost: ${what}`);
      return;
    }
    this.#after(what, this.#delay(), deliver);
    if (weather.ofEvent("doubled")) {
      const again = random.chance(0.5) ? random.between(0, 200) : random.between(0, 10 * MINUTE);
      this.#after(`${what} (again)`, again, deliver);
    }
  }

  #after(what: string, delay: number, deliver: () => void): void {
    const { agenda, trace } = this.#machine;
    agenda.schedule(delay, () => {
      trace.note(() => `event: ${what}`);
      deliver();
    });
  }

  #delay(): number {
    const { random, weather } = this.#machine;
    if (weather.ofEvent("days late")) return random.between(1, 3 * DAY);
    if (weather.ofEvent("reordered")) return random.between(0, 10 * MINUTE);
    return random.between(50, 1_500);
  }
}
