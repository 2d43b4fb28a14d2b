import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { jsonSchemaText } from "../../shared/definition/json-schema.ts";

const committed = readFileSync(new URL("../../pipelines/pipeline.schema.json", import.meta.url), "utf8");

describe("the JSON Schema for editors", () => {
  test("the committed file is what the schema makes (else: node --import tsx scripts/write-json-schema.ts)", () => {
    expect(committed).toBe(jsonSchemaText());
  });

  test("refuses unknown keys, as validation does, and says what each key is for", () => {
    const schema = JSON.parse(committed);
    expect(schema).toMatchObject({
      title: "A Tandem pipeline",
      additionalProperties: false,
      required: ["name", "source", "images"],
    });
    expect(schema.properties.stages.items.properties.approval.properties.required).toMatchObject({
      type: "integer",
      default: 1,
      description: "How many distinct people must approve.",
    });
  });
});
