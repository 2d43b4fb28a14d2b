import type { Engine } from "../engine.ts";
import { command } from "./command.ts";
import { dockerEngine } from "./docker.ts";
import { podmanEngine } from "./podman.ts";
import { canRun, ownArchitecture } from "./qemu.ts";

export type EngineChoice = "auto" | "docker" | "podman" | "none";

/** Whether an engine can be used here; what it would be called, or why not and what to do about it. */
type Candidate =
  | { readonly usable: true; readonly description: string }
  | { readonly usable: false; readonly why: string; readonly remedy: string };

const probeTimeoutMs = 10_000;

/**
 * docker needs its daemon. On a Linux machine that runs the daemon itself, foreign architectures need qemu as with podman;
 * Docker Desktop and the like bring it along.
 */
async function docker(): Promise<Candidate> {
  const format = "{{.ServerVersion}} {{.OperatingSystem}}";
  const info = await command("docker", ["info", "--format", format], probeTimeoutMs);
  if (info.code === 127) {
    return {
      usable: false,
      why: "docker is not installed",
      remedy: "install docker, or use --engine podman or none",
    };
  }
  if (info.code !== 0) {
    return {
      usable: false,
      why: "docker's daemon does not answer",
      remedy: "start it (systemctl start docker), or use --engine podman or none",
    };
  }
  const [version = "", ...system] = info.stdout.split(" ");
  if (process.platform === "linux" && !/desktop|orbstack|colima/i.test(system.join(" "))) {
    const foreign = await whichCannotRun();
    if (foreign !== undefined) return { ...foreign, why: `docker ${version} is here, but ${foreign.why}` };
  }
  return { usable: true, description: `docker ${version}` };
}

/** The first architecture whose programs do not run here, with the remedy. */
async function whichCannotRun(): Promise<Extract<Candidate, { usable: false }> | undefined> {
  for (const architecture of ["x86_64", "arm64"] as const) {
    const foreign = await canRun(architecture);
    if (!foreign.runs) return { usable: false, why: foreign.why, remedy: foreign.remedy };
  }
  return undefined;
}

async function podman(): Promise<Candidate> {
  const [own, builder] = await Promise.all([
    command("podman", ["--version"], probeTimeoutMs),
    command("buildah", ["--version"], probeTimeoutMs),
  ]);
  const missing = [own.code === 0 ? "" : "podman", builder.code === 0 ? "" : "buildah"].filter(
    (name) => name !== "",
  );
  if (missing.length > 0) {
    return {
      usable: false,
      why: `${missing.join(" and ")} not found`,
      remedy: `apt-get install podman buildah runc qemu-user-static, or use --engine none`,
    };
  }
  const runtimes = await Promise.all(
    ["crun", "runc"].map((name) => command(name, ["--version"], probeTimeoutMs)),
  );
  if (runtimes.every(({ code }) => code !== 0)) {
    return { usable: false, why: "podman has no OCI runtime", remedy: "apt-get install runc" };
  }
  const foreign = await whichCannotRun();
  if (foreign !== undefined) return { ...foreign, why: `podman is here, but ${foreign.why}` };
  const foreignName = ownArchitecture() === "arm64" ? "x86_64" : "arm64";
  const version = (output: string): string => /\d+\.\d+(\.\d+)?/.exec(output)?.[0] ?? "";
  return {
    usable: true,
    description: `podman ${version(own.stdout)}, buildah ${version(builder.stdout)}, ${foreignName} by qemu`,
  };
}

const builtIn = "built-in builder (no RUN), tasks are simulated";

/**
 * Chooses the container engine: docker if its daemon answers, else podman with buildah if both architectures run here,
 * else none.
 *
 * @param registryHost where the local registry listens, e.g. `127.0.0.1:4566` (plain HTTP).
 * @param instance names this emulator; the containers of an earlier one of the same name, left by a crash, are removed.
 * @throws Error with the remedy when an engine is asked for by name and cannot be used.
 */
export async function selectEngine(
  choice: EngineChoice,
  registryHost: string,
  instance: string,
): Promise<Engine> {
  if (choice === "none") return { name: "none", description: builtIn };
  const wanted = choice === "auto" ? (["docker", "podman"] as const) : ([choice] as const);
  const reasons: string[] = [];
  for (const name of wanted) {
    const candidate = await (name === "docker" ? docker() : podman());
    if (candidate.usable) {
      const make = name === "docker" ? dockerEngine : podmanEngine;
      return make({ description: candidate.description, registryHost, instance });
    }
    if (choice !== "auto") {
      throw new Error(`The engine ${name} cannot be used: ${candidate.why}. Remedy: ${candidate.remedy}`);
    }
    reasons.push(`${candidate.why} (${candidate.remedy})`);
  }
  return { name: "none", description: `${builtIn}; ${reasons.join("; ")}` };
}
