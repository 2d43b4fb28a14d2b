import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { eventSchemaText } from "../shared/definition/event-schema.ts";
import { jsonSchemaText } from "../shared/definition/json-schema.ts";

/** Writes the committed JSON Schemas, of pipelines and of events: `node --import tsx scripts/write-json-schema.ts`. */
const FILES = [
  ["pipelines/pipeline.schema.json", jsonSchemaText()],
  ["docs/events.schema.json", eventSchemaText()],
] as const;

for (const [name, text] of FILES) {
  const file = fileURLToPath(new URL(`../${name}`, import.meta.url));
  writeFileSync(file, text);
  process.stdout.write(`wrote ${file}\n`);
}
