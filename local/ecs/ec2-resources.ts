import { createHash } from "node:crypto";
import { z } from "zod";
import type { ApplyResource } from "../service.ts";
import { scaleGroup } from "./auto-scaling.ts";
import type { Ecs } from "./ecs.ts";
import { parse } from "./input.ts";
import { matchingTypes } from "./instance-requirements.ts";
import type { AutoScalingGroup, LaunchTemplate } from "./types.ts";

const templateSchema = z.looseObject({
  LaunchTemplateName: z.string().optional(),
  LaunchTemplateData: z.looseObject({
    InstanceType: z.string().optional(),
    InstanceRequirements: z
      .looseObject({
        CpuManufacturers: z.array(z.enum(["intel", "amd", "amazon-web-services"])).optional(),
        AllowedInstanceTypes: z.array(z.string()).optional(),
      })
      .optional(),
    ImageId: z.string().default("ami-00000000"),
    UserData: z.string().default(""),
  }),
});
const specificationSchema = z.looseObject({
  LaunchTemplateId: z.string().optional(),
  LaunchTemplateName: z.string().optional(),
});
const groupSchema = z.looseObject({
  AutoScalingGroupName: z.string().optional(),
  DesiredCapacity: z.coerce.number().int().min(0).optional(),
  MinSize: z.coerce.number().int().min(0).default(0),
  AvailabilityZones: z.array(z.string()).optional(),
  MaxSize: z.coerce.number().int().min(0).optional(),
  LaunchTemplate: specificationSchema.optional(),
  MixedInstancesPolicy: z
    .looseObject({
      LaunchTemplate: z.looseObject({
        LaunchTemplateSpecification: specificationSchema,
        Overrides: z.array(z.looseObject({ InstanceType: z.string().optional() })).default([]),
      }),
    })
    .optional(),
});

/** A template names its instance type, or what it requires of one: the smallest that meets that is then started. */
function typeOf(
  data: z.infer<typeof templateSchema>["LaunchTemplateData"],
): Pick<LaunchTemplate, "instanceType" | "instanceRequirements"> {
  const { InstanceType, InstanceRequirements: required } = data;
  if (required === undefined) return { instanceType: InstanceType ?? "t3.small" };
  const { CpuManufacturers: cpuManufacturers, AllowedInstanceTypes: allowedInstanceTypes } = required;
  const [smallest] = matchingTypes({ cpuManufacturers, allowedInstanceTypes });
  return {
    instanceType: smallest ?? "t3.small",
    instanceRequirements: {
      cpuManufacturerSet: cpuManufacturers ?? [],
      allowedInstanceTypeSet: allowedInstanceTypes ?? [],
    },
  };
}

/**
 * The little of EC2 and Auto Scaling that gives a cluster its hosts: a group's instances are there as soon as it is, and
 * register with the cluster that the launch template's user data names. Nothing scales by itself.
 */
export function ec2Resources(ecs: Ecs): Record<string, ApplyResource> {
  const { state, store } = ecs;

  const templateId = (name: string): string =>
    `lt-0${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;

  return {
    "AWS::EC2::LaunchTemplate": async ({ logicalId, properties }) => {
      const { LaunchTemplateName: name = logicalId, LaunchTemplateData: data } = parse(
        templateSchema,
        properties,
      );
      const id = templateId(name);
      state.launchTemplates.set(id, {
        id,
        name,
        ...typeOf(data),
        imageId: data.ImageId,
        userData: Buffer.from(data.UserData, "base64").toString(),
        createdAt: state.launchTemplates.get(id)?.createdAt ?? ecs.context.now(),
      });
      await store.save();
      return {
        ref: id,
        attributes: { LaunchTemplateId: id, LatestVersionNumber: "1", DefaultVersionNumber: "1" },
      };
    },

    "AWS::AutoScaling::AutoScalingGroup": async ({ logicalId, properties }) => {
      const wanted = parse(groupSchema, properties);
      const name = wanted.AutoScalingGroupName ?? logicalId;
      const specification =
        wanted.LaunchTemplate ??
        wanted.MixedInstancesPolicy?.LaunchTemplate.LaunchTemplateSpecification ??
        {};
      const known = state.autoScalingGroups.get(name);
      const region = ecs.context.region;
      const group: AutoScalingGroup = {
        arn: known?.arn ?? ecs.arns.autoScalingGroup(name),
        name,
        launchTemplateId:
          specification.LaunchTemplateId ?? templateId(specification.LaunchTemplateName ?? ""),
        instanceTypes: (wanted.MixedInstancesPolicy?.LaunchTemplate.Overrides ?? []).flatMap(
          ({ InstanceType }) => InstanceType ?? [],
        ),
        minSize: wanted.MinSize,
        maxSize: wanted.MaxSize,
        createdAt: known?.createdAt ?? ecs.context.now(),
        desiredCapacity: wanted.DesiredCapacity ?? wanted.MinSize,
        availabilityZones: wanted.AvailabilityZones ?? [`${region}a`, `${region}b`],
        instanceIds: known?.instanceIds ?? [],
      };
      state.autoScalingGroups.set(name, group);
      scaleGroup(ecs, group);
      await store.save();
      return { ref: name, attributes: { AutoScalingGroupARN: group.arn } };
    },
  };
}
