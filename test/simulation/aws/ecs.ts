import type { Agenda } from "../agenda.ts";
import { AwsError } from "./aws-error.ts";
import {
  architecturesOf,
  type Pause,
  primaryOf,
  type RunningTask,
  type Service,
  type ServiceDeployment,
} from "./ecs-service.ts";
import { ACCOUNT, BASE_IMAGE, REGION } from "./names.ts";
import { deploymentArn, isPaused, pauses } from "./pauses.ts";
import { type Registered, TaskDefinitions } from "./task-definitions.ts";

/** A day, as ECS has it. */
const PAUSE_MILLISECONDS = 86_400_000;

/** How a deployment goes. */
export interface Rollout {
  readonly milliseconds: number;
  readonly fails: boolean;
  /** On arm64 only; where the deployment has no task there, it goes well. */
  readonly failsOnArm: boolean;
  /** How long one task is missing after the end: it has died and is replaced. */
  readonly missingTaskMilliseconds: number;
}

export interface EcsHooks {
  readonly rolloutOf: (service: Service, deployment: ServiceDeployment) => Rollout;
  /** A deployment has begun, and its event is due. */
  readonly onBegin: (service: Service, deployment: ServiceDeployment) => void;
  /** A deployment has come to an end, and its event is due. */
  readonly onEnd: (service: Service, deployment: ServiceDeployment) => void;
  /** A deployment waits for an answer, and its event is due. */
  readonly onPause: (service: Service, deployment: ServiceDeployment) => void;
  /** Whether a rollback also brings the capacity providers back that were there before: nobody knows of ECS. */
  readonly restoresStrategy: boolean;
}

/** ECS behind its API: services, their deployments and tasks. */
export class FakeEcs {
  readonly definitions = new TaskDefinitions();
  readonly #agenda: Agenda;
  readonly #hooks: EcsHooks;
  readonly #services = new Map<string, Service>();
  readonly #deployments = new Map<string, ServiceDeployment>();
  #tasks = 0;

  constructor(agenda: Agenda, hooks: EcsHooks) {
    this.#agenda = agenda;
    this.#hooks = hooks;
  }

  create(details: {
    readonly cluster: string;
    readonly name: string;
    readonly family: string;
    readonly containers: readonly string[];
    readonly desired: number;
    readonly rollsBack: boolean;
  }): Service {
    const { cluster, name, family, containers, desired, rollsBack } = details;
    const steady = this.definitions.register({
      family,
      containerDefinitions: containers.map((container) => ({ name: container, image: BASE_IMAGE })),
    });
    const service: Service = {
      cluster,
      name,
      arn: `arn:aws:ecs:${REGION}:${ACCOUNT}:service/${cluster}/${name}`,
      rollsBack,
      desired,
      status: "ACTIVE",
      strategy: [],
      constraints: [],
      configuration: { deploymentCircuitBreaker: { enable: true, rollback: rollsBack } },
      deployments: [],
      history: [],
      steady,
      steadyStrategy: [],
      tasks: [],
    };
    this.#services.set(`${cluster}/${name}`, service);
    this.#complete(service, this.#open(service, steady, undefined), 0);
    return service;
  }

  get services(): readonly Service[] {
    return [...this.#services.values()];
  }

  service(cluster: string | undefined, name: string | undefined): Service | undefined {
    return this.#services.get(`${cluster}/${name}`);
  }

  hasCluster(cluster: string | undefined): boolean {
    return this.services.some((service) => service.cluster === cluster);
  }

  /** Also one that ECS no longer shows. */
  deployment(id: string): ServiceDeployment | undefined {
    return this.#deployments.get(id);
  }

  /** Begins a deployment; what was under way is replaced. */
  deploy(service: Service, revision: Registered): ServiceDeployment {
    if (service.status !== "ACTIVE")
      throw new AwsError("ServiceNotActiveException", `${service.name} is gone`);
    const deployment = this.#open(service, revision, undefined);
    this.#run(service, deployment);
    return deployment;
  }

  /** Somebody deletes the service. */
  remove(service: Service): void {
    service.status = "DRAINING";
    service.tasks = [];
    this.#agenda.schedule(90_000, () => {
      service.status = "INACTIVE";
    });
  }

  #open(
    service: Service,
    revision: Registered,
    rollbackOf: ServiceDeployment | undefined,
  ): ServiceDeployment {
    const deployment: ServiceDeployment = {
      id: `ecs-svc/${String(this.#deployments.size + 1).padStart(6, "0")}`,
      revision,
      rollbackOf: rollbackOf?.id,
      createdAt: this.#agenda.now,
      strategy: service.strategy,
      failsOnArm: false,
      status: "PRIMARY",
      rolloutState: "IN_PROGRESS",
      reason: rollbackOf === undefined ? "" : `rolling back from ${rollbackOf.id}`,
      isRolledBack: false,
      hasRun: false,
    };
    this.#deployments.set(deployment.id, deployment);
    if (rollbackOf === undefined) service.history.push(deployment);
    for (const other of service.deployments) other.status = "ACTIVE";
    service.deployments = [deployment, ...service.deployments];
    return deployment;
  }

  #run(service: Service, deployment: ServiceDeployment): void {
    this.#hooks.onBegin(service, deployment);
    const rollout = this.#hooks.rolloutOf(service, deployment);
    // The first new task stands beside the old ones.
    this.#agenda.schedule(rollout.milliseconds / 2, () => {
      if (!isUnderWay(service, deployment)) return;
      service.tasks.push(this.#task(service, deployment, 0));
      if (deployment.rollbackOf !== undefined || !pauses(service)) return;
      const expiresAt = this.#agenda.now + PAUSE_MILLISECONDS;
      deployment.pause = { hookId: `hook of ${deployment.id}`, expiresAt, status: "AWAITING_ACTION" };
      this.#hooks.onPause(service, deployment);
    });
    this.#agenda.schedule(rollout.milliseconds, () => {
      if (!isPaused(deployment)) this.#finish(service, deployment, rollout);
    });
  }

  #finish(service: Service, deployment: ServiceDeployment, rollout: Rollout): void {
    if (!isUnderWay(service, deployment)) return;
    const onArm = rollout.failsOnArm && this.#failOnArm(service, deployment);
    if (rollout.fails || onArm) this.#fail(service, deployment, service.rollsBack);
    else this.#complete(service, deployment, rollout.missingTaskMilliseconds);
    this.#hooks.onEnd(service, deployment);
  }

  /** Tasks on x86_64 run, those on arm64 crash; false when there are none of both. */
  #failOnArm(service: Service, deployment: ServiceDeployment): boolean {
    const tasks = Array.from({ length: service.desired }, (_, index) =>
      this.#task(service, deployment, index),
    );
    const crashed = tasks.filter(({ architecture }) => architecture === "arm64");
    if (crashed.length === 0 || crashed.length === tasks.length) return false;
    deployment.failsOnArm = true;
    service.tasks = tasks.map((task) =>
      task.architecture === "arm64" ? { ...task, isRunning: false, exitCode: 255 } : task,
    );
    return true;
  }

  /** Somebody answers a pause; false when nothing waits there. */
  answer(arn: string | undefined, hookId: string | undefined, action: "CONTINUE" | "ROLLBACK"): boolean {
    this.expire();
    for (const service of this.services) {
      for (const deployment of service.deployments) {
        const { pause } = deployment;
        const isMeant = deploymentArn(service, deployment) === arn && pause?.hookId === hookId;
        if (!isMeant || pause?.status !== "AWAITING_ACTION" || !isUnderWay(service, deployment)) continue;
        this.#goOn(service, deployment, pause, action);
        return true;
      }
    }
    return false;
  }

  /** Pauses that nobody has answered in time go back; looked at when somebody asks. */
  expire(): void {
    for (const service of this.services) {
      const deployment = service.deployments[0];
      const { pause } = deployment ?? {};
      if (deployment === undefined || pause?.status !== "AWAITING_ACTION") continue;
      if (pause.expiresAt <= this.#agenda.now) this.#goOn(service, deployment, pause, "ROLLBACK");
    }
  }

  #goOn(
    service: Service,
    deployment: ServiceDeployment,
    pause: Pause,
    action: "CONTINUE" | "ROLLBACK",
  ): void {
    if (!isUnderWay(service, deployment)) return;
    if (action === "CONTINUE") {
      pause.status = "SUCCEEDED";
      const rollout = this.#hooks.rolloutOf(service, deployment);
      this.#agenda.schedule(rollout.milliseconds, () => this.#finish(service, deployment, rollout));
      return;
    }
    pause.status = "FAILED";
    this.#fail(service, deployment, true);
    this.#hooks.onEnd(service, deployment);
  }

  #complete(service: Service, deployment: ServiceDeployment, missingTaskMilliseconds: number): void {
    deployment.rolloutState = "COMPLETED";
    service.deployments = [deployment];
    service.steady = deployment.revision;
    service.steadyStrategy = service.strategy;
    service.tasks = Array.from({ length: service.desired }, (_, index) =>
      this.#task(service, deployment, index),
    );
    const [first] = service.tasks;
    if (missingTaskMilliseconds === 0 || first === undefined) {
      deployment.hasRun = true;
      return;
    }
    first.isRunning = false;
    this.#agenda.schedule(missingTaskMilliseconds, () => {
      first.isRunning = true;
      deployment.hasRun ||= service.tasks.includes(first);
    });
  }

  #fail(service: Service, deployment: ServiceDeployment, goesBack: boolean): void {
    deployment.rolloutState = "FAILED";
    deployment.reason = "tasks failed to start";
    if (!goesBack) return;
    deployment.isRolledBack = true;
    if (this.#hooks.restoresStrategy) service.strategy = service.steadyStrategy;
    const back = this.#open(service, service.steady, deployment);
    this.#run(service, back);
    this.#agenda.schedule(30_000, () => {
      service.deployments = service.deployments.filter((one) => one !== deployment);
    });
  }

  #task(service: Service, deployment: ServiceDeployment, index: number): RunningTask {
    this.#tasks += 1;
    const architectures = architecturesOf(service, deployment);
    return {
      arn: `arn:aws:ecs:${REGION}:${ACCOUNT}:task/${this.#tasks}`,
      deployment,
      architecture: architectures[index % architectures.length] ?? "x86_64",
      isRunning: true,
    };
  }
}

function isUnderWay(service: Service, deployment: ServiceDeployment): boolean {
  return (
    service.status === "ACTIVE" &&
    deployment.rolloutState === "IN_PROGRESS" &&
    primaryOf(service) === deployment
  );
}
