import { pipelineSchema } from "./schema.ts";

/** The schema of a pipeline file as JSON Schema, so that editors complete and check: the text of the committed file. */
export function jsonSchemaText(): string {
  return `${JSON.stringify(pipelineSchema.toJSONSchema({ io: "input" }), undefined, 2)}\n`;
}
