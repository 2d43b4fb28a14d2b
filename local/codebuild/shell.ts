import { type ChildProcessByStdio, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { createLineSplitter, type LineSplitter } from "./lines.ts";
import { killGroup } from "./processes.ts";

export interface ShellOptions {
  /** `sh` is bash in its POSIX mode, which is what /bin/sh is in CodeBuild's images. */
  readonly shell: "sh" | "bash";
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A private folder for the files that commands are handed over in. */
  readonly folder: string;
  readonly lines: (lines: readonly string[]) => void;
}

/**
 * One shell that runs all commands of a build, so that what a command sets (variables, working folder, functions) is
 * there for the next. Bash reads its program from its standard input, one line for each command (which itself
 * gets an empty standard input), and after each prints the exit status as a line that no command can forge, in
 * the same stream as the command's output: hence the two stay in order.
 * See "version" in https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html.
 */
export class BuildShell {
  readonly #options: ShellOptions;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #program: Writable;
  readonly #output: Readable;
  readonly #marker = `tandem-${randomUUID()}`;
  readonly #splitter: LineSplitter;
  readonly #exited: Promise<number>;
  #waiting: ((exitCode: number) => void) | undefined;
  #expected = "";
  #statements = 0;
  #commands = 0;
  #alive = true;

  constructor(options: ShellOptions) {
    this.#options = options;
    const mode = options.shell === "sh" ? ["--posix"] : [];
    this.#child = spawn("bash", ["--noprofile", "--norc", ...mode, "-s"], {
      cwd: options.cwd,
      env: { ...options.environment },
      stdio: ["pipe", "pipe", "ignore"],
      detached: true,
    });
    const { stdin, stdout } = this.#child;
    this.#program = stdin;
    this.#output = stdout;
    // Bash that has ended meanwhile says so by its exit.
    this.#program.on("error", () => {});
    this.#splitter = createLineSplitter((lines) => this.#take(lines));
    stdout.on("data", (chunk: Buffer) => this.#splitter.write(chunk));
    this.#exited = new Promise((resolve, reject) => {
      this.#child.once("error", (error) => reject(new Error(`bash cannot be started: ${error.message}`)));
      this.#child.once("exit", (code) => {
        this.#alive = false;
        resolve(code ?? 137);
      });
    });
    this.#exited.catch(() => {});
    const environmentFile = quote(this.#environmentFile);
    this.#program.write(
      `exec 9>&1 2>&1; trap 'command env -0 >${environmentFile.replaceAll("'", "'\\''")}' EXIT\n`,
    );
  }

  get kind(): "sh" | "bash" {
    return this.#options.shell;
  }

  /** False when a command has ended the shell itself, as `exit` does. */
  get alive(): boolean {
    return this.#alive;
  }

  /**
   * Runs one command of a buildspec, which may have several lines.
   *
   * @returns its exit status; when it ended the shell, the shell's
   */
  async run(command: string): Promise<number> {
    if (!this.#alive) return this.#exited;
    this.#commands += 1;
    const file = join(this.#options.folder, `command-${this.#child.pid ?? 0}-${this.#commands}.sh`);
    await writeFile(file, `${command}\n`, { mode: 0o600 });
    return this.#execute(`. ${quote(file)} </dev/null`);
  }

  /** Sets and exports a variable. */
  async export(name: string, value: string): Promise<void> {
    await this.#execute(`export ${name}=${quote(value)}`);
  }

  /** The exported variables as they are now, or as they were when the shell ended; those it began with if it was killed. */
  async environment(): Promise<ReadonlyMap<string, string>> {
    if (this.#alive) await this.#execute(`{ command env -0 >${quote(this.#environmentFile)}; } 2>/dev/null`);
    const text = await readFile(this.#environmentFile, "utf8").catch(() => "");
    const pairs = text.split("\0").filter((pair) => pair.includes("="));
    if (pairs.length === 0) return new Map(Object.entries(this.#options.environment));
    return new Map(
      pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
    );
  }

  /** Ends the shell and everything it has started. */
  async end(): Promise<void> {
    killGroup(this.#child.pid);
    await this.#exited.catch(() => {});
    this.#output.destroy();
  }

  get #environmentFile(): string {
    return join(this.#options.folder, "environment");
  }

  async #execute(statement: string): Promise<number> {
    const finished = new Promise<number>((resolve) => {
      this.#waiting = resolve;
    });
    this.#statements += 1;
    const marker = `${this.#marker}-${this.#statements}`;
    this.#expected = `${marker} `;
    // In braces with its own standard error, so that `set -x` of a command does not show it.
    this.#program.write(`${statement}; { printf '%s %d\\n' ${marker} "$?" >&9; } 2>/dev/null\n`);
    const exitCode = await Promise.race([finished, this.#exited.then((code) => this.#drained(code))]);
    this.#waiting = undefined;
    return exitCode;
  }

  /** A shell that has ended may have printed what is not read yet; what its children still print is not waited for. */
  async #drained(exitCode: number): Promise<number> {
    if (!this.#output.readableEnded) {
      killGroup(this.#child.pid);
      await new Promise((resolve) => {
        this.#output.once("close", resolve);
        setTimeout(resolve, 100).unref();
      });
    }
    this.#splitter.end();
    return exitCode;
  }

  #take(lines: readonly string[]): void {
    const output: string[] = [];
    for (const line of lines) {
      const at = this.#waiting === undefined ? -1 : line.lastIndexOf(this.#expected);
      if (at === -1) {
        output.push(line);
        continue;
      }
      // Output without a line break at its end stands before the marker.
      if (at > 0) output.push(line.slice(0, at));
      if (output.length > 0) this.#options.lines(output.splice(0));
      this.#waiting?.(Number(line.slice(at + this.#expected.length)));
    }
    if (output.length > 0) this.#options.lines(output);
  }
}

/** Quotes a text for the shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
