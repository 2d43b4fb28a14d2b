/**
 * A CloudFormation template as it is read from a file or a request, checked for its shape only.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
 */

/** A template that cannot be used; the message says where and why. */
export class TemplateError extends Error {}

export type Json = Readonly<Record<string, unknown>>;

export interface ResourceDeclaration {
  readonly type: string;
  readonly properties: Json;
  readonly dependsOn: readonly string[];
  /** The name of the condition under which it exists. */
  readonly condition: string | undefined;
}

export interface ParameterDeclaration {
  readonly type: string;
  /** Undefined when a value must be given. */
  readonly default: string | undefined;
  readonly allowedValues: readonly string[] | undefined;
  readonly allowedPattern: string | undefined;
  readonly minimum: number;
  readonly maximum: number;
}

export interface Template {
  readonly description: string | undefined;
  readonly parameters: ReadonlyMap<string, ParameterDeclaration>;
  readonly mappings: Json;
  readonly conditions: Json;
  readonly resources: ReadonlyMap<string, ResourceDeclaration>;
  readonly outputs: Json;
}

export const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Checks the outline of a template.
 * @throws TemplateError naming the section or resource that is malformed
 */
export function templateOf(value: unknown): Template {
  if (!isRecord(value)) throw new TemplateError("Template format error: the template is not an object");
  if (value.Transform !== undefined)
    throw new TemplateError(
      `Transform ${JSON.stringify(value.Transform)} is not emulated: give the processed template`,
    );
  const resources = section(value, "Resources");
  if (Object.keys(resources).length === 0)
    throw new TemplateError("Template format error: At least one Resources member must be defined.");
  return {
    description: typeof value.Description === "string" ? value.Description : undefined,
    parameters: mapMembers(section(value, "Parameters"), parameter),
    mappings: section(value, "Mappings"),
    conditions: section(value, "Conditions"),
    resources: mapMembers(resources, resource),
    outputs: section(value, "Outputs"),
  };
}

function section(template: Json, name: string): Json {
  const value = template[name] ?? {};
  if (isRecord(value)) return value;
  throw new TemplateError(`Template format error: ${name} is not an object`);
}

const mapMembers = <Member>(
  members: Json,
  read: (name: string, value: unknown) => Member,
): ReadonlyMap<string, Member> =>
  new Map(Object.entries(members).map(([name, value]) => [name, read(name, value)]));

function parameter(name: string, value: unknown): ParameterDeclaration {
  if (!isRecord(value) || typeof value.Type !== "string")
    throw new TemplateError(`Template format error: Parameters.${name} has no Type`);
  const allowed = value.AllowedValues;
  return {
    type: value.Type,
    default: value.Default === undefined ? undefined : String(value.Default),
    allowedValues: Array.isArray(allowed) ? allowed.map(String) : undefined,
    allowedPattern: typeof value.AllowedPattern === "string" ? value.AllowedPattern : undefined,
    minimum: Number(value.MinValue ?? Number.NEGATIVE_INFINITY),
    maximum: Number(value.MaxValue ?? Number.POSITIVE_INFINITY),
  };
}

function resource(name: string, value: unknown): ResourceDeclaration {
  if (!isRecord(value) || typeof value.Type !== "string")
    throw new TemplateError(`Template format error: Resources.${name} has no Type`);
  const properties = value.Properties ?? {};
  if (!isRecord(properties))
    throw new TemplateError(`Template format error: Resources.${name}.Properties is not an object`);
  const dependsOn = value.DependsOn ?? [];
  return {
    type: value.Type,
    properties,
    dependsOn: (Array.isArray(dependsOn) ? dependsOn : [dependsOn]).map(String),
    condition: typeof value.Condition === "string" ? value.Condition : undefined,
  };
}
