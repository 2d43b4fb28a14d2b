import { compilePipelines, renderFault } from "../../shared/definition/compile.ts";

/** The faults of one file, as a person reads them. */
export function faultsOf(text: string, file = "pipelines/hello.yml"): readonly string[] {
  return compilePipelines([{ file, text }]).faults.map(renderFault);
}

/** A pipeline without a fault, line by line; `change` replaces or inserts lines (from 1). */
const LINES = [
  "name: hello", //                                           1
  "source:", //                                               2
  "  codecommit: { repository: hello }", //                   3
  "images:", //                                               4
  "  - name: hello", //                                       5
  "    tags: ['{branch}']", //                                6
  "stages:", //                                               7
  "  - name: staging", //                                     8
  "    approval: { from: [release-managers] }", //            9
  "    deploy:", //                                          10
  "      - ecs:", //                                         11
  "          cluster: staging", //                           12
  "          service: web", //                               13
  "          containers: { web: hello }", //                 14
];

/** The faultless pipeline with some lines replaced; a line of several lines moves what follows. */
export function pipelineWith(changes: Readonly<Record<number, string>> = {}): string {
  return `${LINES.map((line, index) => changes[index + 1] ?? line).join("\n")}\n`;
}
