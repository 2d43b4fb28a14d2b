import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One `tandem demo` in a process of its own, whose temporary files all go to one folder. */
export interface RunningDemo {
  readonly child: ChildProcess;
  /** Everything it has printed so far. */
  readonly output: () => { readonly out: string; readonly err: string };
  /** Resolves when standard output has come to say it. */
  said(text: string | RegExp): Promise<void>;
  /** The exit code; null when it was killed. */
  ended(): Promise<number | null>;
  /** What is left behind in the folder for temporary files. */
  leftFiles(): Promise<readonly string[]>;
  /** Processes that still carry the demo's environment (Linux only). */
  leftProcesses(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/**
 * How long each is waited for: far more than it takes on a machine that has other things to do, and less than the tests' own
 * limits, so that what a demo that hangs has said last is seen.
 */
const PATIENCE_MS = 110_000;

export async function startDemo(args: readonly string[]): Promise<RunningDemo> {
  const temporary = await mkdtemp(join(tmpdir(), "tandem-demo-test-"));
  const child = spawn(process.execPath, [join(process.cwd(), "bin", "tandem.mjs"), "demo", ...args], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  const closed = once(child, "close");
  const inTime = async <T>(what: string, promise: Promise<T>): Promise<T> => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const tell = () => reject(new Error(`${PATIENCE_MS / 1000} s and no ${what}:\n${out}${err}`));
      timer = setTimeout(tell, PATIENCE_MS);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  };
  const said = async (text: string | RegExp): Promise<void> => {
    const found = () => (typeof text === "string" ? out.includes(text) : text.test(out));
    while (!found()) {
      const ended = await Promise.race([
        once(child.stdout, "data").then(() => false),
        closed.then(() => true),
      ]);
      if (ended && !found()) throw new Error(`the demo ended without saying ${text}:\n${out}${err}`);
    }
  };
  return {
    child,
    output: () => ({ out, err }),
    said: (text) => inTime(String(text), said(text)),
    ended: async () => {
      await inTime("end", closed);
      return child.exitCode;
    },
    // What tsx keeps there of compiled sources is shared by all that it runs.
    leftFiles: async () => (await readdir(temporary)).filter((name) => !name.startsWith("tsx-")),
    leftProcesses: () => processesWith(`TMPDIR=${temporary}`),
    remove: async () => {
      child.kill("SIGKILL");
      await closed;
      await rm(temporary, { recursive: true, force: true });
    },
  };
}

async function processesWith(variable: string): Promise<readonly string[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
      if (!environment.split("\0").includes(variable)) return [];
      return [(await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ")];
    }),
  );
  return found.flat();
}
