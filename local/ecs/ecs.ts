import type { LoadBalancing } from "../load-balancer/balancer.ts";
import type { LocalContext } from "../service.ts";
import type { Arns } from "./arns.ts";
import type { ResolveImage } from "./images.ts";
import type { Rollout } from "./rollout.ts";
import type { TaskRunner } from "./runner.ts";
import type { Scheduler } from "./scheduler.ts";
import type { EcsState } from "./state.ts";
import type { EcsStore } from "./store.ts";
import type { Hooks } from "./strategies/hooks.ts";

/** What the operations work with. */
export interface Ecs {
  readonly context: LocalContext;
  readonly arns: Arns;
  readonly state: EcsState;
  readonly store: EcsStore;
  readonly rollout: Rollout;
  readonly hooks: Hooks;
  /** None where there is no load balancer. */
  readonly balancing: LoadBalancing | undefined;
  readonly scheduler: Scheduler;
  readonly runner: TaskRunner;
  readonly resolve: ResolveImage;
  /** Whether tasks are simulated, for want of an engine. */
  readonly simulated: boolean;
}
