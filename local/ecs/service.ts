import { join } from "node:path";
import type { Engine } from "../engine.ts";
import type { LocalContext, LocalService, Operation } from "../service.ts";
import { arnsOf } from "./arns.ts";
import { ec2Resources } from "./ec2-resources.ts";
import type { Ecs } from "./ecs.ts";
import { executableCheck } from "./executable.ts";
import { imagePins } from "./image-pins.ts";
import { RegistryReader, type ResolveImage } from "./images.ts";
import { capacityProviderOperations } from "./operations/capacity-providers.ts";
import { clusterOperations } from "./operations/clusters.ts";
import { instanceOperations } from "./operations/instances.ts";
import { serviceDeploymentOperations } from "./operations/service-deployments.ts";
import { serviceOperations } from "./operations/services.ts";
import { tagOperations } from "./operations/tags.ts";
import { taskDefinitionOperations } from "./operations/task-definitions.ts";
import { taskOperations } from "./operations/tasks.ts";
import { ecsResources } from "./resources.ts";
import { Rollout } from "./rollout.ts";
import { TaskRunner } from "./runner.ts";
import { Scheduler } from "./scheduler.ts";
import { simulatedRuntime } from "./simulated-runtime.ts";
import { EcsStore } from "./store.ts";
import { simulatedAttribute } from "./task-factory.ts";
import { defaultTimings, engineTimings, Pauses, type Timings } from "./timings.ts";
import type { ContainerInstance } from "./types.ts";

export interface EcsDependencies {
  /** How images are resolved; by default through the registry at `context.url`. */
  readonly resolveImage?: ResolveImage;
  readonly timings?: Partial<Timings>;
}

/**
 * Amazon ECS on the laptop: clusters with x86_64 and arm64 container instances behind capacity providers, services that
 * roll, and tasks that are real containers where the engine has any, simulated ones otherwise.
 *
 * @throws StateError when the state below `stateDir/ecs` is damaged.
 */
export async function createEcs(
  context: LocalContext,
  engine: Engine,
  deps: EcsDependencies = {},
): Promise<LocalService> {
  const arns = arnsOf(context);
  const store = await EcsStore.open(join(context.stateDir, "ecs"), context.now);
  const { state } = store;
  const simulated = engine.containers === undefined;
  const timings = { ...(simulated ? defaultTimings : engineTimings), ...deps.timings };
  const pauses = new Pauses();
  const rollout = new Rollout(context, arns);
  const scheduler = new Scheduler({ context, arns, store, rollout, timings, pauses, simulated });
  const registry = new RegistryReader(context);
  const resolve = deps.resolveImage ?? registry.resolve;
  const runner = new TaskRunner({
    context,
    timings,
    pauses,
    simulated,
    resolve,
    runtime: engine.containers ?? simulatedRuntime(timings, pauses),
    check: executableCheck(registry),
    pins: imagePins(state),
    changed: (task) => scheduler.taskChanged(task),
  });
  scheduler.attach(runner);

  const ecs: Ecs = { context, arns, state, store, rollout, scheduler, runner, resolve, simulated };
  const operations: Record<string, Operation> = {
    ...clusterOperations(ecs),
    ...capacityProviderOperations(ecs),
    ...instanceOperations(ecs),
    ...taskDefinitionOperations(ecs),
    ...serviceOperations(ecs),
    ...serviceDeploymentOperations(ecs),
    ...taskOperations(ecs),
    ...tagOperations(ecs),
  };
  for (const instance of state.instances.values()) sayWhetherSimulated(instance, simulated);
  // After a restart the services have no tasks: bring them back.
  for (const service of state.services.values()) scheduler.kick(service);

  return {
    targetPrefix: "AmazonEC2ContainerServiceV20141113",
    jsonVersion: "1.1",
    operations,
    resources: { ...ecsResources(ecs, operations), ...ec2Resources(ecs) },
    close: async () => {
      scheduler.close();
      pauses.close();
      await runner.close();
      await engine.close?.();
      await store.save();
    },
  };
}

/** The instances that were kept may have had another engine. */
function sayWhetherSimulated(instance: ContainerInstance, simulated: boolean): void {
  const others = instance.attributes.filter(({ name }) => name !== simulatedAttribute.name);
  instance.attributes = simulated ? [...others, simulatedAttribute] : others;
}
