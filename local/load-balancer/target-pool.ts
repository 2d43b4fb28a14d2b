import { probe } from "./health-check.ts";
import type { TargetGroup } from "./types.ts";

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html */
export type TargetState = "initial" | "healthy" | "unhealthy" | "draining";

export interface Target {
  /** As DescribeTargetHealth names it: an instance id, or an address. */
  readonly id: string;
  /** On 127.0.0.1. */
  readonly port: number;
}

export interface RegisteredTarget extends Target {
  readonly state: TargetState;
  readonly reason?: string;
  readonly description?: string;
}

interface Member extends Target {
  state: TargetState;
  reason: string | undefined;
  description: string | undefined;
  inFlight: number;
  timer: NodeJS.Timeout | undefined;
  idle: (() => void) | undefined;
}

export interface PoolSettings {
  /** How long a second of a health check's interval and of the deregistration delay takes here. */
  readonly secondMs: number;
  /** How long a new target may fail its checks at least: real containers need real time to start. */
  readonly patienceMs: number;
  /** A target's state has changed. */
  readonly changed: (target: Target, state: TargetState) => void;
}

const keyOf = ({ id, port }: Target): string => `${id}:${port}`;

/** Health checks come no faster than this, however short a second is made. */
const fastestCheckMs = 25;
/** A target that has not yet answered is asked again after this time at the latest. */
const freshCheckMs = 100;

/**
 * The registered targets of a target group, with their health.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
export class TargetPool {
  readonly #group: () => TargetGroup;
  readonly #settings: PoolSettings;
  readonly #members = new Map<string, Member>();
  #turn = 0;

  constructor(group: () => TargetGroup, settings: PoolSettings) {
    this.#group = group;
    this.#settings = settings;
  }

  list(): readonly RegisteredTarget[] {
    return [...this.#members.values()].map(({ id, port, state, reason, description }) => ({
      id,
      port,
      state,
      ...(reason === undefined ? {} : { reason }),
      ...(description === undefined ? {} : { description }),
    }));
  }

  /** Registers a target. It takes part from its first health check that passes. */
  register(target: Target): void {
    const known = this.#members.get(keyOf(target));
    if (known !== undefined && known.state !== "draining") return;
    const member: Member = {
      ...target,
      state: "initial",
      reason: "Elb.RegistrationInProgress",
      description: "Target registration is in progress",
      inFlight: 0,
      timer: undefined,
      idle: undefined,
    };
    this.#members.set(keyOf(target), member);
    void this.#watch(member);
  }

  /**
   * Takes a target out. Resolves when its requests have ended, at the latest after the deregistration delay. Other than
   * on AWS the target is not shown as draining any longer than that.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#deregistration-delay
   */
  async deregister(target: Target): Promise<void> {
    const member = this.#members.get(keyOf(target));
    if (member === undefined || member.state === "draining") return;
    clearTimeout(member.timer);
    member.reason = "Target.DeregistrationInProgress";
    member.description = "Target deregistration is in progress";
    this.#move(member, "draining");
    if (member.inFlight > 0) {
      await new Promise<void>((resolve) => {
        member.idle = resolve;
        const delay = this.#group().deregistrationDelaySeconds * this.#settings.secondMs;
        member.timer = setTimeout(resolve, delay);
      });
      clearTimeout(member.timer);
    }
    if (this.#members.get(keyOf(target)) === member) this.#members.delete(keyOf(target));
  }

  /**
   * The target that gets the next request, in turn; `done` must be called at its end. Where no target is healthy,
   * all of them take requests (the load balancer "fails open").
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health.html
   */
  take(): { readonly port: number; readonly done: () => void } | undefined {
    const usable = [...this.#members.values()].filter(({ state }) => state !== "draining");
    const healthy = usable.filter(({ state }) => state === "healthy");
    const candidates = healthy.length > 0 ? healthy : usable;
    const member = candidates[this.#turn++ % Math.max(1, candidates.length)];
    if (member === undefined) return undefined;
    member.inFlight += 1;
    let open = true;
    const done = (): void => {
      if (!open) return;
      open = false;
      member.inFlight -= 1;
      if (member.inFlight === 0) member.idle?.();
    };
    return { port: member.port, done };
  }

  close(): void {
    for (const member of this.#members.values()) {
      clearTimeout(member.timer);
      member.idle?.();
    }
    this.#members.clear();
  }

  #move(member: Member, state: TargetState): void {
    if (member.state === state) return;
    member.state = state;
    this.#settings.changed({ id: member.id, port: member.port }, state);
  }

  /**
   * One check that passes makes a new target healthy; after that the thresholds of the group count. A new target is asked
   * more often, but has the time that its thresholds give it, and `patienceMs` at least.
   */
  async #watch(member: Member): Promise<void> {
    const startedAt = performance.now();
    let passed = 0;
    let failed = 0;
    const stays = (): boolean => this.#members.get(keyOf(member)) === member && member.state !== "draining";
    while (stays()) {
      const { healthCheck } = this.#group();
      const answer = await probe(member.port, healthCheck);
      if (!stays()) return;
      passed = answer.ok ? passed + 1 : 0;
      failed = answer.ok ? 0 : failed + 1;
      const fresh = member.state === "initial";
      const interval = Math.max(fastestCheckMs, healthCheck.intervalSeconds * this.#settings.secondMs);
      const patience = Math.max(this.#settings.patienceMs, interval * (healthCheck.unhealthyThreshold - 1));
      const hopeless = fresh
        ? performance.now() - startedAt >= patience
        : failed >= healthCheck.unhealthyThreshold;
      if (answer.ok && (fresh || passed >= healthCheck.healthyThreshold)) {
        member.reason = undefined;
        member.description = undefined;
        this.#move(member, "healthy");
      } else if (!answer.ok && hopeless) {
        member.reason = answer.reason;
        member.description = answer.text;
        this.#move(member, "unhealthy");
      }
      const pause = member.state === "initial" ? Math.min(interval, freshCheckMs) : interval;
      await new Promise<void>((resolve) => {
        member.timer = setTimeout(resolve, pause);
      });
    }
  }
}
