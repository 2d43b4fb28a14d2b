import { deploymentTasks } from "./counts.ts";
import { present, seconds } from "./describe.ts";
import type { EcsState } from "./state.ts";
import type { HookExecution } from "./strategies/lifecycle.ts";
import { positionOf, requestedCount } from "./strategies/progress.ts";
import type { Service, ServiceDeployment, ServiceRevision } from "./types.ts";

const date = (milliseconds: number | undefined): number | undefined =>
  milliseconds === undefined ? undefined : seconds(milliseconds);

/**
 * A revision of a service deployment, with its tasks and its share of the traffic (where ECS shifts any).
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevisionSummary.html
 */
function revisionSummary(
  state: EcsState,
  service: Service,
  record: ServiceDeployment,
  revisionArn: string,
): Record<string, unknown> {
  const tasks = [...state.tasksOfService(service.arn)];
  const deployments = service.deployments.filter((one) => one.revisionArn === revisionArn);
  const counts = deployments.map(({ id }) => deploymentTasks(tasks, id));
  const current = service.serviceDeployments.find(
    ({ arn }) => arn === service.deployments[0]?.serviceDeploymentArn,
  );
  return present({
    arn: revisionArn,
    requestedTaskCount: deployments.reduce((sum, one) => sum + requestedCount(service, one, current), 0),
    runningTaskCount: counts.reduce((sum, { running }) => sum + running, 0),
    pendingTaskCount: counts.reduce((sum, { pending }) => sum + pending, 0),
    requestedTestTrafficWeight:
      record.weights === undefined ? undefined : (record.weights.test[revisionArn] ?? 0),
    requestedProductionTrafficWeight:
      record.weights === undefined ? undefined : (record.weights.production[revisionArn] ?? 0),
  });
}

const hookDetail = (hook: HookExecution): Record<string, unknown> =>
  present({
    hookId: hook.hookId,
    targetType: hook.targetType,
    targetArn: hook.targetArn,
    status: hook.status,
    expiresAt: seconds(hook.expiresAt),
    timeoutAction: hook.timeoutAction,
  });

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html */
export function describeServiceDeployment(
  state: EcsState,
  service: Service,
  record: ServiceDeployment,
): Record<string, unknown> {
  const { alarms, rollback } = record;
  const summary = (arn: string): Record<string, unknown> => revisionSummary(state, service, record, arn);
  return present({
    serviceDeploymentArn: record.arn,
    serviceArn: service.arn,
    clusterArn: state.cluster(service.cluster).arn,
    createdAt: date(record.createdAt),
    startedAt: date(record.startedAt),
    finishedAt: date(record.finishedAt),
    stoppedAt: date(record.stoppedAt),
    updatedAt: date(record.updatedAt),
    sourceServiceRevisions: record.sourceRevisionArns.map(summary),
    targetServiceRevision: summary(record.targetRevisionArn),
    status: record.status,
    statusReason: record.statusReason,
    lifecycleStage: positionOf(record).stage,
    lifecycleHookDetails: (record.lifecycle?.hooks ?? []).map(hookDetail),
    deploymentConfiguration: record.deploymentConfiguration,
    rollback: rollback === undefined ? undefined : { ...rollback, startedAt: date(rollback.startedAt) },
    deploymentCircuitBreaker: record.circuitBreaker,
    alarms:
      alarms === undefined
        ? { status: "DISABLED" }
        : { status: alarms.status, alarmNames: alarms.names, triggeredAlarmNames: alarms.triggered },
  });
}

/** Which target groups and listener rules a revision uses. */
export function resolvedConfiguration({ targets }: ServiceRevision): unknown {
  if (targets.length === 0) return undefined;
  return {
    loadBalancers: targets.map(({ targetGroupArn, productionListenerRule }) =>
      present({ targetGroupArn, productionListenerRule }),
    ),
  };
}
