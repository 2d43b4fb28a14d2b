import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { prepareHello, writePages } from "../examples/hello/prepare.ts";
import { type Clients, DEVELOPER } from "./clients.ts";
import { DemoFailure, type Scene } from "./options.ts";

const AUTHOR = "Carol";

/** Creates the repository `hello` when it is not there. */
export async function createRepository({ codeCommit }: Clients): Promise<void> {
  try {
    await codeCommit.createRepository({ repositoryName: "hello" });
  } catch (error) {
    if (!(error instanceof Error && error.name === "RepositoryNameExistsException")) throw error;
  }
}

/** A working copy of the repository `hello`, and what is pushed from it. */
export class HelloRepository {
  readonly #folder: string;
  readonly #signal: AbortSignal;
  readonly url: string;

  private constructor(folder: string, url: string, signal: AbortSignal) {
    this.#folder = folder;
    this.url = url;
    this.#signal = signal;
  }

  /** Clones the repository. */
  static async open({ url, folder, signal }: Scene): Promise<HelloRepository> {
    const copy = join(folder, "hello");
    const repository = new HelloRepository(copy, `${url}/git/hello`, signal);
    await repository.#git(folder, "clone", "--quiet", repository.url, copy);
    await repository.#git(copy, "symbolic-ref", "HEAD", "refs/heads/main");
    return repository;
  }

  /** Commits the next version of the example. @returns its number and commit */
  async commitNext(): Promise<{ readonly version: number; readonly commit: string }> {
    const version = (await this.#commits()) + 1;
    if (version === 1) await prepareHello(this.#folder, version);
    else await writePages(this.#folder, version);
    await this.#git(this.#folder, "add", "--all");
    await this.#git(this.#folder, "commit", "--quiet", "--message", `Version ${version}`);
    return { version, commit: await this.#git(this.#folder, "rev-parse", "HEAD") };
  }

  /** Pushes main, as carol: who pushes does not approve. */
  async push(): Promise<void> {
    const basic = Buffer.from(`${DEVELOPER}:${DEVELOPER}`).toString("base64");
    const header = `http.extraHeader=Authorization: Basic ${basic}`;
    await this.#git(this.#folder, "-c", header, "push", "--quiet", "origin", "main");
  }

  async #commits(): Promise<number> {
    const refs = await this.#git(
      this.#folder,
      "for-each-ref",
      "--count=1",
      "refs/remotes/origin",
      "refs/heads",
    );
    return refs === "" ? 0 : Number(await this.#git(this.#folder, "rev-list", "--count", "HEAD"));
  }

  async #git(cwd: string, ...args: readonly string[]): Promise<string> {
    try {
      const { stdout } = await promisify(execFile)("git", [...SETTINGS, ...args], {
        cwd,
        env: { ...process.env, ...ENVIRONMENT },
        signal: this.#signal,
      });
      return stdout.trim();
    } catch (error) {
      this.#signal.throwIfAborted();
      const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
      const command = args.find((word) => /^[a-z-]+$/.test(word) && word !== "-c") ?? "";
      throw new DemoFailure(`git ${command} failed: ${said}`, { cause: error });
    }
  }
}

/** Two programs of 10 MB that do not compress much further, on one machine. */
const SETTINGS = ["-c", "core.compression=1", "-c", "pack.threads=2", "-c", "gc.auto=0"];

/** Nothing of the person's own git: no hooks, no signing, no proxy, no question. */
const ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_AUTHOR_NAME: AUTHOR,
  GIT_AUTHOR_EMAIL: `${DEVELOPER}@example.com`,
  GIT_COMMITTER_NAME: AUTHOR,
  GIT_COMMITTER_EMAIL: `${DEVELOPER}@example.com`,
  NO_PROXY: "127.0.0.1",
  no_proxy: "127.0.0.1",
};
