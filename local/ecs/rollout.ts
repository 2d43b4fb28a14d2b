import type { LocalContext } from "../service.ts";
import { type Arns, deploymentNumber, deploymentToken, hexId } from "./arns.ts";
import { failureThreshold } from "./circuit-breaker.ts";
import { deploymentStateChange } from "./events.ts";
import { currentDeployment, recordOf } from "./service-records.ts";
import type {
  ContainerDefinition,
  Deployment,
  Service,
  ServiceDeployment,
  ServiceRevision,
} from "./types.ts";

const keptEvents = 100;
const keptServiceDeployments = 100;

/**
 * The life of a service's deployments: begun, completed, failed, rolled back, stopped. Every step changes the service and
 * emits the documented events; when a step is due is for `reconcile.ts`.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
 */
export class Rollout {
  private readonly context: LocalContext;
  private readonly arns: Arns;

  constructor(context: LocalContext, arns: Arns) {
    this.context = context;
    this.arns = arns;
  }

  /** Adds a line to the service's events, the newest first; the same line twice in a row is said once. */
  note(service: Service, message: string): boolean {
    const text = `(service ${service.name}) ${message}`;
    if (service.events[0]?.message === text) return false;
    service.events.unshift({ id: eventId(), createdAt: this.context.now(), message: text });
    service.events.length = Math.min(service.events.length, keptEvents);
    return true;
  }

  /** Starts a new deployment of what the service is configured to be now; one in progress is stopped by it. */
  begin(service: Service, containers: readonly ContainerDefinition[]): void {
    const now = this.context.now();
    const running = currentDeployment(service);
    if (running !== undefined) {
      this.finish(running, "STOPPED", "Service deployment stopped because a new deployment was started.");
    }
    const revision: ServiceRevision = {
      arn: this.arns.ecs(`service-revision/${service.cluster}/${service.name}/${deploymentNumber()}`),
      taskDefinitionArn: service.taskDefinitionArn,
      capacityProviderStrategy: service.capacityProviderStrategy,
      launchType: service.launchType,
      containerImages: containers.map(({ name, image }) => ({ containerName: name, image })),
      configuration: service.configuration,
      createdAt: now,
    };
    const sources = service.deployments.map(({ revisionArn }) => revisionArn);
    const breaker = service.deploymentConfiguration.deploymentCircuitBreaker;
    const serviceDeployment: ServiceDeployment = {
      arn: this.arns.ecs(`service-deployment/${service.cluster}/${service.name}/${deploymentToken()}`),
      status: "IN_PROGRESS",
      sourceRevisionArns: [...new Set(sources)],
      targetRevisionArn: revision.arn,
      deploymentConfiguration: service.deploymentConfiguration,
      circuitBreaker: {
        status: breaker.enable ? "MONITORING" : "DISABLED",
        failureCount: 0,
        threshold: failureThreshold(breaker, service.desiredCount),
      },
      createdAt: now,
      startedAt: now,
      updatedAt: now,
    };
    service.revisions.unshift(revision);
    service.serviceDeployments.unshift(serviceDeployment);
    this.forget(service);
    this.open(service, revision, serviceDeployment.arn, (id) => `ECS deployment ${id} in progress.`);
  }

  private open(
    service: Service,
    revision: ServiceRevision,
    serviceDeploymentArn: string,
    reasonOf: (id: string) => string,
  ): void {
    const now = this.context.now();
    const id = `ecs-svc/${deploymentNumber()}`;
    for (const former of service.deployments) former.status = "ACTIVE";
    const deployment: Deployment = {
      id,
      status: "PRIMARY",
      taskDefinitionArn: revision.taskDefinitionArn,
      revisionArn: revision.arn,
      serviceDeploymentArn,
      rolloutState: "IN_PROGRESS",
      rolloutStateReason: reasonOf(id),
      failedTasks: 0,
      pausedUntil: 0,
      createdAt: now,
      updatedAt: now,
    };
    service.deployments.unshift(deployment);
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
      if (!rolledBack && record.circuitBreaker.status === "MONITORING") {
        record.circuitBreaker.status = "MONITORING_COMPLETE";
      }
      this.finish(record, rolledBack ? "ROLLBACK_SUCCESSFUL" : "SUCCESSFUL", record.statusReason);
    }
    this.note(service, `(deployment ${deployment.id}) deployment completed.`);
    this.emit(service, "SERVICE_DEPLOYMENT_COMPLETED", deployment);
  }

  /**
   * The circuit breaker has tripped. With `rollback`, the service goes back to the last revision that completed, within the
   * same service deployment; else it stays as it is, and no more tasks are started.
   */
  fail(service: Service, deployment: Deployment): void {
    const reason = "ECS deployment circuit breaker: tasks failed to start.";
    this.move(deployment, "FAILED", reason);
    this.note(service, `(deployment ${deployment.id}) deployment failed: tasks failed to start.`);
    this.emit(service, "SERVICE_DEPLOYMENT_FAILED", deployment);
    const record = recordOf(service, deployment);
    if (record === undefined) return;
    record.circuitBreaker.status = "TRIGGERED";
    const { rollback } = service.deploymentConfiguration.deploymentCircuitBreaker;
    if (record.rollback !== undefined) {
      this.finish(record, "ROLLBACK_FAILED", "Service deployment rollback failed: tasks failed to start.");
    } else if (!rollback || !this.rollBack(service, record, "ECS deployment circuit breaker")) {
      this.finish(
        record,
        "STOPPED",
        "Service deployment stopped because the circuit breaker threshold was exceeded.",
      );
    }
  }

  /**
   * Goes back to the last revision that completed.
   *
   * @param cause what the rollout state's reason begins with.
   * @returns false when there is nothing to go back to.
   */
  rollBack(service: Service, record: ServiceDeployment, cause: string): boolean {
    const last = service.lastCompleted;
    const revision = service.revisions.find(({ arn }) => arn === last?.revisionArn);
    if (last === undefined || revision === undefined || revision.arn === record.targetRevisionArn)
      return false;
    const now = this.context.now();
    const reason =
      cause === "ECS deployment circuit breaker"
        ? "Service deployment rolled back because the circuit breaker threshold was exceeded."
        : "Service deployment rolled back because it was requested.";
    record.status = "ROLLBACK_IN_PROGRESS";
    record.statusReason = reason;
    record.rollback = { reason, startedAt: now, serviceRevisionArn: revision.arn };
    record.updatedAt = now;
    service.taskDefinitionArn = revision.taskDefinitionArn;
    service.capacityProviderStrategy = revision.capacityProviderStrategy;
    service.configuration = revision.configuration;
    this.note(service, `rolling back to deployment ${last.deploymentId}.`);
    this.open(
      service,
      revision,
      record.arn,
      () => `${cause}: rolling back to deploymentId ${last.deploymentId}.`,
    );
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
    deployment.updatedAt = this.context.now();
  }

  private finish(
    record: ServiceDeployment,
    status: ServiceDeployment["status"],
    reason: string | undefined,
  ): void {
    const now = this.context.now();
    record.status = status;
    record.statusReason = reason;
    record.updatedAt = now;
    record.finishedAt = now;
    if (status === "STOPPED") record.stoppedAt = now;
  }

  private emit(
    service: Service,
    name: Parameters<typeof deploymentStateChange>[1],
    deployment: Deployment,
  ): void {
    const { id, rolloutStateReason } = deployment;
    this.context.emit(deploymentStateChange(service, name, id, rolloutStateReason, this.context.now()));
  }

  /** Keeps the newest service deployments, and the revisions that something still refers to. */
  private forget(service: Service): void {
    service.serviceDeployments.length = Math.min(service.serviceDeployments.length, keptServiceDeployments);
    const needed = new Set([
      ...service.serviceDeployments.flatMap((one) => [one.targetRevisionArn, ...one.sourceRevisionArns]),
      ...service.deployments.map(({ revisionArn }) => revisionArn),
      service.lastCompleted?.revisionArn,
    ]);
    service.revisions = service.revisions.filter(({ arn }) => needed.has(arn));
  }
}

/** As a UUID. */
function eventId(): string {
  const id = hexId();
  return [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20)].join("-");
}
