import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { jsonSchemaText } from "../shared/definition/json-schema.ts";

/** Writes `pipelines/pipeline.schema.json`: `node --import tsx scripts/write-json-schema.ts`. */
const file = fileURLToPath(new URL("../pipelines/pipeline.schema.json", import.meta.url));
writeFileSync(file, jsonSchemaText());
process.stdout.write(`wrote ${file}\n`);
