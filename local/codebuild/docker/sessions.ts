import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import type { Descriptor } from "./image.ts";

/** What one build may use of docker. */
export interface BuildDocker {
  /** Variables that the `docker` command needs. */
  readonly environment: Readonly<Record<string, string>>;
  /** Stops what is under way, and resolves when nothing of it is left. */
  close(): Promise<void>;
}

/** How builds come to docker. */
export interface DockerAccess {
  open(options: SessionOptions): Promise<BuildDocker>;
}

/** What the `docker` command of one build stands on, where this machine has no docker. */
export interface DockerSession extends BuildDocker {
  /** The build's own platform, for commands that name none. */
  readonly platform: string;
  /** A folder for scratch files, removed with the build. */
  readonly folder: string;
  /** Images by name, as `docker build -t` and `docker tag` give them. */
  readonly images: Map<string, Descriptor>;
  /** Aborted when the build ends before its commands do. */
  readonly signal: AbortSignal;
  /** Notes work under way, so that closing waits for it. @returns the work */
  work(promise: Promise<void>): Promise<void>;
}

export interface SessionOptions {
  /** The build's own platform. */
  readonly platform: string;
  /** A folder of its own, removed with the build. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface DockerSessions extends DockerAccess {
  find(token: string): DockerSession | undefined;
}

/**
 * The builds that may use the `docker` command. A token, known to the build alone, keeps other programs of this machine
 * from running commands through the endpoint.
 *
 * @param address `host:port` of the local endpoint
 */
export function createDockerSessions(address: string): DockerSessions {
  const sessions = new Map<string, DockerSession>();
  return {
    find: (token) => sessions.get(token),
    open: async ({ platform, folder, signal }) => {
      await mkdir(folder, { recursive: true });
      const token = randomBytes(24).toString("hex");
      const over = new AbortController();
      const working = new Set<Promise<void>>();
      const session: DockerSession = {
        platform,
        folder,
        images: new Map(),
        signal: AbortSignal.any([signal, over.signal]),
        environment: { TANDEM_LOCAL_DOCKER: address, TANDEM_LOCAL_DOCKER_TOKEN: token },
        work: async (promise) => {
          working.add(promise);
          await promise.finally(() => working.delete(promise));
        },
        close: async () => {
          sessions.delete(token);
          over.abort();
          await Promise.allSettled(working);
        },
      };
      sessions.set(token, session);
      return session;
    },
  };
}
