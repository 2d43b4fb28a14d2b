import { readFile } from "node:fs/promises";

const names: Readonly<Record<string, string>> = { "Max open files": "nofile", "Max processes": "nproc" };

/** Enough for a container on a laptop, and little enough for a machine whose own limits are low. */
const wanted = 4096;

/**
 * podman asks for more open files and processes than this process may have itself, and fails where it is not allowed to raise
 * its limits (in many containers and sandboxes). Containers get less than that.
 * https://man7.org/linux/man-pages/man2/getrlimit.2.html
 */
export async function limitArguments(): Promise<readonly string[]> {
  const text = await readFile("/proc/self/limits", "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => {
    const name = Object.keys(names).find((known) => line.startsWith(known));
    const hard = /(\d+|unlimited)\s+(\d+|unlimited)/.exec(line)?.[2];
    if (name === undefined || hard === undefined) return [];
    const limit = hard === "unlimited" ? wanted : Math.min(wanted, Number(hard));
    return ["--ulimit", `${names[name] ?? ""}=${limit}:${limit}`];
  });
}
