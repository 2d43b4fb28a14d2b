import type { Terminal } from "../cli/terminal.ts";

export interface DemoOptions {
  /** Approves without asking. */
  readonly yes: boolean;
  /** Leaves everything running at the end, until the signal. */
  readonly keep: boolean;
  readonly engine: "auto" | "docker" | "podman" | "none";
  /** A file for what happened, as JSON. */
  readonly json?: string;
  readonly state?: string;
  /** Port 4566, or any that is free, when it is left out. */
  readonly port?: number;
  readonly terminal: Terminal;
  /** Ends the demo early; everything is cleaned up all the same. */
  readonly signal: AbortSignal;
}

/** What every part of the demo is handed. */
export interface Scene {
  /** The local endpoint's. */
  readonly url: string;
  /** For the demo's own files, removed at the end. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** What went wrong, in a sentence for the person who watches. */
export class DemoFailure extends Error {}
