import type { LoadBalancing } from "../load-balancer/balancer.ts";
import type { LocalContext } from "../service.ts";
import { type Arns, deploymentNumber, deploymentToken } from "./arns.ts";
import { failureThreshold } from "./circuit-breaker.ts";
import { deploymentStateChange } from "./events.ts";
import { forget, note } from "./service-history.ts";
import { currentDeployment, recordOf } from "./service-records.ts";
import { type AlarmSource, alarmsAtStart } from "./strategies/alarm-watch.ts";
import type { Failure } from "./strategies/failure.ts";
import { shiftsOf } from "./strategies/shifts.ts";
import type { StageRunner } from "./strategies/stage-runner.ts";
import { courseBack, courseOf } from "./strategies/stages.ts";
import { targetsFor } from "./strategies/targets.ts";
import type {
  ContainerDefinition,
  Deployment,
  Service,
  ServiceDeployment,
  ServiceRevision,
} from "./types.ts";

export interface RolloutDependencies {
  readonly context: LocalContext;
  readonly arns: Arns;
  readonly stages: StageRunner;
  readonly alarms: AlarmSource | undefined;
  readonly balancing: LoadBalancing | undefined;
}

/**
 * The life of a service's deployments: begun, completed, failed, rolled back, stopped. Every step changes the service and
 * emits the documented events; when a step is due is for `reconcile.ts`, what happens at each stage for `stage-runner.ts`.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
 */
export class Rollout {
  private readonly deps: RolloutDependencies;

  constructor(deps: RolloutDependencies) {
    this.deps = deps;
  }

  private now(): number {
    return this.deps.context.now();
  }

  /** Adds a line to the service's events. */
  note(service: Service, message: string): boolean {
    return note(service, this.now(), message);
  }

  /** Starts a new deployment of what the service is configured to be now; one in progress is stopped by it. */
  begin(service: Service, containers: readonly ContainerDefinition[]): void {
    const now = this.now();
    const running = currentDeployment(service);
    if (running !== undefined) {
      this.finish(running, "STOPPED", "Service deployment stopped because a new deployment was started.");
    }
    const base = baseOf(service);
    const revision = this.revision(service, containers, base);
    const record = this.record(service, revision, base);
    service.revisions.unshift(revision);
    service.serviceDeployments.unshift(record);
    forget(service);
    const id = `ecs-svc/${deploymentNumber()}`;
    const severalActive = service.deployments.length > 1;
    this.open(service, record, {
      id,
      status: "PRIMARY",
      taskDefinitionArn: revision.taskDefinitionArn,
      revisionArn: revision.arn,
      serviceDeploymentArn: record.arn,
      rolloutState: "IN_PROGRESS",
      rolloutStateReason: `ECS deployment ${id} in progress.`,
      failedTasks: 0,
      pausedUntil: 0,
      createdAt: now,
      updatedAt: now,
    });
    const shifts = shiftsOf(service.deploymentConfiguration, base !== undefined);
    this.deps.stages.begin(service, record, courseOf(shifts.length, severalActive));
  }

  private revision(
    service: Service,
    containers: readonly ContainerDefinition[],
    base: Deployment | undefined,
  ): ServiceRevision {
    const serving = service.revisions.find(({ arn }) => arn === base?.revisionArn);
    return {
      arn: this.deps.arns.ecs(`service-revision/${service.cluster}/${service.name}/${deploymentNumber()}`),
      taskDefinitionArn: service.taskDefinitionArn,
      capacityProviderStrategy: service.capacityProviderStrategy,
      launchType: service.launchType,
      containerImages: containers.map(({ name, image }) => ({ containerName: name, image })),
      configuration: service.configuration,
      targets: targetsFor(service.configuration, service.deploymentConfiguration, serving),
      createdAt: this.now(),
    };
  }

  private record(
    service: Service,
    revision: ServiceRevision,
    base: Deployment | undefined,
  ): ServiceDeployment {
    const now = this.now();
    const { deploymentConfiguration, desiredCount } = service;
    const breaker = deploymentConfiguration.deploymentCircuitBreaker;
    const alarms = alarmsAtStart(deploymentConfiguration, this.deps.alarms);
    return {
      arn: this.deps.arns.ecs(`service-deployment/${service.cluster}/${service.name}/${deploymentToken()}`),
      status: "IN_PROGRESS",
      sourceRevisionArns: [...new Set(service.deployments.map(({ revisionArn }) => revisionArn))],
      targetRevisionArn: revision.arn,
      ...(base === undefined ? {} : { baseRevisionArn: base.revisionArn }),
      deploymentConfiguration,
      circuitBreaker: {
        status: breaker.enable ? "MONITORING" : "DISABLED",
        failureCount: 0,
        threshold: failureThreshold(breaker, desiredCount),
      },
      ...(alarms === undefined ? {} : { alarms }),
      createdAt: now,
      startedAt: now,
      updatedAt: now,
    };
  }

  /** Makes a deployment, new or not, the one that the service is to have. */
  private open(service: Service, record: ServiceDeployment, deployment: Deployment): void {
    service.deployments = [deployment, ...service.deployments.filter((one) => one !== deployment)];
    for (const one of service.deployments) one.status = one === deployment ? "PRIMARY" : "ACTIVE";
    deployment.serviceDeploymentArn = record.arn;
    service.steady = false;
    this.emit(service, "SERVICE_DEPLOYMENT_IN_PROGRESS", deployment);
  }

  /** The deployment has what it was to have, and nothing of the former ones is left. */
  complete(service: Service, deployment: Deployment): void {
    this.move(deployment, "COMPLETED", `ECS deployment ${deployment.id} completed.`);
    service.lastCompleted = { revisionArn: deployment.revisionArn, deploymentId: deployment.id };
    const record = recordOf(service, deployment);
    if (record !== undefined) {
      const rolledBack = record.rollback !== undefined;
      for (const monitor of rolledBack ? [] : [record.circuitBreaker, record.alarms])
        if (monitor?.status === "MONITORING") monitor.status = "MONITORING_COMPLETE";
      this.finish(record, rolledBack ? "ROLLBACK_SUCCESSFUL" : "SUCCESSFUL", record.statusReason);
    }
    this.note(service, `(deployment ${deployment.id}) deployment completed.`);
    this.emit(service, "SERVICE_DEPLOYMENT_COMPLETED", deployment);
  }

  /**
   * The circuit breaker has tripped, an alarm went off, or a hook said no. With a rollback the service goes back to the last
   * revision that completed, within the same service deployment; else it stays as it is, and no more tasks are started.
   */
  fail(service: Service, deployment: Deployment, failure: Failure): void {
    this.move(deployment, "FAILED", `${failure.name}: ${failure.event}.`);
    this.note(service, `(deployment ${deployment.id}) deployment failed: ${failure.event}.`);
    this.emit(service, "SERVICE_DEPLOYMENT_FAILED", deployment);
    const record = recordOf(service, deployment);
    if (record === undefined) return;
    const tripped = failure.name === "ECS deployment circuit breaker";
    if (tripped) record.circuitBreaker.status = "TRIGGERED";
    if (record.rollback !== undefined) {
      this.finish(record, "ROLLBACK_FAILED", `Service deployment rollback failed: ${failure.event}.`);
    } else if (!failure.rollback || !this.rollBack(service, record, failure)) {
      this.finish(record, "STOPPED", `Service deployment stopped because ${failure.cause}.`);
    }
  }

  /**
   * Goes back to the last revision that completed. Where its deployment still has tasks, it goes on with them.
   * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
   *
   * @returns false when there is nothing to go back to.
   */
  rollBack(
    service: Service,
    record: ServiceDeployment,
    { name, cause }: Pick<Failure, "name" | "cause">,
  ): boolean {
    const last = service.lastCompleted;
    const revision = service.revisions.find(({ arn }) => arn === last?.revisionArn);
    if (last === undefined || revision === undefined || revision.arn === record.targetRevisionArn)
      return false;
    const now = this.now();
    const reason = `Service deployment rolled back because ${cause}.`;
    record.status = "ROLLBACK_IN_PROGRESS";
    record.statusReason = reason;
    record.rollback = { reason, startedAt: now, serviceRevisionArn: revision.arn };
    record.baseRevisionArn = revision.arn;
    record.updatedAt = now;
    service.taskDefinitionArn = revision.taskDefinitionArn;
    service.capacityProviderStrategy = revision.capacityProviderStrategy;
    service.launchType = revision.launchType;
    service.configuration = revision.configuration;
    this.note(service, `rolling back to deployment ${last.deploymentId}.`);
    const known = service.deployments.find(({ revisionArn }) => revisionArn === revision.arn);
    this.open(service, record, {
      ...(known ?? { id: `ecs-svc/${deploymentNumber()}`, createdAt: now }),
      status: "PRIMARY",
      taskDefinitionArn: revision.taskDefinitionArn,
      revisionArn: revision.arn,
      serviceDeploymentArn: record.arn,
      rolloutState: "IN_PROGRESS",
      rolloutStateReason: `${name}: rolling back to deploymentId ${last.deploymentId}.`,
      failedTasks: 0,
      pausedUntil: 0,
      updatedAt: now,
    });
    if (known !== undefined) service.deployments = service.deployments.filter((one) => one !== known);
    const shifted = {
      test: (record.weights?.test[record.targetRevisionArn] ?? 0) > 0,
      production: (record.weights?.production[record.targetRevisionArn] ?? 0) > 0,
    };
    this.deps.stages.begin(service, record, courseBack(shifted));
    return true;
  }

  /** StopServiceDeployment with ABORT: the deployment ends where it is. */
  abort(service: Service, record: ServiceDeployment): void {
    this.finish(record, "STOPPED", "Service deployment stopped because it was requested.");
    const deployment = service.deployments.find(({ status }) => status === "PRIMARY");
    if (deployment?.serviceDeploymentArn !== record.arn) return;
    this.move(deployment, "FAILED", `ECS deployment ${deployment.id} stopped.`);
    this.emit(service, "SERVICE_DEPLOYMENT_FAILED", deployment);
  }

  private move(deployment: Deployment, state: Deployment["rolloutState"], reason: string): void {
    deployment.rolloutState = state;
    deployment.rolloutStateReason = reason;
    deployment.updatedAt = this.now();
  }

  private finish(
    record: ServiceDeployment,
    status: ServiceDeployment["status"],
    reason: string | undefined,
  ): void {
    const now = this.now();
    record.status = status;
    record.statusReason = reason;
    record.updatedAt = now;
    record.finishedAt = now;
    if (status === "STOPPED") record.stoppedAt = now;
    if (record.lifecycle !== undefined) record.lifecycle.hooks = [];
  }

  private emit(
    service: Service,
    name: Parameters<typeof deploymentStateChange>[1],
    deployment: Deployment,
  ): void {
    const { id, rolloutStateReason } = deployment;
    this.deps.context.emit(deploymentStateChange(service, name, id, rolloutStateReason, this.now()));
  }
}

/** The deployment that serves while another one comes up: the last that completed, or the one that was on its way. */
function baseOf(service: Service): Deployment | undefined {
  const last = service.lastCompleted?.revisionArn;
  return (
    service.deployments.find(({ revisionArn }) => revisionArn === last) ??
    service.deployments.find(({ rolloutState }) => rolloutState !== "FAILED")
  );
}
