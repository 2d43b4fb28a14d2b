import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT = fileURLToPath(new URL("../../..", import.meta.url));
export const TANDEM = fileURLToPath(new URL("../../../bin/tandem.mjs", import.meta.url));

export const REGION = "us-east-1";

const START_PATIENCE_MS = 180_000;
const END_PATIENCE_MS = 20_000;

export interface UpOptions {
  readonly port?: number;
  readonly engine?: "none" | "podman";
  readonly state?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** The folder of the checkout that is served; this one unless told. */
  readonly project?: string;
}

/** Nothing of the person's AWS, git or colours decides what a test sees. */
export function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || /^(AWS_|TANDEM_|GIT_|NODE_OPTIONS$|FORCE_COLOR$|JEST_)/.test(name)
      ? []
      : [[name, value] as const],
  );
  return { ...Object.fromEntries(kept), AWS_REGION: REGION };
}

/** `tandem local up` as a person runs it: a process of its own. */
export class LocalUp {
  readonly child: ChildProcess;
  /** The exit code, once its output has been read. */
  readonly exit: Promise<number | null>;
  #stdout = "";
  #stderr = "";
  #url = "";

  private constructor(child: ChildProcess) {
    this.child = child;
    this.exit = once(child, "close").then(() => child.exitCode);
    child.stdout?.on("data", (chunk) => {
      this.#stdout += String(chunk);
    });
    child.stderr?.on("data", (chunk) => {
      this.#stderr += String(chunk);
    });
  }

  /** Starts it, and does not wait. */
  static launch(options: UpOptions = {}): LocalUp {
    const { port = 0, engine = "none", state, environment = {}, project = PROJECT } = options;
    const kept = state === undefined ? [] : ["--state", state];
    const tandem = join(project, "bin", "tandem.mjs");
    const args = [tandem, "local", "up", "--port", String(port), "--engine", engine, ...kept];
    const env = { ...cleanEnvironment(), ...environment };
    return new LocalUp(
      spawn(process.execPath, args, { cwd: project, env, stdio: ["ignore", "pipe", "pipe"] }),
    );
  }

  /** Starts it, and waits until it says that it is ready. */
  static async start(options: UpOptions = {}): Promise<LocalUp> {
    const up = LocalUp.launch(options);
    await up.ready();
    return up;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** `http://127.0.0.1:PORT`, from the ready line. */
  get url(): string {
    if (this.#url === "") throw new Error("it is not ready");
    return this.#url;
  }

  /** @throws Error when it ends, or says nothing for three minutes, with what it said on standard error */
  async ready(): Promise<void> {
    const ended = this.exit.then((code) => `it ended with exit code ${code}`);
    const late = new Promise<string>((resolve) => {
      setTimeout(resolve, START_PATIENCE_MS, "it was not ready in time").unref();
    });
    const said = new Promise<undefined>((resolve) => {
      this.child.stdout?.on("data", () => {
        this.#url = /^ready (http:\/\/\S+)\n/.exec(this.#stdout)?.[1] ?? "";
        if (this.#url !== "") resolve(undefined);
      });
    });
    const failure = await Promise.race([said, ended, late]);
    if (failure === undefined) return;
    this.child.kill("SIGKILL");
    throw new Error(`tandem local up: ${failure}\n${this.#stderr}`);
  }

  /**
   * Tells it to end, and waits until it has.
   * @throws Error when it does not end, or not with exit code 0
   */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.child.kill(signal);
    const late = setTimeout(() => this.child.kill("SIGKILL"), END_PATIENCE_MS);
    const code = await this.exit;
    clearTimeout(late);
    if (code !== 0) throw new Error(`tandem local up ended with ${code} on ${signal}\n${this.#stderr}`);
  }
}
