import { asOci, OCI_LAYER_GZIP } from "../ecr/media-types.ts";
import type { Descriptor } from "./base-image.ts";
import { Refusal } from "./build-error.ts";
import { configure, type Description, environment } from "./configure.ts";
import type { BuildContext } from "./context-tree.ts";
import { runCopy } from "./copy-instruction.ts";
import type { Instruction } from "./dockerfile.ts";
import { cloneTree, type Directory, lookUp, makeDirectory, newDirectory, resolveLinks } from "./file-tree.ts";
import type { ImageConfig } from "./image-config.ts";
import type { ImageStore } from "./image-store.ts";
import { writeLayer } from "./layer.ts";
import { takeOut, treeOfLayers } from "./layers-tree.ts";
import type { Spool } from "./spool.ts";
import { expand, expandVariables, splitQuoted, type Variables } from "./words.ts";

/** What all stages of a build share. */
export interface BuildSurroundings {
  readonly store: ImageStore;
  readonly spool: Spool;
  readonly epochSeconds: number;
  readonly escapeCharacter: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** ARGs from before the first FROM, and the platform's: what an ARG without a default takes. */
  readonly globalArgs: ReadonlyMap<string, string>;
  readonly context: () => Promise<BuildContext>;
  /** The file system that `COPY --from` names, and the media types of the layers it is in. */
  readonly copySource: (reference: string) => Promise<CopySource>;
  readonly signal: AbortSignal | undefined;
}

export interface CopySource {
  readonly root: Directory;
  readonly layers: readonly Descriptor[];
}

/** A stage while it is being built: an image, and the file system in it. */
export class StageBuild {
  readonly #surroundings: BuildSurroundings;
  readonly #description: Description;
  readonly layers: Descriptor[];
  /** Read only when it is needed: an image's layers may be large. */
  #root: Directory | undefined;
  /** Working directories to be made in the file system once it is read. */
  readonly #workingDirectories: string[] = [];

  constructor(surroundings: BuildSurroundings, image: ImageConfig, layers: readonly Descriptor[]) {
    this.#surroundings = surroundings;
    this.#description = { image, args: new Map(), commandSet: false };
    this.layers = [...layers];
  }

  get image(): ImageConfig {
    return this.#description.image;
  }

  /** A stage that goes on from this one. */
  async derive(): Promise<StageBuild> {
    const next = new StageBuild(this.#surroundings, this.image, this.layers);
    next.#root = this.#root && cloneTree(this.#root);
    next.#workingDirectories.push(...this.#workingDirectories);
    return next;
  }

  /** The stage's file system. */
  async root(): Promise<Directory> {
    const { store, signal } = this.#surroundings;
    this.#root ??= this.layers.length === 0 ? newDirectory() : await treeOfLayers(this.layers, store, signal);
    for (const path of this.#workingDirectories.splice(0)) {
      makeDirectory(this.#root, path, {}, (steps) => this.#markPending(steps));
    }
    return this.#root;
  }

  /** The instruction as it will be carried out: with its variables put in where that can be done. */
  describe({ keyword, source }: Instruction): string {
    if (keyword !== "COPY" && keyword !== "ADD") return source;
    try {
      return expandVariables(source, this.#expander());
    } catch (cause) {
      if (cause instanceof Refusal) return source;
      throw cause;
    }
  }

  /**
   * Carries out one instruction.
   *
   * @throws Refusal
   */
  async run(instruction: Instruction): Promise<void> {
    const { keyword } = instruction;
    const handler = configure[keyword];
    if (keyword === "COPY" || keyword === "ADD") return this.#copy(instruction);
    if (keyword === "ARG") this.#arg(instruction);
    else if (keyword === "WORKDIR") this.#workdir(instruction);
    else if (handler) {
      const { escapeCharacter } = this.#surroundings;
      handler(this.#description, instruction, this.#expander(), escapeCharacter);
    } else throw new Refusal(`${keyword} is not known`, "correct or remove it");
    this.#record(instruction, true);
  }

  async #copy(instruction: Instruction): Promise<void> {
    const { store, spool, epochSeconds, signal, copySource, context } = this.#surroundings;
    const expander = this.#expander();
    const fromFlag = instruction.flags.find((flag) => flag.name === "from")?.value;
    const source = fromFlag === undefined ? undefined : await copySource(fromFlag);
    const buildContext = source ? undefined : await context();
    const root = await this.root();
    const changes = await runCopy(instruction, {
      root,
      workingDirectory: this.image.config.WorkingDir ?? "/",
      from: source?.root ?? buildContext?.root ?? newDirectory(),
      context: buildContext,
      expand: expander,
      spool,
      signal,
    });
    const mediaTypes = new Map((source?.layers ?? []).map((layer) => [layer.digest, layer.mediaType]));
    const whole = await takeOut(changes, mediaTypes, store, spool, signal);
    // What was taken out stays so: the next stage that copies it on need not know this stage's sources.
    for (const [path, node] of whole) this.#replace(root, path, node);
    const layer = await writeLayer(whole, epochSeconds, store, signal);
    this.layers.push({ mediaType: OCI_LAYER_GZIP, digest: layer.digest, size: layer.size });
    const { rootfs } = this.image;
    this.#description.image = {
      ...this.image,
      rootfs: { ...rootfs, diff_ids: [...rootfs.diff_ids, layer.diffId] },
    };
    this.#record(instruction, false);
  }

  #replace(root: Directory, path: string, node: Parameters<Directory["entries"]["set"]>[1]): void {
    if (node.kind !== "file") return;
    const steps = path.split("/");
    const parent = lookUp(root, steps.slice(0, -1));
    if (parent?.kind === "directory") parent.entries.set(steps.at(-1) ?? "", node);
  }

  #arg({ text }: Instruction): void {
    const { buildArgs, globalArgs, escapeCharacter } = this.#surroundings;
    for (const [name, fallback] of parseArgs(text, escapeCharacter)) {
      const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined;
      const value = given ?? (fallback === undefined ? globalArgs.get(name) : this.#expander()(fallback));
      if (value !== undefined) this.#description.args.set(name, value);
    }
  }

  #workdir({ text }: Instruction): void {
    const path = this.#expander()(text);
    if (path === "") throw new Refusal("WORKDIR names no directory", "write WORKDIR /app, for example");
    const { config } = this.image;
    const absolute = path.startsWith("/") ? path : `${config.WorkingDir ?? "/"}/${path}`;
    const WorkingDir = `/${resolveLinks(newDirectory(), absolute).join("/")}`;
    this.#description.image = { ...this.image, config: { ...config, WorkingDir } };
    this.#workingDirectories.push(WorkingDir);
  }

  #markPending(steps: readonly string[]): void {
    const root = this.#root;
    const node = root && lookUp(root, steps);
    const parent = root && lookUp(root, steps.slice(0, -1));
    if (node?.kind === "directory" && parent?.kind === "directory") {
      parent.entries.set(steps.at(-1) ?? "", { ...node, pending: true });
    }
  }

  #expander(): (word: string) => string {
    const variables = this.#variables();
    return (word) => expand(word, variables, this.#surroundings.escapeCharacter);
  }

  /** What an instruction sees is what was set before it. ENV goes before ARG. */
  #variables(): Variables {
    const values = new Map([...this.#description.args, ...environment(this.image)]);
    return (name) => values.get(name);
  }

  #record(instruction: Instruction, empty: boolean): void {
    const entry = {
      created: new Date(this.#surroundings.epochSeconds * 1000).toISOString(),
      created_by: this.describe(instruction),
      comment: "tandem.builder.v0",
      ...(empty ? { empty_layer: true } : {}),
    };
    this.#description.image = { ...this.image, history: [...this.image.history, entry] };
  }
}

/** Reads `NAME`, `NAME=default` and several of them. */
export function parseArgs(
  text: string,
  escapeCharacter: string,
): readonly (readonly [string, string | undefined])[] {
  const words = splitQuoted(text, escapeCharacter);
  if (words.length === 0) throw new Refusal("ARG names nothing", "write ARG NAME or ARG NAME=default");
  return words.map((word) => {
    const at = word.indexOf("=");
    const name = at < 0 ? word : word.slice(0, at);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new Refusal(`ARG ${name} is not a name`, "correct it");
    return [name, at < 0 ? undefined : word.slice(at + 1)];
  });
}

/** A layer's descriptor in OCI's words, whatever the base image's family. */
export function ociLayer({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType: asOci(mediaType), digest, size };
}
