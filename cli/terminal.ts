import { createInterface } from "node:readline/promises";

/** Where the command writes, and what it may do there. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Lines can be drawn anew: standard output is a terminal that understands it. */
  readonly live: boolean;
  readonly colours: boolean;
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Asks a person; absent when there is none to ask. The signal gives up. */
  readonly ask?: (question: string, signal: AbortSignal) => Promise<string>;
}

/** The terminal of this process; https://no-color.org/ is heeded. */
export function processTerminal(process: NodeJS.Process): Terminal {
  const { stdin, stdout, stderr, env } = process;
  const live = stdout.isTTY === true && env.TERM !== "dumb";
  const ask = async (question: string, signal: AbortSignal): Promise<string> => {
    const reader = createInterface({ input: stdin, output: stdout });
    // While a line is read, Ctrl-C comes as a key; and the end of the input is no answer to any question.
    reader.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
    const ended = new Promise<never>((_, reject) =>
      reader.once("close", () => reject(new Error("the terminal was closed before there was an answer"))),
    );
    ended.catch(() => undefined);
    try {
      return await Promise.race([reader.question(question, { signal }), ended]);
    } finally {
      reader.close();
    }
  };
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    live,
    colours: live && (env.NO_COLOR ?? "") === "",
    size: () => ({ columns: stdout.columns ?? 100, rows: stdout.rows ?? 24 }),
    ...(stdout.isTTY === true && stdin.isTTY === true ? { ask } : {}),
  };
}
