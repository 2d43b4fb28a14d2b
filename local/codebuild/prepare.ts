import { readFile, realpath } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { BuildLog } from "./build-log.ts";
import { type Buildspec, BuildspecError, parseBuildspec } from "./buildspec.ts";
import type { Build, PhaseContext } from "./model.ts";
import { checkOut, SourceError } from "./source.ts";

export interface PrepareOptions {
  readonly build: Build;
  readonly directory: string;
  readonly localUrl: string;
  readonly log: BuildLog;
  readonly signal: AbortSignal;
}

export type Prepared =
  | { readonly buildspec: Buildspec; readonly commitId?: string; readonly url?: string }
  | { readonly failure: PhaseContext };

const DEFAULT_FILE = "buildspec.yml";

/** What CodeBuild does in DOWNLOAD_SOURCE: fetches the source, reads the buildspec, looks up its variables. */
export async function prepareSource(options: PrepareOptions): Promise<Prepared> {
  const { build, log } = options;
  log.agent("Phase is DOWNLOAD_SOURCE");
  log.agent(`CODEBUILD_SRC_DIR=${options.directory}`);
  try {
    const checkout = await checkOut(
      build.source,
      build.sourceVersion,
      options.directory,
      options.localUrl,
      options.signal,
    );
    const buildspec = parseBuildspec(await buildspecText(build, options.directory));
    const secrets = [
      ...build.environment.environmentVariables
        .filter(({ type }) => type !== "PLAINTEXT")
        .map(({ name }) => name),
      ...buildspec.secrets,
    ];
    if (secrets.length > 0) return { failure: secretsFailure(secrets) };
    for (const line of buildspec.ignored) log.agent(line);
    const phases = Object.entries(buildspec.phases);
    log.agent(`Phases found in YAML: ${phases.length}`);
    for (const [name, keys] of phases) log.agent(` ${name.toUpperCase()}: ${keys.commands.length} commands`);
    return { buildspec, ...checkout };
  } catch (error) {
    if (error instanceof BuildspecError) {
      return { failure: { statusCode: "YAML_FILE_ERROR", message: error.message } };
    }
    if (error instanceof SourceError) {
      return { failure: { statusCode: "CLIENT_ERROR", message: error.message } };
    }
    throw error;
  }
}

/** The buildspec is YAML itself, or the path of a file in the source. */
async function buildspecText(build: Build, directory: string): Promise<string> {
  const given = build.source.buildspec;
  if (given !== undefined && /\n|^\s*\{|^\s*version\s*:/.test(given)) return given;
  const path = given === undefined || given === "" ? DEFAULT_FILE : given;
  if (build.source.type === "NO_SOURCE") {
    throw new BuildspecError("a project without a source needs its buildspec inline");
  }
  if (path.startsWith("arn:")) throw new BuildspecError(`a buildspec in S3 is not emulated: ${path}`);
  try {
    const root = await realpath(directory);
    const file = await realpath(join(root, path));
    if (relative(root, file).split(sep)[0] === "..")
      throw new BuildspecError(`${path} is outside of the source`);
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof BuildspecError) throw cause;
    throw new BuildspecError(`the source has no file ${path}, and no buildspec was given inline`, { cause });
  }
}

function secretsFailure(names: readonly string[]): PhaseContext {
  return {
    statusCode: "Decrypted Variables Error",
    message:
      `${names.join(", ")}: Parameter Store and Secrets Manager are not emulated; ` +
      "give the value as a variable of type PLAINTEXT",
  };
}
