import type { z } from "zod";
import type { CreatedResource, LocalContext, TemplateResource } from "../service.ts";
import { type Project, projectInput } from "./model.ts";
import { arnOfProject } from "./names.ts";
import type { ProjectStore } from "./project-store.ts";

/**
 * Creates or updates a project from a template.
 * See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codebuild-project.html.
 *
 * @throws Error naming the resource and the properties that are wrong
 */
export async function applyProject(
  context: LocalContext,
  projects: ProjectStore,
  resource: TemplateResource,
): Promise<CreatedResource> {
  // The API's members are the template's properties with a small first letter, but for one.
  const properties = { name: resource.logicalId, ...decapitalized(resource.properties) };
  const parsed = projectInput.safeParse(properties);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new Error(`${resource.logicalId} (${resource.type}) is not valid: ${faults.join("; ")}`);
  }
  const project = storedProject(context, parsed.data, projects.find(parsed.data.name));
  await projects.put(project);
  return { ref: project.name, attributes: { Arn: project.arn } };
}

/** A project as it is stored: what it was configured with, its ARN and its times. */
export function storedProject(
  context: LocalContext,
  input: z.infer<typeof projectInput>,
  existing: Project | undefined,
): Project {
  const now = context.now() / 1000;
  const arn = arnOfProject(context, input.name);
  return { ...input, arn, created: existing?.created ?? now, lastModified: now };
}

/** Members whose values the template may write as text. */
const NUMBERS = new Set([
  "timeoutInMinutes",
  "queuedTimeoutInMinutes",
  "gitCloneDepth",
  "concurrentBuildLimit",
]);
const BOOLEANS = new Set(["privilegedMode", "fetchSubmodules"]);

function decapitalized(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([property, member]) => {
      const name =
        property === "BuildSpec" ? "buildspec" : property.charAt(0).toLowerCase() + property.slice(1);
      return [name, scalar(name, nested(member))];
    }),
  );
}

function nested(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nested);
  return isRecord(value) ? decapitalized(value) : value;
}

function scalar(name: string, value: unknown): unknown {
  if (NUMBERS.has(name) && typeof value === "string" && /^\d+$/.test(value)) return Number(value);
  if (BOOLEANS.has(name) && (value === "true" || value === "false")) return value === "true";
  return value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
