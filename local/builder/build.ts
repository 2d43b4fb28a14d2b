import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, isAbsolute, relative, resolve } from "node:path";
import { BuildError, Refusal } from "./build-error.ts";
import type { BuildOptions, BuiltImage } from "./build-options.ts";
import { type BuildContext, readContext } from "./context-tree.ts";
import { type Dockerfile, type Instruction, parseDockerfile } from "./dockerfile.ts";
import { exportImage } from "./export-image.ts";
import { type GlobalScope, globalScope } from "./global-args.ts";
import { scratchConfig } from "./image-config.ts";
import { fetchLayers, treeOfLayers } from "./layers-tree.ts";
import { type Platform, parsePlatform } from "./platform.ts";
import { Progress } from "./progress.ts";
import { refuseImpossible } from "./refused.ts";
import { Spool } from "./spool.ts";
import { type BuildSurroundings, type CopySource, parseArgs, StageBuild } from "./stage-build.ts";
import { divide, findStage, neededStages, type Stage } from "./stages.ts";

export type { BuildOptions, BuiltImage };

/**
 * Builds an image from a Dockerfile without a container engine. Everything but running commands: `RUN` and what
 * else cannot be done is refused, all of it at once. The same files, arguments and base images give the same digest.
 *
 * @throws BuildError with file, line and remedy of every fault
 */
export async function buildImage(options: BuildOptions): Promise<BuiltImage> {
  const progress = new Progress(options.log);
  const spool = new Spool(options.scratchDir ?? tmpdir());
  const path = resolve(options.contextDir, options.dockerfile);
  try {
    const dockerfile = await progress.step("[internal] load build definition", async (say) => {
      const text = await readDockerfile(path, options.contextDir);
      say(`transferring dockerfile: ${Buffer.byteLength(text)}B done`);
      return parseDockerfile(displayName(path, options.contextDir), text);
    });
    return await new Build(options, dockerfile, path, progress, spool).run();
  } catch (cause) {
    // Streams that were stopped have errors of their own.
    options.signal?.throwIfAborted();
    throw cause;
  } finally {
    await spool.clear();
  }
}

/** One build. */
class Build {
  readonly #options: BuildOptions;
  readonly #dockerfile: Dockerfile;
  readonly #path: string;
  readonly #progress: Progress;
  readonly #spool: Spool;
  readonly #scope: GlobalScope;
  readonly #stages: readonly Stage[];
  readonly #platform: Platform;
  readonly #epochSeconds: number;
  readonly #built = new Map<Stage, StageBuild>();
  #context: Promise<BuildContext> | undefined;

  constructor(options: BuildOptions, dockerfile: Dockerfile, path: string, progress: Progress, spool: Spool) {
    this.#options = options;
    this.#dockerfile = dockerfile;
    this.#path = path;
    this.#progress = progress;
    this.#spool = spool;
    this.#platform = this.#at(undefined, () => parsePlatform(options.platform));
    this.#epochSeconds = this.#at(undefined, () => readEpoch(options.buildArgs?.SOURCE_DATE_EPOCH));
    const { globalArgs, stages } = divide(dockerfile);
    this.#scope = this.#at(globalArgs[0], () =>
      globalScope(globalArgs, this.#platform, options.buildArgs ?? {}, dockerfile.escapeCharacter),
    );
    // From here on bases and platforms are as they are meant, not as they are written.
    this.#stages = stages.map((stage) => this.#at(stage.from, () => this.#scope.expandStage(stage)));
  }

  async run(): Promise<BuiltImage> {
    const target = this.#target();
    const needed = neededStages(this.#stages, target);
    refuseImpossible(this.#dockerfile, needed);
    for (const stage of needed) {
      this.#built.set(stage, await this.#buildStage(stage));
    }
    this.#warnUnused(needed);
    const final = this.#built.get(target);
    if (!final) throw new Error("the target was not built");
    return this.#progress.step("exporting to image", (say) =>
      exportImage(final, this.#options, this.#epochSeconds, say),
    );
  }

  #target(): Stage {
    const { target } = this.#options;
    const found = target === undefined ? this.#stages.at(-1) : findStage(this.#stages, target, true);
    if (found) return found;
    const names = this.#stages.flatMap(({ name }) => (name === undefined ? [] : [name]));
    throw new BuildError([
      {
        file: this.#dockerfile.file,
        line: 0,
        reason: `there is no stage ${target}`,
        remedy: `choose one of ${names.join(", ") || "those there are, by number from 0"}`,
      },
    ]);
  }

  async #buildStage(stage: Stage): Promise<StageBuild> {
    const total = 1 + stage.instructions.filter(({ keyword }) => makesLayer(keyword)).length;
    const label = (step: number): string =>
      `[${stage.name === undefined ? "" : `${stage.name} `}${step}/${total}]`;
    const build = await this.#progress.step(`${label(1)} FROM ${stage.base}`, () =>
      this.#atLine(stage.from, () => this.#begin(stage)),
    );
    let step = 1;
    for (const instruction of stage.instructions) {
      this.#options.signal?.throwIfAborted();
      const run = (): Promise<void> => this.#atLine(instruction, () => build.run(instruction));
      if (!makesLayer(instruction.keyword)) await run();
      else {
        step += 1;
        await this.#progress.step(`${label(step)} ${build.describe(instruction)}`, run);
      }
    }
    return build;
  }

  async #begin(stage: Stage): Promise<StageBuild> {
    const earlier = findStage(this.#stages.slice(0, stage.index), stage.base, false);
    const before = earlier && this.#built.get(earlier);
    if (before) return before.derive();
    const platform = stage.platform === undefined ? this.#platform : parsePlatform(stage.platform);
    const surroundings = this.#surroundings(stage);
    if (stage.base === "scratch") return new StageBuild(surroundings, scratchConfig(platform), []);
    const base = await this.#options.resolveBase(stage.base, platform);
    if ((base.config.config.OnBuild ?? []).length > 0) {
      throw new Refusal(
        `${base.name} has ONBUILD instructions, which the built-in builder does not know`,
        "build on another image, or install docker or podman with buildah",
      );
    }
    await fetchLayers(base, this.#options.store, this.#options.signal);
    return new StageBuild(surroundings, base.config, base.layers);
  }

  #surroundings(stage: Stage): BuildSurroundings {
    const { store, buildArgs = {}, signal } = this.#options;
    return {
      store,
      spool: this.#spool,
      epochSeconds: this.#epochSeconds,
      escapeCharacter: this.#dockerfile.escapeCharacter,
      buildArgs,
      globalArgs: this.#scope.values,
      context: () => this.#readContext(),
      copySource: (reference) => this.#copySource(stage, reference),
      signal,
    };
  }

  async #copySource(stage: Stage, reference: string): Promise<CopySource> {
    const earlier = findStage(this.#stages.slice(0, stage.index), reference, true);
    const build = earlier && this.#built.get(earlier);
    if (build) return { root: await build.root(), layers: build.layers };
    const { resolveBase, store, signal } = this.#options;
    const image = await resolveBase(reference, this.#platform);
    await fetchLayers(image, store, signal);
    return { root: await treeOfLayers(image.layers, store, signal), layers: image.layers };
  }

  #readContext(): Promise<BuildContext> {
    this.#context ??= readContext(this.#options.contextDir, this.#path).catch((cause) => {
      if (cause instanceof Refusal) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Refusal(
        `the build context cannot be read: ${reason}`,
        "make it readable, or name it in .dockerignore",
        { cause },
      );
    });
    return this.#context;
  }

  #warnUnused(needed: readonly Stage[]): void {
    const declared = new Set(this.#scope.values.keys()).add("SOURCE_DATE_EPOCH");
    for (const { keyword, text } of needed.flatMap((stage) => stage.instructions)) {
      if (keyword !== "ARG") continue;
      for (const [name] of parseArgs(text, this.#dockerfile.escapeCharacter)) declared.add(name);
    }
    const unused = Object.keys(this.#options.buildArgs ?? {}).filter((name) => !declared.has(name));
    if (unused.length > 0)
      this.#options.log(`WARNING: no ARG takes the build arguments ${unused.join(", ")}`);
  }

  /** Adds file and line to what a step refuses. */
  async #atLine<T>(instruction: Instruction, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw this.#located(instruction, cause);
    }
  }

  #at<T>(instruction: Instruction | undefined, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw this.#located(instruction, cause);
    }
  }

  #located(instruction: Instruction | undefined, cause: unknown): unknown {
    if (!(cause instanceof Refusal)) return cause;
    const { file } = this.#dockerfile;
    const fault = { file, line: instruction?.line ?? 0, reason: cause.message, remedy: cause.remedy };
    return new BuildError([fault], { cause });
  }
}

/** Whether BuildKit counts the instruction as a step. */
function makesLayer(keyword: string): boolean {
  return keyword === "COPY" || keyword === "ADD";
}

/** SOURCE_DATE_EPOCH: https://reproducible-builds.org/specs/source-date-epoch/ */
function readEpoch(text = "0"): number {
  if (/^\d{1,11}$/.test(text)) return Number(text);
  throw new Refusal(`SOURCE_DATE_EPOCH=${text} is not a time`, "give seconds since 1970, e.g. of the commit");
}

async function readDockerfile(path: string, contextDir: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const fault = {
      file: displayName(path, contextDir),
      line: 0,
      reason: "the Dockerfile cannot be read",
      remedy: "give its path, counted from the context's folder",
    };
    throw new BuildError([fault], { cause });
  }
}

function displayName(path: string, contextDir: string): string {
  const inside = relative(contextDir, path);
  return inside.startsWith("..") || isAbsolute(inside) ? basename(path) : inside;
}
