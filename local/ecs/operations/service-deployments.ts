import { z } from "zod";
import { AwsError, type Operation } from "../../service.ts";
import { present, seconds } from "../describe.ts";
import { describeServiceDeployment, resolvedConfiguration } from "../describe-deployment.ts";
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

const continueSchema = z.object({
  serviceDeploymentArn: z.string(),
  hookId: z.string(),
  action: z.enum(["CONTINUE", "ROLLBACK"]).default("CONTINUE"),
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

  /** @throws AwsError ServiceDeploymentNotFoundException, ConflictException for one that has ended */
  function ongoing(
    arn: string,
    verb: string,
  ): { readonly service: Service; readonly record: ServiceDeployment } {
    const found = recordOf(arn);
    if (found === undefined)
      throw new AwsError("ServiceDeploymentNotFoundException", "The service deployment was not found.");
    if (currentDeployment(found.service) !== found.record) {
      throw new AwsError(
        "ConflictException",
        `Cannot ${verb} the service deployment: its status is ${found.record.status}. Only one that is in progress can be ${verb === "stop" ? "stopped" : "continued"}.`,
      );
    }
    return found;
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
        serviceDeployments: found.flatMap(({ record }) =>
          record === undefined ? [] : [describeServiceDeployment(state, record.service, record.record)],
        ),
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
                  resolvedConfiguration: resolvedConfiguration(revision),
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
      const { service, record } = ongoing(wanted.serviceDeploymentArn, "stop");
      // What is asked for is done when the scheduler looks at the service next. A rollback that goes on is none to stop.
      if (wanted.stopType === "ABORT") record.status = "STOP_REQUESTED";
      else if (record.rollback === undefined) record.status = "ROLLBACK_REQUESTED";
      record.updatedAt = ecs.context.now();
      ecs.scheduler.kick(service);
      await store.save();
      return { serviceDeploymentArn: record.arn };
    },

    ContinueServiceDeployment: async (input) => {
      const wanted = parse(continueSchema, input);
      const { service, record } = ongoing(wanted.serviceDeploymentArn, "continue");
      const execution = record.lifecycle?.hooks.find(({ hookId }) => hookId === wanted.hookId);
      if (execution === undefined || execution.status !== "AWAITING_ACTION") {
        throw new AwsError(
          "InvalidParameterException",
          `The hook ${wanted.hookId} does not wait for an action${execution === undefined ? "" : `: its status is ${execution.status}`}. The hooks that do are in lifecycleHookDetails of DescribeServiceDeployments.`,
        );
      }
      ecs.hooks.answer(service, record, execution, wanted.action);
      await store.save();
      return { serviceDeploymentArn: record.arn };
    },
  };
}
