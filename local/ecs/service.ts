import { join } from "node:path";
import type { Engine } from "../engine.ts";
import type { LoadBalancing } from "../load-balancer/balancer.ts";
import type { LocalContext, LocalService, Operation } from "../service.ts";
import { arnsOf } from "./arns.ts";
import { autoScalingApi } from "./auto-scaling-api.ts";
import { agentControl } from "./connection.ts";
import { ec2Api } from "./ec2-api.ts";
import { ec2Resources } from "./ec2-resources.ts";
import type { Ecs } from "./ecs.ts";
import { executableCheck } from "./executable.ts";
import { imagePins } from "./image-pins.ts";
import { RegistryReader, type ResolveImage } from "./images.ts";
import { scaleOut } from "./managed-instances.ts";
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
import { currentDeployment } from "./service-records.ts";
import { simulatedRuntime } from "./simulated-runtime.ts";
import { EcsStore } from "./store.ts";
import { type AlarmSource, noteAlarm } from "./strategies/alarm-watch.ts";
import { Hooks, type InvokeFunction } from "./strategies/hooks.ts";
import { StageRunner } from "./strategies/stage-runner.ts";
import { simulatedAttribute } from "./task-factory.ts";
import { TaskTargets } from "./task-targets.ts";
import { defaultTimings, engineTimings, Pauses, type Timings } from "./timings.ts";
import type { ContainerInstance } from "./types.ts";

export interface EcsDependencies {
  /** How images are resolved; by default through the registry at `context.url`. */
  readonly resolveImage?: ResolveImage;
  readonly timings?: Partial<Timings>;
  /** CloudWatch's alarms, which deployments watch. */
  readonly alarms?: AlarmSource;
  /** The load balancer in front of services. */
  readonly balancing?: LoadBalancing;
  /** Invokes the functions of lifecycle hooks. */
  readonly invoke?: InvokeFunction;
}

/** ECS, and what of other services says which hosts its capacity providers have. */
export interface EcsService extends LocalService {
  readonly autoScaling: LocalService;
  readonly ec2: LocalService;
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
): Promise<EcsService> {
  const arns = arnsOf(context);
  const store = await EcsStore.open(join(context.stateDir, "ecs"), context.now);
  const { state } = store;
  const simulated = engine.containers === undefined;
  const timings = { ...(simulated ? defaultTimings : engineTimings), ...deps.timings };
  const pauses = new Pauses();
  const { balancing, alarms } = deps;
  const hooks = new Hooks({
    context,
    timings,
    pauses,
    invoke: deps.invoke,
    clusterArn: (cluster) => state.cluster(cluster).arn,
    changed: (service) => scheduler.kick(service),
  });
  const stages = new StageRunner({ context, timings, hooks, alarms, balancing });
  const rollout = new Rollout({ context, arns, stages, alarms, balancing });
  const targets =
    balancing === undefined ? undefined : new TaskTargets(balancing, (task) => scheduler.taskChanged(task));
  const scheduler = new Scheduler({
    context,
    arns,
    store,
    rollout,
    stages,
    targets,
    timings,
    pauses,
    simulated,
    scaleOut: (...wanted) => scaleOut(ecs, ...wanted),
  });
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
    drain: async (task) => targets?.drain(task),
    changed: (task) => scheduler.taskChanged(task),
  });
  const forgetAlarms = alarms?.listen(({ name, state: { value } }) => {
    if (value !== "ALARM") return;
    for (const service of noteAlarm(name, state.services.values())) scheduler.kick(service);
  });
  scheduler.attach(runner);

  const ecs: Ecs = {
    context,
    arns,
    state,
    store,
    rollout,
    hooks,
    balancing,
    scheduler,
    runner,
    resolve,
    simulated,
  };
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
  for (const service of state.services.values()) {
    const record = currentDeployment(service);
    if (record !== undefined) hooks.resume(service, record);
    scheduler.kick(service);
  }

  return {
    targetPrefix: "AmazonEC2ContainerServiceV20141113",
    jsonVersion: "1.1",
    operations,
    resources: { ...ecsResources(ecs, operations), ...ec2Resources(ecs) },
    routes: { "/_local/ecs/": agentControl(ecs) },
    autoScaling: autoScalingApi(ecs),
    ec2: ec2Api(ecs),
    close: async () => {
      scheduler.close();
      forgetAlarms?.();
      pauses.close();
      targets?.close();
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
