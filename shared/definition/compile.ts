import type { ImageDefinition, PipelineDefinition, SourceDefinition } from "../pipeline/definition.ts";
import { deploymentOf } from "./compile-ecs.ts";
import { checkOf, windowOf } from "./compile-gate.ts";
import { channelOf } from "./compile-messages.ts";
import { crossFaults } from "./cross-check.ts";
import { defined } from "./defined.ts";
import { explainIssue } from "./explain-issue.ts";
import { type PipelineFile, pipelineSchema } from "./schema.ts";
import { milliseconds } from "./schema-words.ts";
import { type Path, readYaml, type YamlFile } from "./yaml-file.ts";

/** A fault of a pipeline file, where a person finds it. */
export interface Fault {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** E.g. `stages[1].deploy[0].ecs.service`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

export interface Compiled {
  readonly pipelines: readonly PipelineDefinition[];
  /** All faults of all files; when there is one, `pipelines` is not to be used. */
  readonly faults: readonly Fault[];
}

export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

/**
 * Checks pipeline files, each by itself and all together, and fills in the defaults. A file whose shape is faulty is
 * checked against the others all the same, as far as it can be read.
 */
export function compilePipelines(files: readonly SourceFile[]): Compiled {
  const read = files.map(({ file, text }) => ({ file, yaml: readYaml(text) }));
  const faults: Fault[] = [];
  const pipelines: PipelineDefinition[] = [];
  for (const { file, yaml } of read) {
    const checked = check(file, yaml);
    faults.push(...checked.faults);
    if (checked.value !== undefined) pipelines.push(definitionOf(checked.value));
  }
  for (const { file, path, message } of crossFaults(
    read.map(({ file, yaml }) => ({ file, value: yaml.data?.value })),
  )) {
    const line = read.find((one) => one.file === file)?.yaml.lineOf(path) ?? 1;
    faults.push({ file, line, path: render(path), message });
  }
  faults.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
  return { pipelines, faults };
}

/** One line per fault: `pipelines/web.yml:12 stages[0].name: …`. */
export function renderFault({ file, line, path, message }: Fault): string {
  return `${file}:${line}${path === "" ? "" : ` ${path}`}: ${message}`;
}

/** One file against the schema. */
function check(
  file: string,
  yaml: YamlFile,
): { readonly faults: readonly Fault[]; readonly value?: PipelineFile } {
  const faults = yaml.faults.map(({ path, ...rest }): Fault => ({ file, ...rest, path: render(path) }));
  if (yaml.data === undefined) return { faults };
  const { value } = yaml.data;
  if (value === null) return { faults: [{ file, line: 1, path: "", message: "the file is empty" }] };
  const checked = pipelineSchema.safeParse(value, { reportInput: true });
  if (checked.success) return { faults, value: checked.data };
  const found = checked.error.issues.flatMap(explainIssue);
  return {
    faults: [
      ...faults,
      ...found.map(
        ({ path, message }): Fault => ({ file, line: yaml.lineOf(path), path: render(path), message }),
      ),
    ],
  };
}

function render(path: Path): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : `${text}${text === "" ? "" : "."}${String(key)}`,
    "",
  );
}

function definitionOf(value: PipelineFile): PipelineDefinition {
  return {
    name: value.name,
    source: sourceOf(value.source),
    mode: value.mode,
    images: value.images.map(imageOf),
    stages: value.stages.map(({ name, url, approval, deploy, window, checks, ...rest }) => ({
      name,
      ...defined({
        url,
        order: rest.order,
        onFailure: rest.onFailure,
        pauseAt: rest.pauseAt,
        overrides: rest.overrides,
        window: window === undefined ? undefined : windowOf(window),
        checks: checks?.map(checkOf),
      }),
      deploy: deploy.map(({ ecs }) => deploymentOf(ecs)),
      ...(approval === undefined
        ? {}
        : { approval: { ...approval, expiresAfter: milliseconds(approval.expiresAfter) } }),
    })),
    groups: value.groups,
    ...(Object.keys(value.identities).length === 0 ? {} : { identities: value.identities }),
    schedule: value.schedule,
    rebuildOn: value.rebuildOn,
    ...(value.messages.length === 0 ? {} : { messages: value.messages.map(channelOf) }),
  };
}

function imageOf({
  buildspec,
  registry,
  provenance,
  sbom,
  retention,
  ...image
}: PipelineFile["images"][number]): ImageDefinition {
  return {
    ...image,
    ...(buildspec === undefined ? {} : { buildspec }),
    ...(registry === undefined ? {} : { registry }),
    ...(provenance === undefined ? {} : { provenance }),
    ...(sbom ? { sbom } : {}),
    ...(retention === undefined ? {} : { retention }),
  };
}

/** The schema lets exactly one source through. */
function sourceOf({ codecommit, github }: PipelineFile["source"]): SourceDefinition {
  if (codecommit !== undefined) return { type: "codecommit", ...codecommit };
  if (github === undefined) throw new Error("a pipeline without a source passed the schema");
  const { connection, ...rest } = github;
  return { type: "github", ...rest, ...(connection === undefined ? {} : { connection }) };
}
