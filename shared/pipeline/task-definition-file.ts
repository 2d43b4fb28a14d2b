import type { Failure } from "./events.ts";
import type { TaskDefinitionDocument } from "./task-definition.ts";

/** A placeholder in a task definition's file: a name in braces after a dollar sign. */
const PLACEHOLDER = /\$\{([A-Z][A-Z0-9_]*)\}/g;

/**
 * Reads a task definition as a repository keeps it: JSON as RegisterTaskDefinition takes it, with placeholders in its texts.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
 * @param file its path, for errors
 * @param variables what the placeholders stand for; one that is not among them is a fault
 */
export function readTaskDefinition(
  file: string,
  text: string,
  variables: Readonly<Record<string, string>>,
): { readonly document: TaskDefinitionDocument } | { readonly failure: Failure } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { failure: { reason: `${file} is no JSON: ${why}`, remedy: "mend it, and push again" } };
  }
  const missing = new Set<string>();
  const filled = fill(value, variables, missing);
  if (missing.size > 0) {
    const names = [...missing].map((name) => `\${${name}}`).join(", ");
    return {
      failure: {
        reason: `${file} has placeholders that stand for nothing: ${names}`,
        remedy: "give them under `taskDefinition.variables` in the pipeline",
      },
    };
  }
  if (!isDocument(filled)) {
    return {
      failure: {
        reason: `${file} is no task definition: it needs a family, and containerDefinitions with names`,
        remedy: "mend it, and push again",
      },
    };
  }
  return { document: filled };
}

function fill(value: unknown, variables: Readonly<Record<string, string>>, missing: Set<string>): unknown {
  if (typeof value === "string") {
    return value.replace(PLACEHOLDER, (_text, name: string) => {
      if (!Object.hasOwn(variables, name)) missing.add(name);
      return variables[name] ?? "";
    });
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, variables, missing));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, fill(inner, variables, missing)]),
  );
}

function isDocument(value: unknown): value is TaskDefinitionDocument {
  if (typeof value !== "object" || value === null || !("family" in value)) return false;
  const containers = "containerDefinitions" in value ? value.containerDefinitions : undefined;
  return (
    typeof value.family === "string" &&
    Array.isArray(containers) &&
    containers.every(
      (one: unknown) =>
        typeof one === "object" && one !== null && "name" in one && typeof one.name === "string",
    )
  );
}
