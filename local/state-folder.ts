import { randomBytes } from "node:crypto";
import { access, constants, mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { reasonOf } from "./errors.ts";
import { takeLock } from "./lock.ts";
import { readState, StateError, writeState } from "./state.ts";

/** Of the layout of the state folder as a whole. */
const VERSION = 1;

/** The folder that everything is kept in. */
export interface StateFolder {
  readonly path: string;
  /** Whether it survives: a temporary one is removed at the end. */
  readonly kept: boolean;
  /** Names the containers that belong to this state, also those that a crash has left behind. */
  readonly instance: string;
  close(): Promise<void>;
}

/**
 * Opens the state folder and locks it.
 * @param wanted the folder of `--state`; a temporary one when it is undefined
 * @throws StateError with the remedy when it is no folder, not writable, in use, or from a newer version
 */
export async function openStateFolder(wanted: string | undefined): Promise<StateFolder> {
  const path = wanted === undefined ? await mkdtemp(join(tmpdir(), "tandem-")) : resolve(wanted);
  if (wanted !== undefined) await requireFolder(path);
  const lock = await takeLock(join(path, "lock")).catch((error: unknown) => {
    throw new StateError(
      `the state folder ${path} cannot be locked (${reasonOf(error)}): use another --state`,
    );
  });
  if (typeof lock === "number")
    throw new StateError(
      `the state folder ${path} is in use by the running process ${lock}: end that one, or use another --state`,
    );
  const close = async (): Promise<void> => {
    await lock.release();
    if (wanted === undefined) await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  };
  try {
    return { path, kept: wanted !== undefined, instance: await instanceOf(path), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function requireFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && !found.isDirectory())
      throw new StateError(
        `the state folder ${path} is not a directory: move that file away, or use another --state`,
      );
    throw new StateError(`the state folder ${path} cannot be made (${reasonOf(error)}): use another --state`);
  }
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    throw new StateError(
      `the state folder ${path} may not be read and written by you: change its permissions, or use another --state`,
    );
  }
}

/** Made once per state folder. */
async function instanceOf(path: string): Promise<string> {
  const file = join(path, "tandem.json");
  const stored = await readState(file, VERSION);
  if (stored === undefined) {
    const instance = randomBytes(6).toString("hex");
    await writeState(file, VERSION, { instance });
    return instance;
  }
  if (
    typeof stored === "object" &&
    stored !== null &&
    "instance" in stored &&
    typeof stored.instance === "string"
  )
    return stored.instance;
  throw new StateError(`${file} names no instance: move it away, or use another --state`);
}
