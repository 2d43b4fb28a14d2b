import { z } from "zod";
import { AwsError, type Operation } from "../../service.ts";
import { deploymentTasks } from "../counts.ts";
import { present, seconds } from "../describe.ts";
import type { Ecs } from "../ecs.ts";
import { page, pageSchema, parse } from "../input.ts";
import { currentDeployment } from "../service-records.ts";
import { type Service, type ServiceDeployment, serviceDeploymentStatuses } from "../types.ts";
import { findService } from "./services.ts";

const arnsSchema = z.array(z.string()).min(1).max(20, "At most 20 ARNs can be described at once.");
const listSchema = pageSchema.extend({
  service: z.string(),
  cluster: z.string().optional(),
  status: z.array(z.enum(serviceDeploymentStatuses)).optional(),
  createdAt: z.object({ before: z.number().optional(), after: z.number().optional() }).optional(),
});

const date = (milliseconds: number | undefined): number | undefined =>
  milliseconds === undefined ? undefined : seconds(milliseconds);

export function serviceDeploymentOperations(ecs: Ecs): Record<string, Operation> {
  const { state, store } = ecs;

  /** The service whose name an ARN of a service deployment or revision carries: `…/CLUSTER/SERVICE/ID`. */
  function serviceOf(arn: string): Service | undefined {
    const [, cluster, service] = arn.split("/");
    return state.services.get(ecs.arns.ecs(`service/${cluster ?? ""}/${service ?? ""}`));
  }

  function recordOf(
    arn: string,
  ): { readonly service: Service; readonly record: ServiceDeployment } | undefined {
    const service = serviceOf(arn);
    const record = service?.serviceDeployments.find((one) => one.arn === arn);
    return service === undefined || record === undefined ? undefined : { service, record };
  }

  function revisionSummary(service: Service, revisionArn: string): Record<string, unknown> {
    const tasks = [...state.tasksOfService(service.arn)];
    const deployments = service.deployments.filter((one) => one.revisionArn === revisionArn);
    const counts = deployments.map(({ id }) => deploymentTasks(tasks, id));
    return {
      arn: revisionArn,
      requestedTaskCount: deployments.some(({ status }) => status === "PRIMARY") ? service.desiredCount : 0,
      runningTaskCount: counts.reduce((sum, { running }) => sum + running, 0),
      pendingTaskCount: counts.reduce((sum, { pending }) => sum + pending, 0),
    };
  }

  function describe({
    service,
    record,
  }: {
    service: Service;
    record: ServiceDeployment;
  }): Record<string, unknown> {
    const { alarms } = record.deploymentConfiguration;
    return present({
      serviceDeploymentArn: record.arn,
      serviceArn: service.arn,
      clusterArn: state.cluster(service.cluster).arn,
      createdAt: date(record.createdAt),
      startedAt: date(record.startedAt),
      finishedAt: date(record.finishedAt),
      stoppedAt: date(record.stoppedAt),
      updatedAt: date(record.updatedAt),
      sourceServiceRevisions: record.sourceRevisionArns.map((arn) => revisionSummary(service, arn)),
      targetServiceRevision: revisionSummary(service, record.targetRevisionArn),
      status: record.status,
      statusReason: record.statusReason,
      deploymentConfiguration: record.deploymentConfiguration,
      rollback:
        record.rollback === undefined
          ? undefined
          : { ...record.rollback, startedAt: date(record.rollback.startedAt) },
      deploymentCircuitBreaker: record.circuitBreaker,
      alarms:
        alarms === undefined
          ? { status: "DISABLED" }
          : { status: alarms.enable ? "MONITORING" : "DISABLED", alarmNames: alarms.alarmNames },
    });
  }

  return {
    ListServiceDeployments: async (input) => {
      const wanted = parse(listSchema, input);
      const service = findService(ecs, state.cluster(wanted.cluster), wanted.service);
      const { before = Number.POSITIVE_INFINITY, after = 0 } = wanted.createdAt ?? {};
      const matching = service.serviceDeployments.filter(
        ({ status, createdAt }) =>
          (wanted.status?.includes(status) ?? true) &&
          seconds(createdAt) <= before &&
          seconds(createdAt) >= after,
      );
      const { items, ...rest } = page(matching, wanted.nextToken, wanted.maxResults ?? 20);
      const serviceDeployments = items.map((record) =>
        present({
          serviceDeploymentArn: record.arn,
          serviceArn: service.arn,
          clusterArn: state.cluster(service.cluster).arn,
          createdAt: date(record.createdAt),
          startedAt: date(record.startedAt),
          finishedAt: date(record.finishedAt),
          targetServiceRevisionArn: record.targetRevisionArn,
          status: record.status,
          statusReason: record.statusReason,
        }),
      );
      return { serviceDeployments, ...rest };
    },

    DescribeServiceDeployments: async (input) => {
      const { serviceDeploymentArns } = parse(z.object({ serviceDeploymentArns: arnsSchema }), input);
      const found = serviceDeploymentArns.map((arn) => ({ arn, record: recordOf(arn) }));
      return {
        serviceDeployments: found.flatMap(({ record }) => (record === undefined ? [] : [describe(record)])),
        failures: found
          .filter(({ record }) => record === undefined)
          .map(({ arn }) => ({ arn, reason: "MISSING" })),
      };
    },

    DescribeServiceRevisions: async (input) => {
      const { serviceRevisionArns } = parse(z.object({ serviceRevisionArns: arnsSchema }), input);
      const found = serviceRevisionArns.map((arn) => {
        const service = serviceOf(arn);
        const revision = service?.revisions.find((one) => one.arn === arn);
        return service === undefined || revision === undefined ? { arn } : { arn, service, revision };
      });
      return {
        serviceRevisions: found.flatMap(({ service, revision }) =>
          service === undefined || revision === undefined
            ? []
            : [
                present({
                  ...revision.configuration,
                  serviceRevisionArn: revision.arn,
                  serviceArn: service.arn,
                  clusterArn: state.cluster(service.cluster).arn,
                  taskDefinition: revision.taskDefinitionArn,
                  capacityProviderStrategy:
                    revision.capacityProviderStrategy.length > 0
                      ? revision.capacityProviderStrategy
                      : undefined,
                  launchType: revision.launchType,
                  containerImages: revision.containerImages.map(present),
                  guardDutyEnabled: false,
                  createdAt: date(revision.createdAt),
                }),
              ],
        ),
        failures: found
          .filter(({ revision }) => revision === undefined)
          .map(({ arn }) => ({ arn, reason: "MISSING" })),
      };
    },

    StopServiceDeployment: async (input) => {
      const wanted = parse(
        z.object({
          serviceDeploymentArn: z.string(),
          stopType: z.enum(["ROLLBACK", "ABORT"]).default("ROLLBACK"),
        }),
        input,
      );
      const found = recordOf(wanted.serviceDeploymentArn);
      if (found === undefined) {
        throw new AwsError("ServiceDeploymentNotFoundException", "The service deployment was not found.");
      }
      const { service, record } = found;
      if (currentDeployment(service) !== record) {
        throw new AwsError(
          "ConflictException",
          `Cannot stop the service deployment: its status is ${record.status}. Only one that is in progress can be stopped.`,
        );
      }
      if (wanted.stopType === "ABORT") ecs.rollout.abort(service, record);
      else if (
        record.rollback === undefined &&
        !ecs.rollout.rollBack(service, record, "ECS deployment stopped")
      ) {
        ecs.rollout.abort(service, record);
      }
      ecs.scheduler.kick(service);
      await store.save();
      return { serviceDeploymentArn: record.arn };
    },
  };
}
