import { nextTick } from "node:process";
import { isTerminal, type Run } from "../../shared/pipeline/run.ts";
import { Agenda } from "./agenda.ts";
import type { Violation } from "./checks/findings.ts";
import { checkRecords, checkRest } from "./checks/liveness.ts";
import { type FaultCounts, Weather } from "./faults.ts";
import type { Machine } from "./invocation.ts";
import { seeded } from "./random.ts";
import { HONEST, type Sabotage } from "./sabotage.ts";
import { keptTrace, NO_TRACE } from "./trace.ts";
import { Managers } from "./world/managers.ts";
import { Moves } from "./world/moves.ts";
import { Others } from "./world/others.ts";
import { Pushes } from "./world/pushes.ts";
import { DAY, drawScenario, MINUTE, type Scenario } from "./world/scenario.ts";
import { World } from "./world/world.ts";

export interface Simulated {
  readonly seed: number;
  readonly steps: number;
  readonly faults: FaultCounts;
  readonly violation: Violation | undefined;
  /** Empty unless asked for. */
  readonly trace: readonly string[];
  /** How many runs ended how. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** What was told in the streams, and how often. */
  readonly events: Readonly<Record<string, number>>;
}

export interface Options {
  readonly sabotage?: Sabotage;
  readonly trace?: boolean;
  /** Makes something of the scenario that is rare otherwise. */
  readonly change?: (scenario: Scenario) => Scenario;
}

/** More steps than any schedule that comes to rest has. */
const MAX_STEPS = 40_000;
/** More pairs of sweeps than it takes from any state to the end. */
const MAX_ROUNDS = 40;

/** Plays the schedule of a seed to its end, or to its first violation. */
export async function simulate(
  seed: number,
  { sabotage = HONEST, trace = false, change = (scenario) => scenario }: Options = {},
): Promise<Simulated> {
  const play = new Play(seed, sabotage, trace, change);
  await play.toTheEnd();
  return play.result();
}

class Play {
  readonly #seed: number;
  readonly #machine: Machine;
  readonly #world: World;
  readonly #others: Others;
  readonly #managers: Managers;
  #steps = 0;

  constructor(seed: number, sabotage: Sabotage, trace: boolean, change: (scenario: Scenario) => Scenario) {
    const random = seeded(seed);
    const agenda = new Agenda();
    this.#seed = seed;
    this.#machine = {
      agenda,
      random,
      weather: new Weather(random),
      trace: trace ? keptTrace(agenda) : NO_TRACE,
      caller: undefined,
      isAwake: false,
    };
    this.#world = new World(this.#machine, change(drawScenario(random)), sabotage);
    this.#others = new Others(this.#world);
    this.#managers = new Managers(this.#world, this.#others);
  }

  get #violation(): Violation | undefined {
    return this.#world.checks.findings.first;
  }

  async toTheEnd(): Promise<void> {
    const { random, agenda } = this.#machine;
    this.#disturb();
    await this.#drain();
    await this.#comeToRest();
    for (let round = 0; this.#isOpen && random.chance(0.5) && round < 4; round += 1) {
      this.#managers.approveAll();
      await this.#drain();
      await this.#comeToRest();
    }
    // In the end every gate expires and every hold is released.
    for (let round = 0; this.#isOpen && round < 24; round += 1) {
      agenda.schedule(8 * DAY, () => this.#managers.releaseHolds());
      await this.#drain();
      await this.#comeToRest();
    }
    const { checks, store } = this.#world;
    for (const run of this.#open) {
      checks.findings.violate(7, `${run.id} is ${run.status.status} after weeks`);
    }
    if (this.#violation === undefined) await checkRecords(checks, store);
  }

  get #open(): readonly Run[] {
    return this.#world.checks.book.all.flatMap(({ run }) => (isTerminal(run) ? [] : [run]));
  }

  get #isOpen(): boolean {
    return this.#violation === undefined && this.#open.length > 0;
  }

  /** Puts down what happens from outside until faults stop. */
  #disturb(): void {
    const { agenda, random, weather } = this.#machine;
    const { scenario } = this.#world;
    const { faultsFor, rates } = scenario;
    const pushes = new Pushes(this.#world);
    const sometimes = (count: number, within: number, act: () => void) => {
      for (let index = 0; index < count; index += 1) agenda.schedule(random.between(0, within), act);
    };
    const isBurst = random.chance(0.4);
    sometimes(scenario.pushes, isBurst ? 2_000 : faultsFor / 2, () => pushes.push());
    sometimes(random.between(0, 12), faultsFor, () => this.#managers.look());
    sometimes(random.between(0, 1), faultsFor, () => this.#managers.releaseHolds());
    if (random.chance(0.05)) sometimes(1, faultsFor / 2, () => this.#others.stopBuild());
    const moves = new Moves(this.#world);
    if (random.chance(0.6)) sometimes(random.between(1, 3), faultsFor, () => moves.move());
    if (random.chance(0.1)) sometimes(1, faultsFor, () => moves.stop());
    if (scenario.services.length > 0) {
      if (random.chance(rates.foreign))
        sometimes(random.between(1, 3), faultsFor, () => this.#others.deploy());
      if (random.chance(rates.gone)) sometimes(1, faultsFor, () => this.#others.remove());
    }
    const sweepOften = random.pick([30_000, 60_000, 5 * MINUTE]);
    sometimes(Math.round(faultsFor / sweepOften / 2), faultsFor, () => this.#world.sweep());
    agenda.schedule(faultsFor, () => weather.clearUp());
  }

  /** Carries out whatever is due, until nothing is, letting the code under test run on after every step. */
  async #drain(): Promise<void> {
    const { agenda } = this.#machine;
    while (this.#violation === undefined && agenda.step()) {
      this.#steps += 1;
      if (this.#machine.isAwake) {
        this.#machine.isAwake = false;
        await new Promise<void>((resolve) => nextTick(resolve));
      }
      if (this.#steps > MAX_STEPS) {
        this.#world.checks.findings.violate(7, `it goes on after ${MAX_STEPS} steps`);
      }
    }
  }

  /** Sweeps twice, until that changes nothing; then everything has to be in order. */
  async #comeToRest(): Promise<void> {
    const { agenda } = this.#machine;
    const { checks, store, scenario } = this.#world;
    let sweptAt = agenda.now;
    for (let round = 0; this.#violation === undefined; round += 1) {
      const before = versions(checks.streams.all);
      this.#world.sweep();
      agenda.schedule(MINUTE, () => {
        sweptAt = agenda.now;
        this.#world.sweep();
      });
      await this.#drain();
      if (versions(checks.streams.all) === before) break;
      if (round > MAX_ROUNDS) checks.findings.violate(7, `it does not come to rest in ${MAX_ROUNDS} rounds`);
    }
    if (this.#violation === undefined) await checkRest(checks, store, scenario.pipelines, sweptAt);
  }

  result(): Simulated {
    const { weather } = this.#machine;
    const outcomes: Record<string, number> = {};
    const told: Record<string, number> = {};
    const count = (counts: Record<string, number>, name: string) => {
      counts[name] = (counts[name] ?? 0) + 1;
    };
    for (const { run, events } of this.#world.checks.book.all) {
      count(outcomes, run.status.status);
      for (const event of events) {
        count(told, event.type);
        if (event.type === "run.started") {
          count(told, `run.started by ${event.trigger.type}`);
          if (Object.keys(event.reused).length > 0) count(told, "run.started with images of others");
        }
        if (event.type === "run.finished" && event.outcome === "stopped")
          count(told, "run.finished as too late");
        if ("lease" in event && event.lease > 0) count(told, `${event.type} again`);
        if (event.type === "approval.expired") weather.count("expiry");
      }
    }
    return {
      seed: this.#seed,
      steps: this.#steps,
      faults: weather.counts,
      violation: this.#violation,
      trace: this.#machine.trace.lines,
      outcomes,
      events: told,
    };
  }
}

function versions(streams: ReadonlyMap<string, { readonly version: number }>): number {
  let sum = 0;
  for (const { version } of streams.values()) sum += version;
  return sum;
}
