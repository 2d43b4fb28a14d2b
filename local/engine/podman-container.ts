import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { watch } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RunContainer, RunningContainer } from "../engine.ts";
import { reasonOf } from "../errors.ts";
import { command } from "./command.ts";
import { ContainerError } from "./errors.ts";
import { limitArguments } from "./limits.ts";
import { onLines } from "./lines.ts";
import { ownArchitecture } from "./qemu.ts";
import { openRelay, type Relay } from "./relay.ts";
import { runArguments } from "./run-arguments.ts";

export interface PortMapping {
  readonly containerPort: number;
  readonly hostPort: number;
}

export interface Attached {
  readonly run: RunContainer;
  readonly instance: string;
  /** The id of the image, of the right platform. */
  readonly image: string;
  readonly ports: readonly PortMapping[];
  readonly network: "bridge" | "relay";
  /** podman's options for its store. */
  readonly store: readonly string[];
  readonly folder: string;
}

/** podman's own exit codes: it failed itself, the command cannot be invoked, or is not found. */
const ownExitCodes = [125, 126, 127];
/** podman writes the process id a moment before the process is let go: until then it can still fail to start. */
const startMs = 60;

/**
 * The kernel keeps signals that a process does not handle from the first process of a container. Programs that would end by
 * them all the same (as those written in Go do, on a real host) go on for ever under qemu, and would use up the whole time
 * they are given to stop.
 */
const emulatedStopSeconds = 2;

export const isNetworkFailure = (message: string): boolean =>
  /netavark|\bCNI\b|cni plugin|slirp4netns|pasta|iptables|nftables|network namespace|netns|setting up network/i.test(
    message,
  );

export const isPortTaken = (message: string): boolean =>
  /address already in use|port is already allocated/i.test(message);

/**
 * Runs a container with podman attached to it: its output comes as this process's output, its exit code as podman's, and
 * nothing needs to be asked again and again. Should this process die, standard input ends with it; the container itself is
 * removed by whoever starts next.
 *
 * @throws ContainerError CannotStartContainerError
 */
export async function startAttached(wanted: Attached): Promise<RunningContainer> {
  const { run, store } = wanted;
  const files = join(wanted.folder, "containers", `${run.name}-${randomBytes(4).toString("hex")}`);
  await mkdir(files, { recursive: true });
  const args = [
    ...["run", "--rm", "--pull=never", "--log-driver", "none"],
    ...["--pidfile", join(files, "pid"), "--cidfile", join(files, "id")],
    ...(await limitArguments()),
    ...networkArguments(wanted),
    ...runArguments(run, wanted.instance, wanted.image),
  ];
  const child = spawn("podman", [...store, ...args], {
    // Not in the terminal's process group: Ctrl-C is for the emulator, which stops its containers in order.
    detached: true,
    stdio: [run.interactive === true ? "pipe" : "ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  let started = false;
  const line = (text: string): void => {
    if (started) run.log(text);
    else lines.push(text);
  };
  if (child.stdout !== null) onLines(child.stdout, line);
  if (child.stderr !== null) onLines(child.stderr, line);
  const exited = new Promise<number>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", (code) => resolve(code ?? 137));
  });
  const early = await startedOrExited(files, exited);
  const complaint = lines.findLast((text) => text.startsWith("Error: "));
  if (early !== undefined && ownExitCodes.includes(early) && complaint !== undefined) {
    await rm(files, { recursive: true, force: true });
    throw new ContainerError("CannotStartContainerError", complaint.slice("Error: ".length));
  }
  started = true;
  for (const text of lines) run.log(text);
  const relays = early === undefined && wanted.network === "relay" ? await openRelays(wanted, files) : [];
  void exited.then(async () => {
    for (const relay of relays) relay.close();
    await rm(files, { recursive: true, force: true });
  });
  const runtimeId = (await readFile(join(files, "id"), "utf8").catch(() => "")).trim();
  return {
    runtimeId,
    imageDigest: run.image.slice(run.image.indexOf("@") + 1),
    ports: wanted.ports,
    exited,
    exec: async (words, timeoutSeconds) => {
      const result = await command("podman", [...store, "exec", run.name, ...words], timeoutSeconds * 1000);
      return result.code === 0 ? 0 : 1;
    },
    stop: async (timeoutSeconds) => {
      const seconds =
        run.architecture === ownArchitecture()
          ? timeoutSeconds
          : Math.min(timeoutSeconds, emulatedStopSeconds);
      const args = [...store, "stop", "--ignore", "--time", String(seconds), run.name];
      await command("podman", args, (seconds + 60) * 1000);
      await exited;
    },
  };
}

function networkArguments({ network, ports }: Attached): readonly string[] {
  if (network === "relay") return ["--network", "none"];
  return ports.flatMap(({ containerPort, hostPort }) => [
    "--publish",
    `127.0.0.1:${hostPort}:${containerPort}`,
  ]);
}

/** Waits for the file with the process id, or for the end: the exit code then. */
async function startedOrExited(files: string, exited: Promise<number>): Promise<number | undefined> {
  const watcher = watch(files);
  const appeared = new Promise<void>((resolve) => {
    watcher.on("change", (_event, name) => {
      if (name === "pid") resolve();
    });
  });
  const settled = appeared.then(async (): Promise<undefined> => {
    await new Promise<void>((resolve) => setTimeout(resolve, startMs));
    return undefined;
  });
  try {
    return await Promise.race([settled, exited]);
  } finally {
    watcher.close();
  }
}

async function openRelays(wanted: Attached, files: string): Promise<readonly Relay[]> {
  const pid = Number((await readFile(join(files, "pid"), "utf8")).trim());
  const relays: Relay[] = [];
  try {
    for (const { hostPort, containerPort } of wanted.ports) {
      relays.push(await openRelay(pid, hostPort, containerPort, join(files, `${containerPort}.sock`)));
    }
    return relays;
  } catch (error) {
    for (const relay of relays) relay.close();
    await command("podman", [...wanted.store, "rm", "--force", "--time", "0", wanted.run.name]);
    const why = reasonOf(error);
    throw new ContainerError("CannotStartContainerError", `failed to publish a port: ${why}`, {
      cause: error,
    });
  }
}
