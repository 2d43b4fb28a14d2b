import { attributePath, functionCall, SUBSTITUTION } from "./intrinsics.ts";
import { isRecord, type ResourceDeclaration, TemplateError } from "./template.ts";

/**
 * Orders resources so that each comes after those that it refers to or names in DependsOn, and otherwise as they stand.
 * @throws TemplateError naming the resources of a circular dependency
 */
export function creationOrder(resources: ReadonlyMap<string, ResourceDeclaration>): readonly string[] {
  const ordered: string[] = [];
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (done.has(name)) return;
    if (path.includes(name))
      throw new TemplateError(
        `Circular dependency between resources: [${path.slice(path.indexOf(name)).join(", ")}]`,
      );
    const declaration = resources.get(name);
    if (declaration === undefined) return;
    for (const dependency of dependencies(declaration)) visit(dependency, [...path, name]);
    done.add(name);
    ordered.push(name);
  };
  for (const name of resources.keys()) visit(name, []);
  return ordered;
}

function dependencies(declaration: ResourceDeclaration): ReadonlySet<string> {
  const found = new Set(declaration.dependsOn);
  collect(declaration.properties, found);
  return found;
}

/** Names are collected generously: what is no resource is passed over by the caller. */
function collect(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) collect(item, found);
  if (!isRecord(value)) return;
  const call = functionCall(value);
  if (call?.name === "Ref") found.add(String(call.argument));
  else if (call?.name === "Fn::GetAtt") found.add(attributePath(call.argument)[0]);
  else if (call?.name === "Fn::Sub") {
    const text = Array.isArray(call.argument) ? call.argument[0] : call.argument;
    for (const [, , name = ""] of String(text).matchAll(SUBSTITUTION))
      found.add(attributePath(name.trim())[0]);
  }
  for (const member of Object.values(value)) collect(member, found);
}
