/** How a simulated container ends by itself. */
export interface SimulatedEnd {
  readonly exitCode: number;
  readonly afterMs: number;
  /** What it has written. */
  readonly lines: readonly string[];
}

/** Sets the exit code of a simulated container, whatever its command; it then ends also in a service. */
export const exitCodeVariable = "TANDEM_SIMULATED_EXIT_CODE";
/** How many seconds a simulated container runs before it ends by itself. */
export const secondsVariable = "TANDEM_SIMULATED_SECONDS";

const shells = new Set(["sh", "bash", "/bin/sh", "/bin/bash"]);
/** As a shell answers for a `sleep` or `exit` without a number. */
const noNumber = 0;

/**
 * What a command does in a simulated container. Nothing is executed, but these words are obeyed, alone or in `sh -c` joined
 * by `;` and `&&`: `echo TEXT`, `sleep SECONDS`, `exit CODE`, `true` and `false`. Everything else is taken to succeed at once.
 */
function follow(command: readonly string[]): SimulatedEnd {
  const [program = "", option, script = ""] = command;
  const isScript = shells.has(program) && option !== undefined && /^-[a-z]*c$/.test(option);
  const steps = isScript ? script.split(/(;|&&)/).map((part) => part.trim()) : [command.join(" ")];
  const lines: string[] = [];
  let [exitCode, afterMs] = [0, 0];
  let skipped = false;
  for (const step of steps) {
    if (step === ";" || step === "&&") {
      skipped = step === "&&" && exitCode !== 0;
      continue;
    }
    if (skipped || step === "") continue;
    const [word = "", ...rest] = step.split(/\s+/);
    const number = Number(rest[0] ?? noNumber);
    exitCode = word === "false" ? 1 : 0;
    if (word === "echo") lines.push(rest.join(" ").replace(/^(["'])(.*)\1$/, "$2"));
    if (word === "sleep" && Number.isFinite(number)) afterMs += number * 1000;
    if (word === "exit") return { exitCode: Number.isInteger(number) ? number & 255 : 2, afterMs, lines };
  }
  return { exitCode, afterMs, lines };
}

/**
 * When and how a simulated container ends by itself; `undefined` for one that runs until it is stopped. A container of a
 * service runs on, unless its environment says otherwise; a one-off task's does its work, which takes `runMs` at least.
 */
export function simulatedEnd(options: {
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly oneOff: boolean;
  readonly runMs: number;
}): SimulatedEnd | undefined {
  const { environment, oneOff, runMs } = options;
  const code = environment[exitCodeVariable];
  const seconds = environment[secondsVariable];
  if (!oneOff && code === undefined && seconds === undefined) return undefined;
  const followed = follow(options.command);
  const asked = seconds === undefined ? followed.afterMs : Number(seconds) * 1000;
  return {
    exitCode: code === undefined ? followed.exitCode : Number(code) & 255,
    afterMs: Math.max(runMs, Number.isFinite(asked) ? asked : 0),
    lines: followed.lines,
  };
}
