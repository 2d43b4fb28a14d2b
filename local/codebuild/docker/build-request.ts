import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { type FlagKinds, type ParsedFlags, parseCsv, parseFlags, UsageError } from "./flags.ts";
import { parseReference, parseRemote } from "./reference.ts";

/** One `docker build`, as its command line asks for it. */
export interface BuildRequest {
  readonly contextDir: string;
  /** Absolute. */
  readonly dockerfile: string;
  /** `linux/arm64`. */
  readonly platform: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly noCache: boolean;
  /** Names to give the image, without a registry kept for later commands of this build. */
  readonly names: readonly string[];
  readonly push: boolean;
  /** Pushes without a tag, under the image's digest alone. */
  readonly pushByDigest: boolean;
  readonly metadataFile?: string;
  readonly iidFile?: string;
  /** Flags that have no effect here, each with the reason. */
  readonly notes: readonly string[];
}

const FLAGS: FlagKinds = {
  "--platform": "value",
  "--file": "value",
  "--build-arg": "value",
  "--label": "value",
  "--annotation": "value",
  "--target": "value",
  "--tag": "value",
  "--provenance": "value",
  "--sbom": "value",
  "--cache-from": "value",
  "--cache-to": "value",
  "--metadata-file": "value",
  "--iidfile": "value",
  "--output": "value",
  "--progress": "value",
  "--builder": "value",
  "--network": "value",
  "--push": "switch",
  "--load": "switch",
  "--no-cache": "switch",
  "--pull": "switch",
  "--quiet": "switch",
};
const SHORT = { "-f": "--file", "-t": "--tag", "-o": "--output", "-q": "--quiet" };

/**
 * Reads the command line of `docker build` and `docker buildx build`.
 * See https://docs.docker.com/reference/cli/docker/buildx/build/.
 *
 * @throws UsageError naming what is missing or not supported
 */
export async function readBuildRequest(
  command: string,
  args: readonly string[],
  surroundings: { readonly cwd: string; readonly platform: string; readonly sourceDateEpoch: string },
): Promise<BuildRequest> {
  const { flags, positionals } = parseFlags(command, args, FLAGS, SHORT);
  const { cwd, sourceDateEpoch } = surroundings;
  const last = (name: string) => flags.get(name)?.at(-1);
  const [context, ...more] = positionals;
  if (context === undefined || more.length > 0) {
    throw new UsageError(`${command} takes exactly one context folder, and was given ${positionals.length}`);
  }
  if (context === "-" || /^[\w+.-]+:\/\//.test(context)) {
    throw new UsageError(
      `${command}: the context ${context} is not a folder; local builds take nothing else`,
    );
  }
  const contextDir = resolve(cwd, context);
  const file = last("--file");
  const dockerfile = file === undefined ? resolve(contextDir, "Dockerfile") : resolve(cwd, file);
  await exists(dockerfile, `${command}: there is no Dockerfile ${dockerfile}`);
  const target = last("--target");
  const metadataFile = last("--metadata-file");
  const iidFile = last("--iidfile");
  const epoch: Record<string, string> = sourceDateEpoch === "" ? {} : { SOURCE_DATE_EPOCH: sourceDateEpoch };
  return {
    contextDir,
    dockerfile,
    platform: platformOf(command, last("--platform") ?? surroundings.platform),
    buildArgs: { ...epoch, ...pairs(flags, "--build-arg") },
    labels: pairs(flags, "--label"),
    annotations: pairs(flags, "--annotation"),
    ...(target === undefined ? {} : { target }),
    noCache: last("--no-cache") === "true",
    ...outputOf(command, flags),
    ...(metadataFile === undefined ? {} : { metadataFile: resolve(cwd, metadataFile) }),
    ...(iidFile === undefined ? {} : { iidFile: resolve(cwd, iidFile) }),
    notes: notesOn(flags),
  };
}

function platformOf(command: string, platform: string): string {
  if (/^linux\/(amd64|arm64(\/v8)?|arm\/v[67]|386|riscv64|ppc64le|s390x)$/.test(platform)) {
    return platform.replace(/^linux\/arm64\/v8$/, "linux/arm64");
  }
  if (platform.includes(",")) {
    throw new UsageError(
      `${command}: --platform ${platform}: local builds make one platform at a time, as Tandem does on AWS`,
    );
  }
  throw new UsageError(
    `${command}: --platform ${platform} is not one of linux/amd64, linux/arm64, linux/arm/v7, …`,
  );
}

function outputOf(command: string, flags: ParsedFlags["flags"]) {
  const tags = [...(flags.get("--tag") ?? [])];
  for (const tag of tags) parseReference(tag);
  const outputs = flags.get("--output") ?? [];
  const text = outputs[0];
  if (outputs.length > 1) throw new UsageError(`${command}: local builds take one --output`);
  const pushed = flags.get("--push")?.at(-1) === "true";
  if (text === undefined) {
    if (pushed && tags.length === 0) throw new UsageError(`${command}: --push needs a name: add --tag`);
    if (pushed) for (const tag of tags) parseRemote(tag);
    return { names: tags, push: pushed, pushByDigest: false };
  }
  const output = parseCsv(text);
  const type = output.get("type");
  if (type !== "image" && type !== "registry" && type !== "docker") {
    throw new UsageError(
      `${command}: --output type=${type ?? ""}: local builds support image, registry and docker`,
    );
  }
  const known = [
    "type",
    "name",
    "push",
    "push-by-digest",
    "name-canonical",
    "oci-mediatypes",
    "compression",
    "unpack",
  ];
  const unknown = [...output.keys()].filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    throw new UsageError(
      `${command}: --output: local builds do not support ${unknown.join(", ")} (${known.join(", ")})`,
    );
  }
  const names = [...(output.get("name")?.split(",") ?? []), ...tags].filter((name) => name !== "");
  const push = pushed || type === "registry" || output.get("push") === "true";
  const pushByDigest = output.get("push-by-digest") === "true";
  if (push && names.length === 0) throw new UsageError(`${command}: --output pushes nowhere: add name=`);
  if (push) for (const name of names) parseRemote(name);
  return { names, push, pushByDigest };
}

function pairs(flags: ParsedFlags["flags"], name: string): Record<string, string> {
  const values = flags.get(name) ?? [];
  return Object.fromEntries(
    values
      // `--build-arg NAME` of a variable that is not set means nothing.
      .filter((value) => value.includes("="))
      .map((value) => [value.slice(0, value.indexOf("=")), value.slice(value.indexOf("=") + 1)]),
  );
}

function notesOn(flags: ParsedFlags["flags"]): readonly string[] {
  const notes: string[] = [];
  if (flags.has("--cache-from") || flags.has("--cache-to")) {
    notes.push("--cache-from and --cache-to have no effect in local builds");
  }
  for (const name of ["--provenance", "--sbom"]) {
    const value = flags.get(name)?.at(-1);
    if (value !== undefined && value !== "false") notes.push(`${name} is not made in local builds`);
  }
  return notes;
}

async function exists(file: string, otherwise: string): Promise<void> {
  await access(file).catch(() => {
    throw new UsageError(otherwise);
  });
}
