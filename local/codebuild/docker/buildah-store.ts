import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLineSplitter } from "../lines.ts";
import { killGroup, killWithVariable } from "../processes.ts";
import { UsageError } from "./flags.ts";
import { unmountBelow } from "./mounts.ts";

export interface BuildahStoreOptions {
  /** Where base images and layers are kept between builds. */
  readonly folder: string;
  /** `127.0.0.1:4566`: it takes any password. */
  readonly registryHost: string;
  readonly path: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** How long buildah may take to clean up after itself when it is stopped. */
const GRACE_MILLISECONDS = 2000;

/** The local registry speaks plain HTTP; all others have to prove who they are. */
const registriesConf = (registryHost: string) => `unqualified-search-registries = ["docker.io"]
short-name-mode = "disabled"
[[registry]]
location = "${registryHost}"
insecure = true
`;
const POLICY = `{"default":[{"type":"insecureAcceptAnything"}]}\n`;

/** The commands that copy images, which take `--signature-policy`. */
const COPYING = ["bud", "push"];

/** A storage of buildah's of our own, with a configuration of our own: nothing of this machine's is read or changed. */
export class BuildahStore {
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #policy: string;
  #driver = "overlay";
  #users = 0;
  #dirty = false;
  #cleaning: Promise<void> | undefined;

  private constructor(folder: string, environment: Readonly<Record<string, string>>, policy: string) {
    this.#folder = folder;
    this.#environment = environment;
    this.#policy = policy;
  }

  /** Opens a storage, and removes what a crash may have left in it. */
  static async open({ folder, registryHost, path }: BuildahStoreOptions): Promise<BuildahStore> {
    await mkdir(join(folder, "tmp"), { recursive: true });
    const file = async (name: string, content: string) => {
      await writeFile(join(folder, name), content);
      return join(folder, name);
    };
    const auth = Buffer.from("AWS:tandem-local-registry").toString("base64");
    const environment = {
      PATH: path,
      HOME: folder,
      TMPDIR: join(folder, "tmp"),
      LANG: "C.UTF-8",
      CONTAINERS_REGISTRIES_CONF: await file("registries.conf", registriesConf(registryHost)),
      REGISTRY_AUTH_FILE: await file("auth.json", JSON.stringify({ auths: { [registryHost]: { auth } } })),
    };
    // Of an emulator that was killed: they know this storage as their home.
    await killWithVariable(`HOME=${folder}`);
    const store = new BuildahStore(folder, environment, await file("policy.json", POLICY));
    // Overlay is several times as fast, and not to be had on every file system.
    if ((await store.#quietly("info")) !== 0) store.#driver = "vfs";
    await store.cleanUp();
    return store;
  }

  /** Does work in this storage. After work that has failed, once nobody else is at work, what it left is removed. */
  async use<Result>(work: () => Promise<Result>): Promise<Result> {
    while (this.#cleaning !== undefined) await this.#cleaning;
    this.#users += 1;
    try {
      return await work();
    } catch (error) {
      this.#dirty = true;
      throw error;
    } finally {
      this.#users -= 1;
      if (this.#users === 0 && this.#dirty) {
        this.#dirty = false;
        this.#cleaning = this.cleanUp().finally(() => {
          this.#cleaning = undefined;
        });
        await this.#cleaning;
      }
    }
  }

  /** Removes the working containers and mounts that a killed build leaves. Only while no build runs in this storage. */
  async cleanUp(): Promise<void> {
    await this.#quietly("rm", "--all");
    await unmountBelow(this.#folder);
  }

  /** Runs buildah to its end. @returns its exit status */
  async run(args: readonly string[], { cwd, log, signal }: RunOptions): Promise<number> {
    if (signal.aborted) return 1;
    const child = spawn("buildah", this.#commandLine(args), {
      cwd,
      env: { ...this.#environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const splitters = [child.stdout, child.stderr].map((stream) => {
      const splitter = createLineSplitter((lines) => lines.forEach(log));
      stream.on("data", (chunk: Buffer) => splitter.write(chunk));
      return splitter;
    });
    let late: NodeJS.Timeout | undefined;
    const stop = () => {
      killGroup(child.pid, "SIGTERM");
      late = setTimeout(() => killGroup(child.pid), GRACE_MILLISECONDS);
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        child.once("error", (error) => reject(new UsageError(`buildah cannot be started: ${error.message}`)));
        child.once("close", (code) => resolve(code ?? 137));
      });
    } finally {
      signal.removeEventListener("abort", stop);
      clearTimeout(late);
      killGroup(child.pid);
      for (const splitter of splitters) splitter.end();
    }
  }

  #commandLine([command = "", ...rest]: readonly string[]): string[] {
    const root = join(this.#folder, this.#driver);
    const policy = COPYING.includes(command) ? ["--signature-policy", this.#policy] : [];
    const where = ["--root", root, "--runroot", `${root}-run`, "--storage-driver", this.#driver];
    return [...where, command, ...policy, ...rest];
  }

  #quietly(...args: readonly string[]): Promise<number> {
    return this.run(args, { cwd: this.#folder, log: () => {}, signal: new AbortController().signal });
  }
}
