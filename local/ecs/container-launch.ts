import { ContainerError } from "../engine/errors.ts";
import type { ContainerRuntime, RunContainer, RunningContainer } from "../engine.ts";
import type { LocalContext } from "../service.ts";
import type { ExecutableCheck } from "./executable.ts";
import type { ImagePins } from "./image-pins.ts";
import { ociArchitecture, PlatformMissing, type ResolvedImage, type ResolveImage } from "./images.ts";
import { overrideOf, overridesSchema } from "./overrides.ts";
import type { Task, TaskContainer } from "./task.ts";
import type { ContainerDefinition } from "./types.ts";

export interface LaunchDependencies {
  readonly context: LocalContext;
  readonly runtime: ContainerRuntime;
  readonly simulated: boolean;
  readonly resolve: ResolveImage;
  readonly check: ExecutableCheck;
  readonly pins: ImagePins;
}

/** The exit code of a process that could not be executed, as docker reports an `exec format error`. */
const cannotExecute = 255;

/**
 * Starts one container of a task: resolves its image for the host's architecture, checks that the host could execute it
 * (a laptop that emulates arm64 also executes what a Graviton host would refuse), and runs it.
 *
 * @throws ContainerError when it cannot be pulled, created or started.
 */
export async function launchContainer(
  deps: LaunchDependencies,
  task: Task,
  container: TaskContainer,
  definition: ContainerDefinition,
): Promise<RunningContainer> {
  const log = logOf(deps.context, task, definition);
  const pinned = deps.pins.get(task, container.name);
  const named = pinned === undefined ? definition.image : `${definition.image.replace(/@.*$/, "")}@${pinned}`;
  const image = await resolveFor(task, definition.image, () =>
    deps.resolve(withoutTag(named), task.architecture),
  );
  if (image === undefined && deps.simulated) {
    throw new ContainerError(
      "CannotPullContainerError",
      `${definition.image} is not in the local registry (${deps.context.registryHost}), and without a container engine no other is asked. Push the image there.`,
    );
  }
  const override = overrideOf(overridesSchema.parse(task.overrides), container.name);
  const entryPoint = definition.entryPoint;
  const command = override?.command ?? definition.command;
  if (image !== undefined) {
    container.imageDigest = image.digest;
    deps.pins.set(task, container.name, image.digest);
    const problem =
      image.architecture !== undefined && image.architecture !== ociArchitecture[task.architecture]
        ? `exec ${(entryPoint ?? image.entryPoint)[0] ?? ""}: exec format error`
        : await deps.check(image, task.architecture, entryPoint, command);
    if (problem !== undefined) {
      log(problem);
      container.reason = problem;
      return endedContainer(image.digest);
    }
  }
  const options: RunContainer = {
    name: `tandem-${task.id.slice(0, 12)}-${container.name}`,
    image: image?.pinned ?? definition.image,
    architecture: task.architecture,
    environment: environmentOf(task.launchType, definition, override?.environment ?? []),
    ...(entryPoint === undefined ? {} : { entryPoint }),
    ...(command === undefined ? {} : { command }),
    ports: definition.portMappings.map(({ containerPort, hostPort }) => ({
      containerPort,
      // With a network interface of its own a task takes no port of its host: here any that is free.
      hostPort: task.networkInterface === undefined ? (hostPort ?? 0) : 0,
    })),
    oneOff: task.serviceArn === undefined,
    interactive: definition.interactive ?? false,
    ...(definition.user === undefined ? {} : { user: definition.user }),
    ...(definition.workingDirectory === undefined ? {} : { workingDirectory: definition.workingDirectory }),
    readonlyRootFilesystem: definition.readonlyRootFilesystem ?? false,
    log,
  };
  return deps.runtime.run(options);
}

/**
 * Fargate looks for the platform itself, also in an image that is no index, and says so in words of its own; a host's docker
 * takes such an image, whose program then cannot be executed.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
 */
async function resolveFor(
  task: Task,
  named: string,
  resolve: () => Promise<ResolvedImage | undefined>,
): Promise<ResolvedImage | undefined> {
  if (task.launchType !== "FARGATE") return resolve();
  const wanted = ociArchitecture[task.architecture];
  try {
    const image = await resolve();
    if (image?.architecture === undefined || image.architecture === wanted) return image;
  } catch (error) {
    if (!(error instanceof PlatformMissing)) throw error;
  }
  throw new ContainerError(
    "CannotPullContainerError",
    `pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform 'linux/${wanted}' (${named})`,
  );
}

/** `repo:tag@digest` names the digest alone, as docker reads it. */
const withoutTag = (image: string): string => image.replace(/:[^:@/]+@/, "@");

function endedContainer(imageDigest: string): RunningContainer {
  return {
    runtimeId: "",
    imageDigest,
    ports: [],
    exited: Promise.resolve(cannotExecute),
    exec: () => Promise.resolve(1),
    stop: () => Promise.resolve(),
  };
}

function environmentOf(
  launchType: Task["launchType"],
  definition: ContainerDefinition,
  overrides: readonly { readonly name: string; readonly value: string }[],
): Record<string, string> {
  const given = [...definition.environment, ...overrides].map(({ name, value }) => [name, value] as const);
  return { AWS_EXECUTION_ENV: `AWS_ECS_${launchType}`, ...Object.fromEntries(given) };
}

/**
 * The awslogs driver: stream `prefix/container/task`.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
 */
function logOf(context: LocalContext, task: Task, definition: ContainerDefinition): (line: string) => void {
  const { logDriver, options } = definition.logConfiguration ?? {};
  const group = options?.["awslogs-group"];
  if (logDriver !== "awslogs" || group === undefined) return () => undefined;
  const prefix = options?.["awslogs-stream-prefix"];
  const stream = prefix === undefined ? task.id : `${prefix}/${definition.name}/${task.id}`;
  return (line) => context.logs.put(group, stream, [line]);
}
