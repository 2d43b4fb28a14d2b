import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compilePipelines, renderFault } from "../shared/definition/compile.ts";
import type { PipelineDefinition } from "../shared/pipeline/definition.ts";

/**
 * The pipelines of a project, compiled.
 * @param root the folder that holds `pipelines/`
 * @throws Error that lists every fault of every file
 */
export function readPipelines(root: string): readonly PipelineDefinition[] {
  const files = readdirSync(join(root, "pipelines"))
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => ({
      file: `pipelines/${name}`,
      text: readFileSync(join(root, "pipelines", name), "utf8"),
    }));
  const { pipelines, faults } = compilePipelines(files);
  if (faults.length > 0) {
    throw new Error(
      `pipelines/ has ${faults.length} fault(s):\n${faults.map((fault) => `  ${renderFault(fault)}`).join("\n")}`,
    );
  }
  if (pipelines.length === 0)
    throw new Error("pipelines/ holds no .yml file: describe at least one pipeline");
  return pipelines;
}
