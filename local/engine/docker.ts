import { type ChildProcess, spawn } from "node:child_process";
import type { Architecture, Engine, RunContainer, RunningContainer } from "../engine.ts";
import { command } from "./command.ts";
import { ContainerError } from "./errors.ts";
import { onLines } from "./lines.ts";
import type { EngineOptions } from "./podman.ts";
import { instanceLabel, platformOf, runArguments } from "./run-arguments.ts";

const pullTimeoutMs = 300_000;

/**
 * docker as an engine, by its command line, so that contexts and remote daemons work as the user has set them up. The local
 * registry is plain HTTP on loopback, which docker accepts without being told.
 *
 * Tried with docker's command line against podman's docker-compatible API only: no docker daemon was at hand.
 */
export async function dockerEngine({ description, instance }: EngineOptions): Promise<Engine> {
  await removeAll(instance);
  const pulls = new Map<string, Promise<void>>();

  /**
   * Pulls the platform's image. One name means one platform at a time in docker's older image store, so pulls of one image
   * for two platforms, and the creation that follows, come one after the other.
   */
  async function pull(image: string, architecture: Architecture): Promise<void> {
    const args = ["pull", "--quiet", "--platform", platformOf[architecture], image];
    const result = await command("docker", args, pullTimeoutMs);
    if (result.code !== 0) throw new ContainerError("CannotPullContainerError", lastLine(result.stderr));
  }

  async function create(run: RunContainer): Promise<string> {
    const before = pulls.get(run.image) ?? Promise.resolve();
    const created = before.then(async () => {
      await pull(run.image, run.architecture);
      const ports = run.ports.flatMap(({ containerPort, hostPort }) => [
        "--publish",
        `127.0.0.1:${hostPort === 0 ? "" : hostPort}:${containerPort}`,
      ]);
      const result = await command("docker", ["create", ...ports, ...runArguments(run, instance, run.image)]);
      if (result.code !== 0) throw new ContainerError("CannotCreateContainerError", lastLine(result.stderr));
      return result.stdout.split("\n").at(-1) ?? "";
    });
    pulls.set(
      run.image,
      created.then(
        () => undefined,
        () => undefined,
      ),
    );
    return created;
  }

  async function run(wanted: RunContainer): Promise<RunningContainer> {
    const id = await create(wanted);
    const result = await command("docker", ["start", id]);
    if (result.code !== 0) {
      await command("docker", ["rm", "--force", id]);
      throw new ContainerError("CannotStartContainerError", lastLine(result.stderr));
    }
    const logs = spawn("docker", ["logs", "--follow", id], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    onLines(logs.stdout, wanted.log);
    onLines(logs.stderr, wanted.log);
    const exited = ended(id, logs);
    return {
      runtimeId: id,
      imageDigest: wanted.image.slice(wanted.image.indexOf("@") + 1),
      ports: await publishedPorts(id, wanted),
      exited,
      exec: async (words, timeoutSeconds) => {
        const exec = await command("docker", ["exec", id, ...words], timeoutSeconds * 1000);
        return exec.code === 0 ? 0 : 1;
      },
      stop: async (timeoutSeconds) => {
        await command("docker", ["stop", "--time", String(timeoutSeconds), id], (timeoutSeconds + 60) * 1000);
        await exited;
      },
    };
  }

  return { name: "docker", description, containers: { run }, close: () => removeAll(instance) };
}

/** `docker wait` says the exit code when the container has ended, without asking again and again. */
function waitFor(id: string): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn("docker", ["wait", id], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const end = (): void => {
      const code = Number.parseInt(said, 10);
      resolve(Number.isNaN(code) ? 137 : code);
    };
    child.once("error", end);
    child.once("close", end);
  });
}

/** The exit code, once the log has been read to its end and the container is removed. */
async function ended(id: string, logs: ChildProcess): Promise<number> {
  const read = new Promise<void>((resolve) => {
    logs.once("close", () => resolve());
    logs.once("error", () => resolve());
  });
  const [code] = await Promise.all([waitFor(id), read]);
  await command("docker", ["rm", "--force", id]);
  return code;
}

async function publishedPorts(id: string, run: RunContainer): Promise<RunningContainer["ports"]> {
  const ports: { containerPort: number; hostPort: number }[] = [];
  for (const { containerPort, hostPort } of run.ports) {
    const result = hostPort === 0 ? await command("docker", ["port", id, `${containerPort}/tcp`]) : undefined;
    const found = /:(\d+)\s*$/m.exec(result?.stdout ?? "")?.[1];
    ports.push({ containerPort, hostPort: hostPort === 0 ? Number(found ?? 0) : hostPort });
  }
  return ports;
}

/** Removes every container that carries the instance's label. */
async function removeAll(instance: string): Promise<void> {
  const list = await command("docker", [
    "ps",
    "--all",
    "--quiet",
    "--filter",
    `label=${instanceLabel(instance)}`,
  ]);
  const ids = list.stdout.split("\n").filter((id) => id !== "");
  if (ids.length > 0) await command("docker", ["rm", "--force", ...ids]);
}

const lastLine = (text: string): string => text.split("\n").at(-1) ?? "";
