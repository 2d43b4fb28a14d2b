import { UsageError } from "./flags.ts";

/**
 * The part of Go's text/template that `docker … --format` is used with: text, `{{.Field.Field}}` and
 * `{{json .Field}}`. See https://docs.docker.com/engine/cli/formatting/.
 *
 * @param values the fields by their names in Go, nested
 * @throws UsageError naming the action that is not understood, or the field that is not there
 */
export function formatTemplate(template: string, values: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{\{-?\s*(.*?)\s*-?\}\}/g, (_, action: string) => {
    const [, json, path] = /^(json\s+)?\.([\w.]*)$/.exec(action) ?? [];
    if (path === undefined) {
      throw new UsageError(
        `the template {{${action}}} is not supported: use {{.Field}} or {{json .Field}} with ` +
          `${Object.keys(values).join(", ")}`,
      );
    }
    const value = fieldOf(values, path);
    if (json !== undefined) return JSON.stringify(toJson(value));
    return typeof value === "object" && value !== null ? JSON.stringify(toJson(value)) : String(value ?? "");
  });
}

/** A value whose JSON has other names than its fields in Go, as their struct tags say. */
export class GoStruct {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly json: unknown;

  constructor(fields: Readonly<Record<string, unknown>>, json: unknown) {
    this.fields = fields;
    this.json = json;
  }
}

function fieldOf(values: Readonly<Record<string, unknown>>, path: string): unknown {
  let value: unknown = values;
  for (const name of path.split(".").filter((part) => part !== "")) {
    const fields: unknown = value instanceof GoStruct ? value.fields : value;
    if (typeof fields !== "object" || fields === null || !Object.hasOwn(fields, name)) {
      throw new UsageError(`the template's .${path} does not exist here; field names have a capital letter`);
    }
    value = Object.entries(fields).find(([key]) => key === name)?.[1];
  }
  return value;
}

function toJson(value: unknown): unknown {
  if (value instanceof GoStruct) return value.json;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toJson(member)]));
}
