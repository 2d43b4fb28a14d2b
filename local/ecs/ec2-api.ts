import { z } from "zod";
import { AwsError, type LocalService, type Operation } from "../service.ts";
import { namesSchema } from "./ec2-query.ts";
import type { Ecs } from "./ecs.ts";
import { page } from "./input.ts";
import {
  architectureOf,
  catalogue,
  isBurstable,
  isInstanceType,
  manufacturerOf,
  sizeOf,
} from "./instance-types.ts";
import type { LaunchTemplate } from "./types.ts";

const versionsSchema = z.object({
  LaunchTemplateId: z.string().optional(),
  LaunchTemplateName: z.string().optional(),
  LaunchTemplateVersion: namesSchema,
});
const typesSchema = z.object({
  InstanceType: namesSchema,
  MaxResults: z.coerce.number().int().min(5).max(100).default(100),
  NextToken: z.string().optional(),
});

/** A template here has one version: applying its resource again changes that one. */
const onlyVersion = "1";
const sameVersion = new Set([onlyVersion, "$Latest", "$Default"]);

/** @throws AwsError InvalidParameterValue */
function read<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AwsError(
    "InvalidParameterValue",
    `${issue?.path.join(".") ?? "request"}: ${issue?.message ?? "not valid"}`,
  );
}

/** EC2, as far as it says which architecture the hosts of an Auto Scaling group have before there are any. */
export function ec2Api(ecs: Ecs): LocalService {
  return {
    query: { version: "2016-11-15", namespace: "http://ec2.amazonaws.com/doc/2016-11-15/", flavour: "ec2" },
    operations: {
      DescribeLaunchTemplateVersions: describeVersions(ecs),
      DescribeInstanceTypes: describeTypes,
    },
    close: async () => {},
  };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html */
function describeVersions(ecs: Ecs): Operation {
  return async (input) => {
    const wanted = read(versionsSchema, input);
    const template = findTemplate(ecs, wanted);
    const versions = wanted.LaunchTemplateVersion ?? [onlyVersion];
    const unknown = versions.find((version) => !sameVersion.has(version));
    if (unknown !== undefined) {
      throw new AwsError(
        "InvalidLaunchTemplateId.VersionNotFound",
        `Could not find launch template version ${unknown} of ${template.id}: it has version ${onlyVersion} only.`,
      );
    }
    return { launchTemplateVersionSet: [describeVersion(ecs, template)] };
  };
}

function findTemplate(ecs: Ecs, wanted: z.infer<typeof versionsSchema>): LaunchTemplate {
  const { LaunchTemplateId: id, LaunchTemplateName: name } = wanted;
  if ((id === undefined) === (name === undefined)) {
    throw new AwsError(
      "MissingParameter",
      "You must specify either a launch template ID or a launch template name.",
    );
  }
  const all = [...ecs.state.launchTemplates.values()];
  const found = all.find((template) => (id === undefined ? template.name === name : template.id === id));
  if (found !== undefined) return found;
  if (id === undefined) {
    throw new AwsError(
      "InvalidLaunchTemplateName.NotFoundException",
      `The specified launch template, with template name ${name ?? ""}, does not exist.`,
    );
  }
  throw new AwsError(
    "InvalidLaunchTemplateId.NotFound",
    `The specified launch template, with template ID ${id}, does not exist.`,
  );
}

function describeVersion(ecs: Ecs, template: LaunchTemplate): Record<string, unknown> {
  return {
    launchTemplateId: template.id,
    launchTemplateName: template.name,
    versionNumber: onlyVersion,
    defaultVersion: true,
    createTime: new Date(template.createdAt),
    createdBy: `arn:aws:iam::${ecs.context.accountId}:role/cloudformation`,
    launchTemplateData: {
      imageId: template.imageId,
      ...(template.instanceRequirements === undefined
        ? { instanceType: template.instanceType }
        : { instanceRequirements: template.instanceRequirements }),
      userData: Buffer.from(template.userData).toString("base64"),
    },
  };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html */
const describeTypes: Operation = async (input) => {
  const wanted = read(typesSchema, input);
  const unknown = (wanted.InstanceType ?? []).filter((name) => !isInstanceType(name));
  if (unknown.length > 0) {
    throw new AwsError(
      "InvalidInstanceType",
      `The following supplied instance types do not exist: [${unknown.join(", ")}]`,
    );
  }
  const { items, nextToken } = page(wanted.InstanceType ?? catalogue, wanted.NextToken, wanted.MaxResults);
  return { instanceTypeSet: items.map(describeType), nextToken };
};

function describeType(instanceType: string): Record<string, unknown> {
  const { vcpus, memoryMiB } = sizeOf(instanceType);
  const manufacturers = { "amazon-web-services": "AWS", amd: "AMD", intel: "Intel" } as const;
  return {
    instanceType,
    currentGeneration: true,
    bareMetal: instanceType.includes(".metal"),
    processorInfo: {
      supportedArchitectures: [architectureOf(instanceType)],
      manufacturer: manufacturers[manufacturerOf(instanceType)],
    },
    vCpuInfo: { defaultVCpus: vcpus },
    memoryInfo: { sizeInMiB: memoryMiB },
    burstablePerformanceSupported: isBurstable(instanceType),
  };
}
