import { spawn } from "node:child_process";
import { once } from "node:events";
import { cleanEnvironment, PROJECT, TANDEM } from "./local-up.ts";

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * The `tandem` command as a process of its own.
 * @param cwd where it looks for pipelines
 */
export async function tandem(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  cwd = PROJECT,
): Promise<Ran> {
  const env = { ...cleanEnvironment(), ...environment };
  const child = spawn(process.execPath, [TANDEM, ...args], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    err += String(chunk);
  });
  await once(child, "close");
  return { code: child.exitCode, out, err };
}
