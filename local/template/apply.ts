import { reasonOf } from "../errors.ts";
import type { ApplyResource, CreatedResource, LocalContext } from "../service.ts";
import { conditionsOf } from "./conditions.ts";
import { NO_VALUE, resolve, type Scope } from "./intrinsics.ts";
import { creationOrder } from "./order.ts";
import { parameterValues } from "./parameters.ts";
import { identify, isPassive } from "./passive.ts";
import { isRecord, type Json, type ResourceDeclaration, type Template, TemplateError } from "./template.ts";

export interface ApplyOptions {
  readonly template: Template;
  readonly stackName: string;
  readonly stackId: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly context: Pick<LocalContext, "accountId" | "region">;
  /** Who creates a resource type; undefined when no service does. */
  readonly creator: (type: string) => ApplyResource | undefined;
  /** What a resource without a name of its own is called. */
  readonly nameOf: (logicalId: string) => string;
}

export interface AppliedResource {
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
  /** A type that nothing here emulates: the identifiers are made up, and it has no effect. */
  readonly emulated: boolean;
}

export interface AppliedOutput {
  readonly key: string;
  readonly value: string;
  readonly description: string | undefined;
}

export interface Applied {
  readonly resources: readonly AppliedResource[];
  readonly outputs: readonly AppliedOutput[];
}

/** A resource that could not be created; the message names it. */
export class ResourceError extends Error {
  readonly logicalId: string;
  readonly type: string;

  constructor(logicalId: string, type: string, cause: unknown) {
    super(`${type} ${logicalId}: ${reasonOf(cause)}`, { cause });
    this.logicalId = logicalId;
    this.type = type;
  }
}

/** A template whose functions have been tied to parameters, so that its resources can be created. */
export interface PreparedTemplate {
  /** @throws ResourceError for the first resource that fails; those before it stay */
  create(onCreated?: (resource: AppliedResource) => void): Promise<Applied>;
}

/**
 * Checks parameters, conditions and order, and makes ready to create the resources of a template.
 * @throws TemplateError before anything has been created
 */
export function prepareTemplate(options: ApplyOptions): PreparedTemplate {
  const { template, context } = options;
  const created = new Map<string, CreatedResource & { readonly emulated: boolean }>();
  const scope = scopeOf(options, created);
  const wanted = new Map(
    [...template.resources].filter(
      ([, { condition }]) => condition === undefined || scope.condition(condition),
    ),
  );
  const order = creationOrder(wanted);
  for (const name of Object.keys(template.conditions)) scope.condition(name);
  return {
    create: async (onCreated) => {
      const resources: AppliedResource[] = [];
      for (const logicalId of order) {
        const declaration = wanted.get(logicalId);
        if (declaration === undefined) continue;
        const made = await createOne(logicalId, declaration, options, scope);
        created.set(logicalId, made);
        const applied = { logicalId, type: declaration.type, physicalId: made.ref, emulated: made.emulated };
        resources.push(applied);
        onCreated?.(applied);
      }
      return { resources, outputs: outputsOf(template.outputs, scope) };
    },
  };

  async function createOne(
    logicalId: string,
    { type, properties }: ResourceDeclaration,
    { creator, nameOf }: ApplyOptions,
    inScope: Scope,
  ): Promise<CreatedResource & { readonly emulated: boolean }> {
    const where = `Resources.${logicalId}.Properties`;
    const create = creator(type);
    try {
      if (create === undefined) {
        // Of a resource without effect only what can be read counts: its name.
        const readable = Object.entries(properties).map(([name, value]) => [
          name,
          readIfPossible(value, inScope, where),
        ]);
        const made = identify(
          type,
          nameOf(logicalId),
          Object.fromEntries(readable.filter(([, value]) => value !== undefined)),
          context,
        );
        return { ...made, emulated: isPassive(type) };
      }
      const resolved = resolve(properties, inScope, where);
      const made = await create({
        logicalId: nameOf(logicalId),
        type,
        properties: isRecord(resolved) ? resolved : {},
      });
      return { ...made, emulated: true };
    } catch (error) {
      throw new ResourceError(logicalId, type, error);
    }
  }
}

function readIfPossible(value: unknown, scope: Scope, where: string): unknown {
  try {
    const resolved = resolve(value, scope, where);
    return resolved === NO_VALUE ? undefined : resolved;
  } catch (error) {
    if (error instanceof TemplateError) return undefined;
    throw error;
  }
}

function scopeOf(
  options: ApplyOptions,
  created: ReadonlyMap<string, CreatedResource & { readonly emulated: boolean }>,
): Scope {
  const { template, stackName, stackId, context } = options;
  const values = parameterValues(template, options.parameters);
  /** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html */
  const pseudo = new Map<string, unknown>([
    ["AWS::AccountId", context.accountId],
    ["AWS::Region", context.region],
    ["AWS::Partition", "aws"],
    ["AWS::URLSuffix", "amazonaws.com"],
    ["AWS::StackName", stackName],
    ["AWS::StackId", stackId],
    ["AWS::NotificationARNs", []],
    ["AWS::NoValue", NO_VALUE],
  ]);
  const base = {
    ref: (name: string) => pseudo.get(name) ?? values.get(name) ?? created.get(name)?.ref,
    attribute: (logicalId: string, name: string) => {
      const resource = created.get(logicalId);
      if (resource === undefined) return undefined;
      const value = resource.attributes[name];
      if (value !== undefined) return value;
      const type = template.resources.get(logicalId)?.type ?? "";
      if (options.creator(type) === undefined) return `${resource.ref}.${name}`;
      throw new TemplateError(`the local ${type} ${logicalId} has no attribute ${name}`);
    },
    mappings: template.mappings,
    region: context.region,
  };
  return { ...base, condition: conditionsOf(template.conditions, base) };
}

function outputsOf(outputs: Json, scope: Scope): readonly AppliedOutput[] {
  return Object.entries(outputs).flatMap(([key, output]) => {
    if (!isRecord(output)) return [];
    if (typeof output.Condition === "string" && !scope.condition(output.Condition)) return [];
    const value = readIfPossible(output.Value, scope, `Outputs.${key}`);
    const description = typeof output.Description === "string" ? output.Description : undefined;
    return value === undefined ? [] : [{ key, value: String(value), description }];
  });
}
