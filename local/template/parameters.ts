import { type ParameterDeclaration, type Template, TemplateError } from "./template.ts";

/**
 * The values of a template's parameters: those given, and the defaults of the others. Lists are lists; the value of an
 * SSM parameter type is the parameter's name, since Parameter Store is not emulated.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
 * @throws TemplateError for a missing, unknown or forbidden value
 */
export function parameterValues(
  template: Template,
  given: ReadonlyMap<string, string>,
): ReadonlyMap<string, unknown> {
  const unknown = [...given.keys()].filter((name) => !template.parameters.has(name));
  if (unknown.length > 0)
    throw new TemplateError(`Parameters: [${unknown.join(", ")}] do not exist in the template`);
  const missing = [...template.parameters].filter(
    ([name, { default: value }]) => value === undefined && !given.has(name),
  );
  if (missing.length > 0)
    throw new TemplateError(`Parameters: [${missing.map(([name]) => name).join(", ")}] must have values`);
  return new Map(
    [...template.parameters].map(([name, declaration]) => {
      const value = given.get(name) ?? declaration.default ?? "";
      check(name, declaration, value);
      return [name, isList(declaration.type) ? value.split(",").map((item) => item.trim()) : value];
    }),
  );
}

const isList = (type: string): boolean => type === "CommaDelimitedList" || /(^|<)List</.test(type);

function check(name: string, declaration: ParameterDeclaration, value: string): void {
  const { type, allowedValues, allowedPattern, minimum, maximum } = declaration;
  if (allowedValues !== undefined && !allowedValues.includes(value))
    throw new TemplateError(
      `Template error: parameter ${name} must be one of [${allowedValues.join(", ")}], not ${value}`,
    );
  if (allowedPattern !== undefined && !matchesWhole(name, allowedPattern, value))
    throw new TemplateError(
      `Parameter '${name}' must match pattern ${allowedPattern}, and ${value} does not`,
    );
  if (type !== "Number") return;
  const number = Number(value);
  if (value.trim() === "" || Number.isNaN(number))
    throw new TemplateError(`Parameter '${name}' must be a number, not ${value}`);
  if (number < minimum || number > maximum)
    throw new TemplateError(`Parameter '${name}' must be from ${minimum} to ${maximum}, not ${value}`);
}

function matchesWhole(name: string, pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(value);
  } catch {
    throw new TemplateError(`Parameters.${name}.AllowedPattern is no regular expression: ${pattern}`);
  }
}
