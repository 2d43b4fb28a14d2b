import type { Random } from "./random.ts";

/** What may go wrong with one call to the store or to AWS. */
export type CallFault =
  /** The function dies before the call is sent. */
  | "crash before"
  /** The call takes effect, and the function dies before it hears of it. */
  | "crash after"
  /** The call is refused and has no effect. */
  | "throttle"
  /** The call takes effect, and the SDK gives up waiting for the answer. */
  | "lost reply"
  /** The call takes effect, its answer is lost, and the SDK sends it again. */
  | "repeat"
  /** The call, or its answer, is long under way; the function may time out meanwhile. */
  | "delay";

/** What may happen to one event on its way to its function. */
export type EventFault = "lost" | "doubled" | "reordered" | "days late";

export type Fault =
  | CallFault
  | EventFault
  /** Every call of one invocation takes seconds: what it learns is old when it acts. */
  | "sluggish"
  | "timeout"
  | "retry"
  | "two at once"
  | "build fault"
  | "build stopped"
  | "platform broken"
  | "rollback"
  | "foreign deployment"
  | "service gone"
  | "double click"
  | "refusal"
  | "wrong release"
  | "self-approval"
  | "stranger"
  | "expiry"
  | "push back"
  | "bad image"
  | "one architecture fails"
  | "task failed";

export type FaultCounts = Record<Fault, number>;

export function noFaults(): FaultCounts {
  return {
    "crash before": 0,
    "crash after": 0,
    throttle: 0,
    "lost reply": 0,
    repeat: 0,
    delay: 0,
    sluggish: 0,
    timeout: 0,
    retry: 0,
    "two at once": 0,
    lost: 0,
    doubled: 0,
    reordered: 0,
    "days late": 0,
    "build fault": 0,
    "build stopped": 0,
    "platform broken": 0,
    rollback: 0,
    "foreign deployment": 0,
    "service gone": 0,
    "double click": 0,
    refusal: 0,
    "wrong release": 0,
    "self-approval": 0,
    stranger: 0,
    expiry: 0,
    "push back": 0,
    "bad image": 0,
    "one architecture fails": 0,
    "task failed": 0,
  };
}

/** How a schedule misbehaves: probabilities per call and per event, drawn once per seed, zero once faults stop. */
export class Weather {
  readonly counts = noFaults();
  readonly #random: Random;
  readonly #calls: readonly (readonly [CallFault, number])[];
  readonly #callTotal: number;
  readonly #sluggish: number;
  readonly #events: readonly (readonly [EventFault, number])[];
  #calm = false;

  constructor(random: Random) {
    this.#random = random;
    const rate = (...rates: readonly number[]) => random.pick(rates);
    this.#calls = [
      ["crash before", rate(0, 0.003, 0.01, 0.03)],
      ["crash after", rate(0, 0.003, 0.01, 0.03)],
      ["throttle", rate(0, 0.003, 0.01, 0.03)],
      ["lost reply", rate(0, 0.003, 0.01, 0.02)],
      ["repeat", rate(0, 0.003, 0.01, 0.02)],
      ["delay", rate(0, 0.005, 0.02, 0.05)],
    ];
    this.#callTotal = this.#calls.reduce((sum, [, each]) => sum + each, 0);
    this.#sluggish = rate(0, 0.05, 0.2);
    this.#events = [
      ["lost", rate(0, 0.05, 0.2, 0.5)],
      ["doubled", rate(0, 0.1, 0.3)],
      ["reordered", rate(0, 0.1, 0.3)],
      ["days late", rate(0, 0, 0.02)],
    ];
  }

  get isCalm(): boolean {
    return this.#calm;
  }

  /** From now on nothing fails that does not have to. */
  clearUp(): void {
    this.#calm = true;
  }

  count(fault: Fault): void {
    this.counts[fault] += 1;
  }

  ofCall(): CallFault | undefined {
    if (this.#calm) return undefined;
    let drawn = this.#random.next();
    if (drawn >= this.#callTotal) return undefined;
    for (const [fault, rate] of this.#calls) {
      if (drawn < rate) return fault;
      drawn -= rate;
    }
    return undefined;
  }

  /** A choice with a probability that is zero in calm weather; counted when it comes true. */
  strikes(fault: Fault, probability: number): boolean {
    if (this.#calm || !this.#random.chance(probability)) return false;
    this.count(fault);
    return true;
  }

  ofInvocation(): boolean {
    return this.strikes("sluggish", this.#sluggish);
  }

  ofEvent(fault: EventFault): boolean {
    const rate = this.#events.find(([name]) => name === fault)?.[1] ?? 0;
    return this.strikes(fault, rate);
  }
}
