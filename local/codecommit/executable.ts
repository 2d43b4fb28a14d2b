import { access, constants } from "node:fs/promises";

/**
 * Makes sure that scripts of ours can be run: an archive or a copy may have lost their mode.
 *
 * @throws Error with the remedy
 */
export async function requireExecutable(files: Iterable<string>): Promise<void> {
  for (const file of files) {
    await access(file, constants.X_OK).catch((cause: unknown) => {
      throw new Error(`${file} is not executable: run chmod +x ${file}`, { cause });
    });
  }
}
