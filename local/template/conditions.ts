import { resolve, type Scope } from "./intrinsics.ts";
import { isRecord, type Json, TemplateError } from "./template.ts";

/**
 * Evaluates a template's Conditions section by name, each once.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html
 * @param scope parameters and mappings; conditions cannot refer to resources
 */
export function conditionsOf(conditions: Json, scope: Omit<Scope, "condition">): (name: string) => boolean {
  const known = new Map<string, boolean | "evaluating">();
  const condition = (name: string): boolean => {
    const value = known.get(name);
    if (value === "evaluating") throw new TemplateError(`Conditions.${name} depends on itself`);
    if (value !== undefined) return value;
    if (!Object.hasOwn(conditions, name))
      throw new TemplateError(`there is no condition ${name} in Conditions`);
    known.set(name, "evaluating");
    const result = test(conditions[name], `Conditions.${name}`);
    known.set(name, result);
    return result;
  };
  const all = (value: unknown, where: string): readonly boolean[] => {
    if (!Array.isArray(value)) throw new TemplateError(`${where}: a list of conditions is needed`);
    return value.map((item) => test(item, where));
  };
  const test = (value: unknown, where: string): boolean => {
    const [name, argument] = isRecord(value) ? (Object.entries(value)[0] ?? []) : [];
    switch (name) {
      case "Condition":
        return condition(String(argument));
      case "Fn::And":
        return all(argument, where).every(Boolean);
      case "Fn::Or":
        return all(argument, where).some(Boolean);
      case "Fn::Not":
        return !all(argument, where)[0];
      case "Fn::Equals": {
        const sides = resolve(argument, { ...scope, condition }, where);
        if (!Array.isArray(sides) || sides.length !== 2)
          throw new TemplateError(`${where}: Fn::Equals needs two values`);
        return String(sides[0]) === String(sides[1]);
      }
      default:
        throw new TemplateError(`${where}: ${name ?? JSON.stringify(value)} is no condition function`);
    }
  };
  return condition;
}
