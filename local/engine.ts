/**
 * The container engine of this machine, as the services that need one see it. `selectEngine` in
 * `engine/select.ts` is the only place that looks at the machine.
 */

/** The architectures of ECS's `ecs.cpu-architecture`. */
export type Architecture = "x86_64" | "arm64";

export interface Engine {
  /** What builds images: docker itself, buildah, or the built-in builder (which runs no `RUN`). */
  readonly name: "docker" | "podman" | "none";
  /** One line for a person, e.g. `podman 4.3.1, buildah 1.28.2, arm64 by qemu`. */
  readonly description: string;
  /** Runs tasks as real containers; absent without an engine, and tasks are then simulated. */
  readonly containers?: ContainerRuntime;
  /** Removes every container of this instance, and what the engine keeps for them. Called once, after everything else. */
  close?(): Promise<void>;
}

/** What ECS asks of an engine. All containers carry the label `tandem.local=<instance>` so that none is left behind. */
export interface ContainerRuntime {
  /**
   * Pulls the platform's image of `image` (an index or a single image) from the local registry and starts it.
   * @throws ContainerError (`engine/errors.ts`) named as the ECS agent names it
   */
  run(options: RunContainer): Promise<RunningContainer>;
}

export interface RunContainer {
  readonly name: string;
  readonly image: string;
  readonly architecture: Architecture;
  readonly environment: Readonly<Record<string, string>>;
  readonly entryPoint?: readonly string[];
  readonly command?: readonly string[];
  /** Container ports to publish; the engine picks host ports on 127.0.0.1 where `hostPort` is 0. */
  readonly ports: readonly { readonly containerPort: number; readonly hostPort: number }[];
  /** The task belongs to no service: it does its work and ends. A simulated one ends by itself, too. */
  readonly oneOff?: boolean;
  /** Keeps standard input open (docker's `--interactive`); otherwise it is at its end. */
  readonly interactive?: boolean;
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly readonlyRootFilesystem?: boolean;
  readonly log: (line: string) => void;
}

export interface RunningContainer {
  readonly runtimeId: string;
  /** The digest the task is reported with: of the index when `image` names one by digest, as ECS does. */
  readonly imageDigest: string;
  readonly ports: readonly { readonly containerPort: number; readonly hostPort: number }[];
  /** Resolves when it has ended, with its exit code. */
  readonly exited: Promise<number>;
  /** Runs a command in the container, as a health check does; the exit code, or 1 when it takes too long. */
  exec(command: readonly string[], timeoutSeconds: number): Promise<number>;
  stop(timeoutSeconds: number): Promise<void>;
}
