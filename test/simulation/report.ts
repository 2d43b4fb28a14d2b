import { type Fault, type FaultCounts, noFaults } from "./faults.ts";
import { type Simulated, simulate } from "./simulate.ts";

/** How many of the last steps of a failed schedule are shown. */
const SHOWN = 60;

/** What many schedules came to. */
export class Tally {
  readonly #faults: FaultCounts = noFaults();
  readonly #outcomes: Record<string, number> = {};
  readonly #events: Record<string, number> = {};
  readonly #began = performance.now();
  #schedules = 0;
  #steps = 0;

  add({ steps, faults, outcomes, events }: Simulated): void {
    this.#schedules += 1;
    this.#steps += steps;
    for (const fault of FAULTS) this.#faults[fault] += faults[fault];
    addTo(this.#outcomes, outcomes);
    addTo(this.#events, events);
  }

  get schedules(): number {
    return this.#schedules;
  }

  /** Kinds of fault that have never come true. */
  get missing(): readonly Fault[] {
    return FAULTS.filter((fault) => this.#faults[fault] === 0);
  }

  /** How often an event was told in the streams. */
  told(event: string): number {
    return this.#events[event] ?? 0;
  }

  /** What has been tried, and what came of it. */
  text(): string {
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(1);
    const list = (counts: Readonly<Record<string, number>>) =>
      Object.entries(counts)
        .map(([name, count]) => `${name} ${count}`)
        .join(", ");
    return (
      `simulation: ${this.#schedules} schedules, ${this.#steps} steps, ${seconds} s; ` +
      `runs: ${list(this.#outcomes)}\n  injected: ${list(this.#faults)}\n  told: ${list(this.#events)}\n`
    );
  }
}

function addTo(sums: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}

const FAULTS = Object.keys(noFaults()).filter((name): name is Fault => name in noFaults());

/** The invariant that broke, the seed, how to have it again, and how it came to that. */
export async function explainFailure({ seed, violation }: Simulated): Promise<string> {
  const { trace } = await simulate(seed, { trace: true });
  const left = trace.length - SHOWN;
  return [
    `invariant ${violation?.invariant} broke with seed ${seed}: ${violation?.text}`,
    `again: SEED=${seed} npm test -- test/simulation`,
    ...(left > 0 ? [`… ${left} steps before (TRACE=all shows them)`] : []),
    ...(process.env.TRACE === "all" ? trace : trace.slice(-SHOWN)),
  ].join("\n");
}
