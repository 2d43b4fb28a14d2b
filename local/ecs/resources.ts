import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import {
  type ApplyResource,
  AwsError,
  type Caller,
  type Operation,
  type TemplateResource,
} from "../service.ts";
import { lastPart } from "./arns.ts";
import type { Ecs } from "./ecs.ts";
import { parse } from "./input.ts";
import { createService, updateService } from "./operations/services.ts";
import { definitionOfRequest, registerDefinition } from "./operations/task-definitions.ts";
import { apiInput, definitionInput, recordOf } from "./template-input.ts";

const nameSchema = z.string().min(1);

/**
 * The ECS resources of a CloudFormation template. Applying one again changes what its properties say and nothing else. A
 * service's resource does not wait for its tasks, other than on AWS.
 */
export function ecsResources(
  ecs: Ecs,
  operations: Readonly<Record<string, Operation>>,
): Record<string, ApplyResource> {
  const { state } = ecs;
  const caller: Caller = {
    arn: `arn:aws:iam::${ecs.context.accountId}:role/cloudformation`,
    accountId: ecs.context.accountId,
    userId: "AIDALOCAL",
  };

  async function call(operation: string, input: Record<string, unknown>): Promise<unknown> {
    const perform = operations[operation];
    if (perform === undefined) throw new Error(`ECS has no operation ${operation}`);
    return perform(input, caller);
  }

  const nameOf = ({ logicalId, properties }: TemplateResource, property: string): string =>
    parse(nameSchema, properties[property] ?? logicalId);

  return {
    "AWS::ECS::Cluster": async (resource) => {
      const clusterName = nameOf(resource, "ClusterName");
      const input = recordOf(apiInput(resource.properties));
      await call("CreateCluster", { ...input, settings: input.clusterSettings, clusterName });
      return { ref: clusterName, attributes: { Arn: state.cluster(clusterName).arn } };
    },

    "AWS::ECS::CapacityProvider": async (resource) => {
      const name = nameOf(resource, "Name");
      const input = recordOf(apiInput(resource.properties));
      const wanted = recordOf(input.autoScalingGroupProvider).autoScalingGroupArn;
      const known = state.capacityProviders.get(name);
      const same =
        known !== undefined &&
        (typeof wanted === "string"
          ? lastPart(known.autoScalingGroupArn ?? "") === lastPart(wanted)
          : isDeepStrictEqual(known.managedInstancesProvider, input.managedInstancesProvider));
      if (!same) await call("CreateCapacityProvider", { ...input, cluster: input.clusterName, name });
      return { ref: name, attributes: {} };
    },

    "AWS::ECS::ClusterCapacityProviderAssociations": async ({ properties }) => {
      const input = recordOf(apiInput(properties));
      await call("PutClusterCapacityProviders", input);
      return { ref: parse(nameSchema, input.cluster), attributes: {} };
    },

    "AWS::ECS::TaskDefinition": async (resource) => {
      const input = { ...definitionInput(resource.properties), family: nameOf(resource, "Family") };
      const newest = state.definitions.get(input.family)?.findLast(({ status }) => status === "ACTIVE");
      const wanted = definitionOfRequest(input);
      const same =
        newest !== undefined &&
        Object.entries(wanted).every(([key, value]) => isDeepStrictEqual(value, recordOf(newest)[key]));
      const definition = same ? newest : await registerDefinition(ecs, input, caller);
      return { ref: definition.arn, attributes: { TaskDefinitionArn: definition.arn } };
    },

    "AWS::ECS::Service": async (resource) => {
      const serviceName = nameOf(resource, "ServiceName");
      const input = recordOf(apiInput(resource.properties));
      const cluster = state.cluster(typeof input.cluster === "string" ? input.cluster : undefined);
      const known = state.service(cluster, serviceName);
      const service =
        known?.status === "ACTIVE"
          ? await updateService(ecs, { ...input, service: serviceName })
          : await createService(ecs, { desiredCount: 1, ...input, serviceName }, caller.arn);
      if (service.name !== serviceName)
        throw new AwsError("InvalidParameterException", "The service's name changed.");
      return { ref: service.arn, attributes: { Name: service.name, ServiceArn: service.arn } };
    },
  };
}
