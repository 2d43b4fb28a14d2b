import type { Command } from "../../shared/pipeline/commands.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import type { Agenda } from "./agenda.ts";
import { AwsError } from "./aws/aws-error.ts";
import type { CallFault, Weather } from "./faults.ts";
import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";

/** On whose behalf a call is made: the fakes and the checks ask for it while the call takes effect. */
export interface Caller {
  readonly invocation: string;
  readonly run?: Run;
  readonly command?: Command;
}

/** Lets a call through when its turn has come: every call to the store and to AWS is a scheduling point. */
export type Gate = <T>(call: string, effect: () => Promise<T>) => Promise<T>;

/** What all invocations share. */
export interface Machine {
  readonly agenda: Agenda;
  readonly random: Random;
  readonly weather: Weather;
  readonly trace: Trace;
  /** Who makes the call that takes effect now. */
  caller: Caller | undefined;
  /** Set when code under test may go on: the scheduler lets it run until it waits again. */
  isAwake: boolean;
}

/** Calls that the SDK may send twice without anybody asking it to. */
const WRITES = /append|record|draw|put|startBuild|stopBuild|registerTaskDefinition|updateService/i;

const IN_FLIGHT_MILLISECONDS = 1_000;

/**
 * One running function. Its calls are delayed, fail, or take it down; a dead invocation makes no further call, and what
 * it had under way may still take effect.
 */
export class Invocation {
  readonly name: string;
  readonly #machine: Machine;
  readonly #onDeath: (why: string) => void;
  readonly #isSluggish: boolean;
  #alive = true;
  #diedAt = 0;

  constructor(machine: Machine, name: string, onDeath: (why: string) => void) {
    this.#machine = machine;
    this.name = name;
    this.#onDeath = onDeath;
    this.#isSluggish = machine.weather.ofInvocation();
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  /** It has returned: nothing it left behind counts any more. */
  end(): void {
    this.#alive = false;
  }

  die(why: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#diedAt = this.#machine.agenda.now;
    this.#machine.trace.note(() => `${this.name} dies: ${why}`);
    this.#onDeath(why);
  }

  gateFor(behalf: Omit<Caller, "invocation">): Gate {
    const caller: Caller = { invocation: this.name, ...behalf };
    return (call, effect) => this.#call(caller, call, effect);
  }

  #call<T>(caller: Caller, call: string, effect: () => Promise<T>): Promise<T> {
    const { agenda, trace } = this.#machine;
    if (!this.#alive) return new Promise(() => {});
    const fault = this.#faultOf(call);
    return new Promise<T>((resolve, reject) => {
      agenda.schedule(this.#latency(fault), () => {
        if (fault === "crash before") {
          if (this.#alive) trace.note(() => `${this.name} ${call}: never sent`);
          this.die("crashed");
          return;
        }
        if (!this.#alive && !this.#wasSent()) return;
        trace.note(() => `${this.name} ${call}${fault === undefined ? "" : ` (${fault})`}`);
        if (fault === "throttle") {
          this.#answer(() => reject(throttled(call)));
          return;
        }
        let outcome = this.#carryOut(caller, effect);
        if (fault === "repeat") outcome = this.#carryOut(caller, effect);
        if (fault === "crash after") this.die("crashed");
        else if (fault === "lost reply") {
          this.#answer(() => reject(new AwsError("TimeoutError", `no answer to ${call}`)));
        } else this.#answer(() => resolve(outcome));
      });
    });
  }

  /** What a dead invocation had just sent may arrive or not; what it was about to send much later is never sent. */
  #wasSent(): boolean {
    const { agenda, random } = this.#machine;
    return agenda.now - this.#diedAt < IN_FLIGHT_MILLISECONDS && random.chance(0.5);
  }

  /** The effect itself, at one instant; its outcome is told later. */
  #carryOut<T>(caller: Caller, effect: () => Promise<T>): Promise<T> {
    this.#machine.caller = caller;
    const outcome = effect();
    this.#machine.caller = undefined;
    this.#machine.isAwake = true;
    // Nobody may be left to hear of a refusal.
    outcome.catch(() => {});
    return outcome;
  }

  #answer(settle: () => void): void {
    const { agenda, random } = this.#machine;
    const tell = () => {
      if (!this.#alive) return;
      this.#machine.isAwake = true;
      settle();
    };
    if (random.chance(0.6)) tell();
    else agenda.schedule(random.between(1, 30), tell);
  }

  #faultOf(call: string): CallFault | undefined {
    const { weather } = this.#machine;
    const fault = weather.ofCall();
    if (fault === undefined || (fault === "repeat" && !WRITES.test(call))) return undefined;
    weather.count(fault);
    return fault;
  }

  #latency(fault: CallFault | undefined): number {
    const { random } = this.#machine;
    if (fault === "delay") return random.between(1_000, 50_000);
    if (this.#isSluggish) return random.between(0, 12_000);
    return random.chance(0.1) ? random.between(0, 1_000) : random.between(1, 40);
  }
}

function throttled(call: string): AwsError {
  return new AwsError("ThrottlingException", `rate exceeded: ${call}`);
}
