import { execFile } from "node:child_process";
import { access, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import type { DockerAccess } from "./sessions.ts";

/** How the person at this machine has set up docker. */
export interface HostDocker {
  readonly path: string;
  /** Their `DOCKER_CONFIG`. */
  readonly config: string;
  /** `DOCKER_HOST`, `DOCKER_CONTEXT` and the like. */
  readonly environment: Readonly<Record<string, string>>;
}

const REMOVAL_TIMEOUT_MILLISECONDS = 20_000;

const configFile = z.object({
  currentContext: z.string().optional(),
  cliPluginsExtraDirs: z.array(z.string()).optional(),
});

/** Reads from this process's environment where docker is. */
export function hostDocker(path: string): HostDocker {
  const names = ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"];
  const set = names.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const config = process.env.DOCKER_CONFIG ?? join(homedir(), ".docker");
  return { path, config, environment: Object.fromEntries(set) };
}

/**
 * Lets builds use this machine's docker, each with a configuration of its own: the same daemon and plugins, none of the
 * person's credentials. The builders that a build has made go with it.
 */
export function createHostDockerAccess(host: HostDocker): DockerAccess {
  return {
    open: async ({ platform, folder }) => {
      const config = join(folder, "config");
      await mkdir(config, { recursive: true });
      // Contexts say where the daemon is, plugins bring buildx: Docker Desktop keeps both in the person's folder.
      for (const name of ["contexts", "cli-plugins"]) {
        const there = await access(join(host.config, name)).then(
          () => true,
          () => false,
        );
        if (there) await symlink(join(host.config, name), join(config, name));
      }
      const own = configFile.safeParse(await readJson(join(host.config, "config.json")));
      await writeFile(join(config, "config.json"), JSON.stringify(own.success ? own.data : {}));
      const environment = {
        ...host.environment,
        DOCKER_CONFIG: config,
        DOCKER_DEFAULT_PLATFORM: platform,
        TANDEM_LOCAL_BUILD: basename(join(folder, "..")).slice(0, 8),
      };
      return { environment, close: () => removeBuilders(config, { ...environment, PATH: host.path }) };
    },
  };
}

/** Removes the builders, which are containers, that were made with a configuration. */
async function removeBuilders(config: string, environment: Readonly<Record<string, string>>): Promise<void> {
  const names = await readdir(join(config, "buildx", "instances")).catch(() => []);
  for (const name of names) {
    await promisify(execFile)("docker", ["buildx", "rm", "--force", name], {
      env: { ...environment },
      timeout: REMOVAL_TIMEOUT_MILLISECONDS,
    }).catch(() => {});
  }
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    return undefined;
  }
}
