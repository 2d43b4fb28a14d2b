import { z } from "zod";
import { AwsError, type LocalService, type Operation } from "../service.ts";
import { instanceTypeOf, zoneOf } from "./auto-scaling.ts";
import type { Ecs } from "./ecs.ts";
import { page } from "./input.ts";
import type { AutoScalingGroup } from "./types.ts";

const schema = z.object({
  AutoScalingGroupNames: z.array(z.string()).optional(),
  MaxRecords: z.coerce.number().int().min(1).max(100).default(50),
  NextToken: z.string().optional(),
});

/**
 * Auto Scaling, as far as it says what stands behind a capacity provider.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
 */
export function autoScalingApi(ecs: Ecs): LocalService {
  const describe: Operation = async (input) => {
    const parsed = schema.safeParse(input);
    if (!parsed.success) throw new AwsError("ValidationError", parsed.error.issues[0]?.message ?? "invalid");
    const { AutoScalingGroupNames: names, MaxRecords, NextToken } = parsed.data;
    // A group that does not exist is left out without an error.
    const groups = [...ecs.state.autoScalingGroups.values()].filter(
      ({ name }) => names?.includes(name) ?? true,
    );
    const { items, nextToken } = page(groups, NextToken, MaxRecords);
    return { AutoScalingGroups: items.map((group) => describeGroup(ecs, group)), NextToken: nextToken };
  };
  return {
    query: { version: "2011-01-01", namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/" },
    operations: { DescribeAutoScalingGroups: describe },
    close: async () => {},
  };
}

function describeGroup(ecs: Ecs, group: AutoScalingGroup): Record<string, unknown> {
  const template = ecs.state.launchTemplates.get(group.launchTemplateId);
  const specification = {
    LaunchTemplateId: group.launchTemplateId,
    LaunchTemplateName: template?.name,
    Version: "$Default",
  };
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: group.arn,
    ...(group.instanceTypes.length === 0
      ? { LaunchTemplate: specification }
      : {
          MixedInstancesPolicy: {
            LaunchTemplate: {
              LaunchTemplateSpecification: specification,
              Overrides: group.instanceTypes.map((InstanceType) => ({ InstanceType })),
            },
          },
        }),
    MinSize: group.minSize,
    MaxSize: group.maxSize ?? group.desiredCapacity,
    DesiredCapacity: group.desiredCapacity,
    DefaultCooldown: 300,
    AvailabilityZones: group.availabilityZones,
    HealthCheckType: "EC2",
    HealthCheckGracePeriod: 0,
    Instances: group.instanceIds.map((InstanceId, index) => ({
      InstanceId,
      InstanceType: instanceTypeOf(group, template, index),
      AvailabilityZone: zoneOf(group, index),
      LifecycleState: "InService",
      HealthStatus: "Healthy",
      ProtectedFromScaleIn: false,
    })),
    CreatedTime: new Date(group.createdAt),
  };
}
