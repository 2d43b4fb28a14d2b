import type { Agenda } from "../agenda.ts";
import { AwsError } from "./aws-error.ts";
import { primaryOf, type RunningTask, type Service, type ServiceDeployment } from "./ecs-service.ts";
import { ACCOUNT, BASE_IMAGE, REGION } from "./names.ts";
import { type Registered, TaskDefinitions } from "./task-definitions.ts";

/** How a deployment goes. */
export interface Rollout {
  readonly milliseconds: number;
  readonly fails: boolean;
  /** How long one task is missing after the end: it has died and is replaced. */
  readonly missingTaskMilliseconds: number;
}

export interface EcsHooks {
  readonly rolloutOf: (service: Service, deployment: ServiceDeployment) => Rollout;
  /** A deployment has come to an end, and its event is due. */
  readonly onEnd: (service: Service, deployment: ServiceDeployment) => void;
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
      deployments: [],
      history: [],
      steady,
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
    const rollout = this.#hooks.rolloutOf(service, deployment);
    // The first new task stands beside the old ones.
    this.#agenda.schedule(rollout.milliseconds / 2, () => {
      if (isUnderWay(service, deployment)) service.tasks.push(this.#task(deployment, 0));
    });
    this.#agenda.schedule(rollout.milliseconds, () => {
      if (!isUnderWay(service, deployment)) return;
      if (rollout.fails) this.#fail(service, deployment);
      else this.#complete(service, deployment, rollout.missingTaskMilliseconds);
      this.#hooks.onEnd(service, deployment);
    });
  }

  #complete(service: Service, deployment: ServiceDeployment, missingTaskMilliseconds: number): void {
    deployment.rolloutState = "COMPLETED";
    service.deployments = [deployment];
    service.steady = deployment.revision;
    service.tasks = Array.from({ length: service.desired }, (_, index) => this.#task(deployment, index));
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

  #fail(service: Service, deployment: ServiceDeployment): void {
    deployment.rolloutState = "FAILED";
    deployment.reason = "tasks failed to start";
    if (!service.rollsBack) return;
    deployment.isRolledBack = true;
    const back = this.#open(service, service.steady, deployment);
    this.#run(service, back);
    this.#agenda.schedule(30_000, () => {
      service.deployments = service.deployments.filter((one) => one !== deployment);
    });
  }

  #task(deployment: ServiceDeployment, index: number): RunningTask {
    this.#tasks += 1;
    return {
      arn: `arn:aws:ecs:${REGION}:${ACCOUNT}:task/${this.#tasks}`,
      deployment,
      architecture: index % 2 === 0 ? "x86_64" : "arm64",
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
