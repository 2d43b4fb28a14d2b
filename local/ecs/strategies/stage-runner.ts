import type { LoadBalancing } from "../../load-balancer/balancer.ts";
import type { LocalContext } from "../../service.ts";
import { note } from "../service-history.ts";
import type { Timings } from "../timings.ts";
import type { Service, ServiceDeployment } from "../types.ts";
import { type AlarmSource, alarmBakeSeconds } from "./alarm-watch.ts";
import type { Hooks } from "./hooks.ts";
import { positionOf } from "./progress.ts";
import { shiftsOf } from "./shifts.ts";
import type { Position } from "./stages.ts";
import { shiftTraffic } from "./traffic.ts";

export interface StageDependencies {
  readonly context: Pick<LocalContext, "now">;
  readonly timings: Pick<Timings, "minuteMs">;
  readonly hooks: Hooks;
  readonly alarms: AlarmSource | undefined;
  readonly balancing: LoadBalancing | undefined;
}

/** What happens as a service deployment enters its stages: traffic is shifted, hooks begin, it bakes. */
export class StageRunner {
  readonly #deps: StageDependencies;

  constructor(deps: StageDependencies) {
    this.#deps = deps;
  }

  /** Sets the course, and enters its first stage. */
  begin(service: Service, record: ServiceDeployment, course: readonly Position[]): void {
    record.lifecycle = { course: [...course], at: -1, enteredAt: this.#deps.context.now(), hooks: [] };
    const forward = record.rollback === undefined;
    const served = record.baseRevisionArn !== undefined;
    if (forward && served && record.deploymentConfiguration.strategy !== "ROLLING")
      shiftTraffic(service, record, "production", 0, this.#deps.balancing);
    this.next(service, record);
  }

  /** Enters the next stage. @returns false when there is none: the deployment is complete */
  next(service: Service, record: ServiceDeployment): boolean {
    const { lifecycle } = record;
    if (lifecycle === undefined || lifecycle.at + 1 >= lifecycle.course.length) return false;
    const now = this.#deps.context.now();
    lifecycle.at += 1;
    lifecycle.enteredAt = now;
    lifecycle.hooks = [];
    record.updatedAt = now;
    this.#shift(service, record);
    const bakeMs = this.#bakeMs(record);
    lifecycle.until = bakeMs > 0 ? now + bakeMs : undefined;
    if (bakeMs > 0) note(service, now, this.#bakeNote(record, bakeMs));
    this.#deps.hooks.begin(service, record);
    return true;
  }

  /** Ends the hooks whose time is over. */
  expire(service: Service, record: ServiceDeployment): void {
    this.#deps.hooks.expire(service, record);
  }

  #shift(service: Service, record: ServiceDeployment): void {
    const { stage, step } = positionOf(record);
    const back = record.rollback !== undefined;
    const { balancing } = this.#deps;
    if (stage === "TEST_TRAFFIC_SHIFT") shiftTraffic(service, record, "test", back ? 0 : 100, balancing);
    if (stage === "PRODUCTION_TRAFFIC_SHIFT") {
      const percent = back ? 0 : (this.#shifts(record)[step]?.percent ?? 100);
      shiftTraffic(service, record, "production", percent, balancing);
    }
  }

  #shifts(record: ServiceDeployment) {
    return shiftsOf(record.deploymentConfiguration, record.baseRevisionArn !== undefined);
  }

  /** How long the deployment stays at least where it is now. */
  #bakeMs(record: ServiceDeployment): number {
    if (record.rollback !== undefined) return 0;
    const { stage, step } = positionOf(record);
    const { minuteMs } = this.#deps.timings;
    if (stage === "PRODUCTION_TRAFFIC_SHIFT")
      return (this.#shifts(record)[step]?.bakeMinutes ?? 0) * minuteMs;
    if (stage !== "BAKE_TIME") return 0;
    const { bakeTimeInMinutes, strategy } = record.deploymentConfiguration;
    const fromAlarms =
      strategy === "ROLLING" && bakeTimeInMinutes === 0
        ? alarmBakeSeconds(record.alarms, this.#deps.alarms) / 60
        : 0;
    return (bakeTimeInMinutes + fromAlarms) * minuteMs;
  }

  #bakeNote(record: ServiceDeployment, bakeMs: number): string {
    const { stage } = positionOf(record);
    const minutes = bakeMs / this.#deps.timings.minuteMs;
    return `(service deployment ${record.arn}) ${stage} for ${minutes} minutes, which take ${bakeMs / 1000} s on this machine.`;
  }
}
