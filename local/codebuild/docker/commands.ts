import { writeFile } from "node:fs/promises";
import type { ImageStore } from "../../builder/image-store.ts";
import { type BuildRequest, readBuildRequest } from "./build-request.ts";
import type { BuiltImage, ImageBuilder } from "./builder.ts";
import { parseFlags, UsageError } from "./flags.ts";
import type { Descriptor } from "./image.ts";
import { inspectImage } from "./imagetools.ts";
import { parseReference, parseRemote } from "./reference.ts";
import { remoteRepository } from "./registry-client.ts";

/** What one `docker …` runs in. */
export interface CommandContext {
  readonly cwd: string;
  readonly platform: string;
  /** The value of the variable SOURCE_DATE_EPOCH, or empty. */
  readonly sourceDateEpoch: string;
  readonly folder: string;
  readonly store: ImageStore;
  /** Images by name, for `docker tag` and `docker push`. */
  readonly images: Map<string, Descriptor>;
  readonly builder: ImageBuilder;
  readonly builderName: string;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
}

type Command = (args: readonly string[], context: CommandContext) => Promise<void>;

/** Every command line that local builds support, by the words it begins with. */
const COMMANDS: Readonly<Record<string, Command>> = {
  build: (args, context) => build("docker build", args, context),
  "buildx build": (args, context) => build("docker buildx build", args, context),
  "builder build": (args, context) => build("docker builder build", args, context),
  "image build": (args, context) => build("docker image build", args, context),
  "buildx imagetools inspect": async (args, context) =>
    context.print(await inspectImage(args, context.signal)),
  "buildx create": createBuilder,
  "buildx use": async () => {},
  "buildx rm": async (args, context) => context.print(`${args.at(-1) ?? "tandem"} removed`),
  "buildx inspect": async (_, context) =>
    context.print(
      `Name:   tandem\nDriver: ${context.builderName}\nStatus: running\nPlatforms: ${context.platform}`,
    ),
  "buildx ls": async (_, context) =>
    context.print(`NAME/NODE DRIVER/ENDPOINT\ntandem *  ${context.builderName}`),
  "buildx version": async (_, context) => context.print(`buildx of local builds, by ${context.builderName}`),
  version: async (_, context) => context.print(`docker of local builds, by ${context.builderName}`),
  info: async (_, context) =>
    context.print(`Server:\n Storage: this build's folder\n Builder: ${context.builderName}`),
  login,
  logout: async (args, context) =>
    context.print(`Removing login credentials for ${args.at(-1) ?? "the registry"}`),
  tag,
  "image tag": tag,
  push,
  "image push": push,
};

/**
 * Runs one `docker` command line.
 *
 * @throws UsageError when it is not supported, or fails
 */
export async function runCommand(args: readonly string[], context: CommandContext): Promise<void> {
  for (const words of [3, 2, 1]) {
    const name = args.slice(0, words).join(" ");
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command !== undefined) return command(args.slice(words), context);
  }
  const supported = Object.keys(COMMANDS).sort().join(", ");
  throw new UsageError(
    `docker ${args.slice(0, 2).join(" ")} is not supported in local builds. Supported: ${supported}`,
  );
}

async function build(command: string, args: readonly string[], context: CommandContext): Promise<void> {
  const request = await readBuildRequest(command, args, context);
  for (const note of request.notes) context.printError(`note: ${note}`);
  const image = await context.builder.build(request, {
    store: context.store,
    folder: context.folder,
    log: context.printError,
    signal: context.signal,
    named: (reference) => context.images.get(canonicalName(reference)),
  });
  for (const name of request.names) {
    if (!request.push) context.images.set(canonicalName(name), image.manifest);
    else await pushTo(name, image.manifest, request.pushByDigest, context);
  }
  if (request.iidFile !== undefined) await writeFile(request.iidFile, image.configDigest);
  if (request.metadataFile !== undefined) {
    await writeFile(request.metadataFile, `${JSON.stringify(metadataOf(request, image), null, 2)}\n`);
  }
}

/** The metadata file as BuildKit writes it, https://docs.docker.com/reference/cli/docker/buildx/build/#metadata-file. */
function metadataOf(request: BuildRequest, { manifest, configDigest }: BuiltImage) {
  const annotated = Object.keys(request.annotations).length > 0;
  return {
    "containerimage.config.digest": configDigest,
    "containerimage.descriptor": {
      mediaType: manifest.mediaType,
      digest: manifest.digest,
      size: manifest.size,
      ...(annotated ? { annotations: request.annotations } : {}),
    },
    "containerimage.digest": manifest.digest,
    ...(request.names.length === 0 ? {} : { "image.name": request.names.join(",") }),
  };
}

async function pushTo(
  name: string,
  manifest: Descriptor,
  byDigest: boolean,
  context: CommandContext,
): Promise<void> {
  const { host, repository, tag = "latest" } = parseRemote(name);
  const reference = byDigest ? manifest.digest : tag;
  await remoteRepository(host, repository, context.signal).push(context.store, manifest, [reference]);
  context.printError(`pushed ${host}/${repository}${byDigest ? "@" : ":"}${reference}`);
}

async function push(args: readonly string[], context: CommandContext): Promise<void> {
  const { positionals } = parseFlags("docker push", args, { "--quiet": "switch" }, { "-q": "--quiet" });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError("docker push takes exactly one image");
  const manifest = context.images.get(canonicalName(name));
  if (manifest === undefined)
    throw new UsageError(`docker push: this build has no image ${name}: build or tag it first`);
  await pushTo(name, manifest, false, context);
  const { tag = "latest" } = parseReference(name);
  context.print(`${tag}: digest: ${manifest.digest} size: ${manifest.size}`);
}

async function tag(args: readonly string[], context: CommandContext): Promise<void> {
  const [source, target, ...more] = args;
  if (source === undefined || target === undefined || more.length > 0) {
    throw new UsageError("docker tag takes two images: SOURCE TARGET");
  }
  const manifest = context.images.get(canonicalName(source));
  if (manifest === undefined)
    throw new UsageError(`docker tag: this build has no image ${source}: build it first`);
  context.images.set(canonicalName(target), manifest);
}

/** The registry takes any password: that one was given is all there is to check. */
async function login(args: readonly string[], context: CommandContext): Promise<void> {
  const kinds = { "--username": "value", "--password": "value", "--password-stdin": "switch" } as const;
  const { flags } = parseFlags("docker login", args, kinds, { "-u": "--username", "-p": "--password" });
  if (!flags.has("--username") || !(flags.has("--password") || flags.has("--password-stdin"))) {
    throw new UsageError(
      "docker login needs --username and --password-stdin: nobody can be asked in a build",
    );
  }
  context.print("Login Succeeded");
}

async function createBuilder(args: readonly string[], context: CommandContext): Promise<void> {
  const { flags } = parseFlags("docker buildx create", args, {
    "--name": "value",
    "--driver": "value",
    "--driver-opt": "value",
    "--platform": "value",
    "--node": "value",
    "--config": "value",
    "--buildkitd-config": "value",
    "--buildkitd-flags": "value",
    "--use": "switch",
    "--bootstrap": "switch",
  });
  context.print(flags.get("--name")?.at(-1) ?? "tandem");
}

function canonicalName(name: string): string {
  const { host, repository, tag, digest } = parseReference(name);
  const full = host === undefined ? repository : `${host}/${repository}`;
  return digest === undefined ? `${full}:${tag ?? "latest"}` : `${full}@${digest}`;
}
