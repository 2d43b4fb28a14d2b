import { execFile } from "node:child_process";
import { readFile, realpath } from "node:fs/promises";
import { promisify } from "node:util";

/** Unmounts whatever is mounted below a folder, the innermost first. Where there is no /proc there is nothing to unmount. */
export async function unmountBelow(folder: string): Promise<void> {
  const table = await readFile("/proc/self/mounts", "utf8").catch(() => "");
  const root = await realpath(folder).catch(() => folder);
  const points = table
    .split("\n")
    .map((line) => unescaped(line.split(" ")[1] ?? ""))
    .filter((point) => point.startsWith(`${root}/`))
    .sort((a, b) => b.length - a.length);
  for (const point of points) {
    await promisify(execFile)("umount", ["--lazy", point]).catch(() => {});
  }
}

/** The table writes spaces and the like as octal numbers, see fstab(5). */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
