import { CPU_ARCHITECTURES } from "../pipeline/architectures.ts";
import type { CpuArchitecture } from "../pipeline/definition.ts";
import { architecturesOfRequirements, architecturesOfType } from "../pipeline/instance-types.ts";
import type { Aws } from "./aws.ts";
import { AwsQueryError, descendants, textOf, type XmlElement } from "./aws-query.ts";

/** What an Auto Scaling group will start: its architectures, or why nobody can say. */
export type GroupArchitectures =
  | { readonly architectures: readonly CpuArchitecture[] }
  | { readonly unknown: string };

/** Errors that say what is there, or that it must not be read; any other may go another time. */
const FINAL: readonly string[] = [
  "AccessDenied",
  "AccessDeniedException",
  "UnauthorizedOperation",
  "ValidationError",
  "InvalidLaunchTemplateId.NotFound",
  "InvalidLaunchTemplateId.VersionNotFound",
  "InvalidLaunchTemplateName.NotFoundException",
];

/**
 * What Auto Scaling groups will start, by name: one call for all of them, and one for each launch template whose
 * instance type counts.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html
 */
export async function groupArchitectures(
  aws: Aws,
  names: readonly string[],
): Promise<ReadonlyMap<string, GroupArchitectures>> {
  const answers = new Map<string, GroupArchitectures>();
  const groups = await orUnknown(async () => {
    const members = names.map((name, at) => [`AutoScalingGroupNames.member.${at + 1}`, name]);
    const answer = await aws.query("autoscaling", "2011-01-01", "DescribeAutoScalingGroups", {
      ...Object.fromEntries(members),
    });
    return descendants(answer, "AutoScalingGroups").flatMap(({ children }) => children);
  });
  await Promise.all(
    names.map(async (name) => {
      if ("unknown" in groups) return answers.set(name, groups);
      const group = groups.found.find((one) => textOf(one, "AutoScalingGroupName") === name);
      if (group === undefined)
        return answers.set(name, { unknown: `there is no Auto Scaling group ${name}` });
      const answer = await orUnknown(() => architecturesOf(aws, group));
      const architectures = "found" in answer ? answer.found : undefined;
      if (architectures !== undefined) return answers.set(name, { architectures });
      const why =
        "unknown" in answer
          ? answer.unknown
          : "neither the group nor its launch template names an instance type";
      return answers.set(name, { unknown: `Auto Scaling group ${name}: ${why}` });
    }),
  );
  return answers;
}

async function orUnknown<T>(
  ask: () => Promise<T>,
): Promise<{ readonly found: T } | { readonly unknown: string }> {
  try {
    return { found: await ask() };
  } catch (error) {
    if (error instanceof AwsQueryError && FINAL.includes(error.name)) return { unknown: error.message };
    throw error;
  }
}

/** The group's own choice of types goes before its launch template's; undefined when neither tells. */
async function architecturesOf(aws: Aws, group: XmlElement): Promise<readonly CpuArchitecture[] | undefined> {
  const overrides = descendants(group, "Overrides").flatMap(({ children }) => children);
  const specifications = [
    ...group.children.filter(({ name }) => name === "LaunchTemplate"),
    ...descendants(group, "LaunchTemplateSpecification"),
  ];
  const found = new Set<CpuArchitecture>();
  let templates = overrides.length === 0 ? specifications : [];
  for (const override of overrides) {
    const type = textOf(override, "InstanceType");
    const known =
      type === undefined ? requirementsOf(override, "InstanceRequirements") : architecturesOfType(type);
    for (const one of known ?? []) found.add(one);
    // An override of neither kind takes the type of its own template, or of the group's.
    if (known === undefined) templates = specifications;
  }
  const seen = new Map(templates.map((template) => [JSON.stringify(template), template]));
  for (const known of await Promise.all([...seen.values()].map((template) => ofTemplate(aws, template)))) {
    if (known === undefined) return undefined;
    for (const one of known) found.add(one);
  }
  return found.size === 0 ? undefined : CPU_ARCHITECTURES.filter((one) => found.has(one));
}

async function ofTemplate(aws: Aws, template: XmlElement): Promise<readonly CpuArchitecture[] | undefined> {
  const id = textOf(template, "LaunchTemplateId");
  const answer = await aws.query("ec2", "2016-11-15", "DescribeLaunchTemplateVersions", {
    ...(id === undefined
      ? { LaunchTemplateName: textOf(template, "LaunchTemplateName") ?? "" }
      : { LaunchTemplateId: id }),
    "LaunchTemplateVersion.1": textOf(template, "Version") ?? "$Default",
  });
  const [data] = descendants(answer, "launchTemplateData");
  if (data === undefined) return undefined;
  const type = textOf(data, "instanceType");
  return type === undefined ? requirementsOf(data, "instanceRequirements") : architecturesOfType(type);
}

/** Auto Scaling calls the lists `CpuManufacturers/member`, EC2 `cpuManufacturerSet/item`. */
function requirementsOf(element: XmlElement, name: string): readonly CpuArchitecture[] | undefined {
  const requirements = element.children.find((child) => child.name === name);
  if (requirements === undefined) return undefined;
  const values = (...names: readonly string[]) =>
    requirements.children
      .filter((child) => names.includes(child.name))
      .flatMap(({ children }) => children.map(({ text }) => text.trim()));
  return architecturesOfRequirements({
    allowedInstanceTypes: values("AllowedInstanceTypes", "allowedInstanceTypeSet"),
    cpuManufacturers: values("CpuManufacturers", "cpuManufacturerSet"),
  });
}
