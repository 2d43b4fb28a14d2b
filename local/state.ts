import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode, reasonOf } from "./errors.ts";

/**
 * JSON files in the state folder: `{"version": n, "data": …}`, written whole or not at all.
 */

/** A state file that cannot be used; the message names the file and the remedy. */
export class StateError extends Error {}

/**
 * Reads a state file.
 * @param version the version of the data that the reader knows
 * @returns undefined when there is no such file
 * @throws StateError when it is not readable, not JSON, or from a newer version
 */
export async function readState(file: string, version: number): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw new StateError(
      `${file} cannot be read (${reasonOf(error)}): make it readable, or use another --state`,
    );
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new StateError(
      `${file} is not valid JSON (${reasonOf(error)}): move it away, or use another --state`,
    );
  }
  if (typeof parsed !== "object" || parsed === null || !("version" in parsed) || !("data" in parsed))
    throw new StateError(`${file} is not a state file of Tandem: move it away, or use another --state`);
  if (typeof parsed.version !== "number" || parsed.version > version)
    throw new StateError(
      `${file} was written by a newer version of Tandem (${String(parsed.version)}; this one knows ${version}): update Tandem, or use another --state`,
    );
  return parsed.data;
}

/** The last write of each file that is not finished: writes of one file happen in the order in which they were asked for. */
const pending = new Map<string, Promise<void>>();

/** Writes a state file so that a reader, also after a crash, sees the old content or the new one. */
export async function writeState(file: string, version: number, data: unknown): Promise<void> {
  const text = `${JSON.stringify({ version, data })}\n`;
  const write = async (): Promise<void> => {
    await mkdir(dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}.new`;
    await writeFile(temporary, text);
    await rename(temporary, file);
  };
  const previous = pending.get(file) ?? Promise.resolve();
  const mine = previous.then(write, write);
  pending.set(file, mine);
  try {
    await mine;
  } finally {
    if (pending.get(file) === mine) pending.delete(file);
  }
}
