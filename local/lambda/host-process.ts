import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { MARKER_START, type OnLine, readOutput } from "./output-lines.ts";

/** What a request to the host (`host.mjs`) carries; the marker is added here. */
export type HostRequest =
  | {
      readonly type: "init";
      readonly environment: Readonly<Record<string, string>>;
      readonly directory: string;
      readonly handler: string;
      readonly compileCache: string;
    }
  | {
      readonly type: "invoke";
      readonly requestId: string;
      readonly payload: string;
      readonly timeoutMs: number;
      readonly context: Readonly<Record<string, string>>;
    };

const doneSchema = z.object({
  type: z.literal("done"),
  memoryMb: z.number(),
  payload: z.string().optional(),
  error: z.object({ errorType: z.string(), errorMessage: z.string(), trace: z.array(z.string()) }).optional(),
  ending: z.boolean().optional(),
});
type Done = z.infer<typeof doneSchema>;

/** An error in the form in which the Node runtimes answer it. */
export type RuntimeError = NonNullable<Done["error"]>;

/** The process ended instead of answering; `status` is how, in the words of Lambda's `Runtime.ExitError`. */
type Exited = { readonly type: "exited"; readonly status: string };
type TimedOut = { readonly type: "timed-out" };

export type HostReply =
  | { readonly type: "done"; readonly memoryMb: number; readonly payload: string }
  | { readonly type: "failed"; readonly memoryMb: number; readonly error: RuntimeError }
  | Exited
  | TimedOut;

export interface HostProcess {
  /** Sends a request, one at a time; resolves when it is answered and all that it printed has gone to `onLine`. */
  request(request: HostRequest, timeoutMs: number, onLine: OnLine): Promise<HostReply>;
  /** False once the process has ended or is about to. */
  readonly usable: boolean;
  /** Ends it at once, with whatever it started; resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it has ended. */
  readonly ended: Promise<unknown>;
}

const hostFile = fileURLToPath(new URL("./host.mjs", import.meta.url));

/** Variables that Node reads when it starts, so that a process must be born with them. */
const BORN_WITH = /^(NODE_|OPENSSL_|SSL_|UV_|LANG$|LC_)/;

/** Whether a process that already runs can still take on this environment. */
export function fitsRunningProcess(environment: Readonly<Record<string, string>>): boolean {
  return !Object.keys(environment).some((name) => BORN_WITH.test(name));
}

/** Forks a host that waits for its `init`. */
export function forkHost(environment: Readonly<Record<string, string>>): HostProcess {
  // No flags of ours (tsx, Jest) and no variables of the person's shell: as on AWS, only what the function is given.
  // A process group of its own, so that Ctrl-C does not reach it before us, and what it starts ends with it.
  const child = fork(hostFile, [], {
    env: { ...environment },
    execArgv: [],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
  });
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const outputs = streams.map(readOutput);
  let usable = true;
  const exited = endOf(child, streams).then((exit) => {
    usable = false;
    return exit;
  });
  const kill = async () => {
    usable = false;
    killGroup(child);
    await exited;
  };

  return {
    get usable() {
      return usable;
    },
    async request(request, timeoutMs, onLine) {
      const marker = `${MARKER_START}${randomUUID()}`;
      const flushed = Promise.all(outputs.map((output) => output.until(marker, onLine)));
      const answer = nextAnswer(child, exited, timeoutMs);
      // A channel that has closed meanwhile shows as the process's end.
      child.send({ ...request, marker }, () => {});
      const reply = await answer;
      if (reply.type === "timed-out") await kill();
      if (reply.type !== "done") return reply;
      if (reply.ending === true) usable = false;
      await Promise.race([flushed, exited]);
      const { memoryMb, error, payload = "null" } = reply;
      return error === undefined ? { type: "done", memoryMb, payload } : { type: "failed", memoryMb, error };
    },
    kill,
    ended: exited,
  };
}

/** How the process ended, once all that it wrote has been read. */
function endOf(child: ChildProcess, streams: readonly Readable[]): Promise<Exited> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ type: "exited", status: `could not start: ${error.message}` }));
    // A grandchild that holds the pipes would keep `close` away for ever.
    child.once("exit", () => killGroup(child));
    child.once("close", (code, signal) => {
      for (const stream of streams) stream.destroy();
      resolve({ type: "exited", status: signal === null ? `exit status ${code}` : `signal: ${signal}` });
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Nothing of the group is left, which is what was wanted.
  }
}

/** The host's answer, or how it ended, or that it took too long: whichever comes first. */
function nextAnswer(
  child: ChildProcess,
  exited: Promise<Exited>,
  timeoutMs: number,
): Promise<Done | Exited | TimedOut> {
  return new Promise((resolve) => {
    const settle = (outcome: Done | Exited | TimedOut) => {
      clearTimeout(timer);
      child.off("message", listen);
      resolve(outcome);
    };
    const timer = setTimeout(() => settle({ type: "timed-out" }), timeoutMs);
    const listen = (message: unknown) => {
      const done = doneSchema.safeParse(message);
      if (done.success) settle(done.data);
    };
    child.on("message", listen);
    void exited.then(settle);
  });
}
