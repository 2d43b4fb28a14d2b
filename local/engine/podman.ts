import type { Architecture, Engine, RunContainer, RunningContainer } from "../engine.ts";
import { command } from "./command.ts";
import { ContainerError } from "./errors.ts";
import { freePort } from "./free-port.ts";
import { abandoned, folderOf, own } from "./owners.ts";
import { isNetworkFailure, isPortTaken, type PortMapping, startAttached } from "./podman-container.ts";
import { hasNetnsMount, removeNetnsMount, removeStorage, storageOptions } from "./podman-storage.ts";
import { platformOf } from "./run-arguments.ts";

export interface EngineOptions {
  readonly description: string;
  readonly registryHost: string;
  readonly instance: string;
}

const pullTimeoutMs = 300_000;
const portAttempts = 3;

/**
 * podman as an engine, with a store of its own below the folder for temporary files, so that nothing of the user's is
 * touched and nothing is left behind. Images are pulled by platform from the local registry (plain HTTP), each once.
 * Ports are published by podman's bridge; where the machine has no working one, containers get a network of their own
 * and a relay into it.
 */
export async function podmanEngine(options: EngineOptions): Promise<Engine> {
  const { description, instance } = options;
  for (const folder of await abandoned(instance)) await removeStorage(folder);
  const hadNetnsMount = await hasNetnsMount();
  const folder = folderOf(instance);
  const store = await storageOptions(folder);
  let owned: Promise<string> | undefined;
  const images = new Map<string, Promise<string>>();
  let network: "bridge" | "relay" = "bridge";
  let closed = false;

  /** The id of the platform's image. Content behind a digest is pulled once; a tag is asked for every time. */
  function pull(image: string, architecture: Architecture): Promise<string> {
    const key = `${image} ${architecture}`;
    const known = images.get(key);
    if (known !== undefined) return known;
    const pulled = pullNow(image, architecture);
    if (image.includes("@")) {
      images.set(key, pulled);
      pulled.catch(() => images.delete(key));
    }
    return pulled;
  }

  async function pullNow(image: string, architecture: Architecture): Promise<string> {
    const secure = image.startsWith(`${options.registryHost}/`) ? ["--tls-verify=false"] : [];
    const args = ["pull", "--quiet", ...secure, "--platform", platformOf[architecture], image];
    const result = await command("podman", [...store, ...args], pullTimeoutMs);
    if (result.code === 0) return result.stdout.split("\n").at(-1) ?? image;
    throw new ContainerError("CannotPullContainerError", lastLine(result.stderr));
  }

  async function hostPorts(run: RunContainer): Promise<readonly PortMapping[]> {
    const ports: PortMapping[] = [];
    for (const { containerPort, hostPort } of run.ports) {
      ports.push({ containerPort, hostPort: hostPort === 0 ? await freePort() : hostPort });
    }
    return ports;
  }

  async function run(wanted: RunContainer): Promise<RunningContainer> {
    owned ??= own(instance);
    await owned;
    const image = await pull(wanted.image, wanted.architecture);
    for (let attempt = 1; ; attempt++) {
      const ports = await hostPorts(wanted);
      try {
        return await startAttached({ run: wanted, instance, image, ports, network, store, folder });
      } catch (error) {
        if (!(error instanceof ContainerError) || closed || attempt >= portAttempts) throw error;
        const dynamic = wanted.ports.some(({ hostPort }) => hostPort === 0);
        if (network === "bridge" && isNetworkFailure(error.message)) network = "relay";
        else if (!dynamic || !isPortTaken(error.message)) throw error;
      }
    }
  }

  return {
    name: "podman",
    description,
    containers: { run },
    close: async () => {
      closed = true;
      if (owned === undefined) return;
      await removeStorage(folder);
      if (!hadNetnsMount) await removeNetnsMount();
    },
  };
}

const lastLine = (text: string): string =>
  text
    .split("\n")
    .at(-1)
    ?.replace(/^Error: /, "") ?? "";
