import type { FieldChange } from "./events.ts";
import type { TaskDefinitionDocument } from "./task-definition.ts";

/** As many as a person reads; beyond it there is a line that says so. */
const MOST = 100;

/** Fields by which the elements of a list are known, whatever their order. */
const KEYS = ["name", "containerPort", "sourceVolume", "key", "type"];

/** Values that are nobody's business. */
const SECRET = /secret|token|passw|credential|private|api_?key/i;

/**
 * What one task definition has that another has not, value by value. Both without the fields that only ECS sets. Values
 * of environment variables that sound secret are not shown, only that they differ.
 */
export function taskDefinitionChanges(
  from: TaskDefinitionDocument,
  to: TaskDefinitionDocument,
): readonly FieldChange[] {
  const before = flat(from);
  const after = flat(to);
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  const changes = paths.flatMap((path): readonly FieldChange[] => {
    const [old, now] = [before.get(path), after.get(path)];
    if (old === now) return [];
    const show = (value: string) => (SECRET.test(path) ? "•••" : value);
    return [
      {
        path,
        ...(old === undefined ? {} : { from: show(old) }),
        ...(now === undefined ? {} : { to: show(now) }),
      },
    ];
  });
  if (changes.length <= MOST) return changes;
  return [...changes.slice(0, MOST), { path: `and ${changes.length - MOST} more` }];
}

function flat(document: TaskDefinitionDocument): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  walk("", document, values);
  return values;
}

/** Empty lists and objects are what ECS answers for nothing: they are no value. */
function walk(path: string, value: unknown, into: Map<string, string>): void {
  if (value === undefined || value === null) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walk(`${path}[${nameOf(item) ?? index}]`, item, into);
    return;
  }
  if (typeof value === "object") {
    for (const [key, inner] of Object.entries(value)) walk(path === "" ? key : `${path}.${key}`, inner, into);
    return;
  }
  into.set(path, String(value));
}

function nameOf(item: unknown): string | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(item));
  for (const key of KEYS) {
    const value = fields[key];
    if (typeof value === "string" || typeof value === "number") return String(value);
  }
  return undefined;
}
