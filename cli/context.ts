import type { Command } from "commander";
import { parseAddress } from "./address.ts";
import { TandemApi } from "./api.ts";
import { bearerSign, chosenLogin } from "./bearer.ts";
import { createSign } from "./sign.ts";
import type { Terminal } from "./terminal.ts";

/** What every command is handed. */
export interface CliContext {
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Sets the exit code of a command that did its work, and has something to say by it. */
  readonly exit: (code: number) => void;
}

/** The options of every command that asks the HTTP API. */
export interface ApiOptions {
  readonly url?: string;
  readonly json?: boolean;
}

/** Adds those options. */
export function withApi(command: Command): Command {
  return command
    .option("--url <address>", "where Tandem's HTTP API is (default: $TANDEM_URL, or http://127.0.0.1:4566)")
    .option("--json", "print the API's answer as JSON");
}

/**
 * As whoever has signed in at the address with `tandem login`, unless there are AWS keys in the environment.
 * @throws Failure when the address is none
 */
export function connect({ environment, signal }: CliContext, { url }: ApiOptions) {
  const address = parseAddress(url ?? environment.TANDEM_URL);
  const login = chosenLogin(address, environment);
  if (login !== undefined) {
    const sign = bearerSign(address, login, environment, signal);
    const signedIn = { ...address, signedIn: true };
    return { api: new TandemApi(signedIn, sign, signal), address: signedIn };
  }
  return { api: new TandemApi(address, createSign(address, environment), signal), address };
}

/** The lines as text. */
export const page = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

export const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
