import { access, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { command } from "./command.ts";

const netnsFolder = "/run/netns";

/** Every mount point of this process. */
async function mountPoints(): Promise<readonly string[]> {
  try {
    const mounts = await readFile("/proc/self/mountinfo", "utf8");
    return mounts.split("\n").flatMap((line) => line.split(" ")[4] ?? []);
  } catch {
    return [];
  }
}

export const hasNetnsMount = async (): Promise<boolean> => (await mountPoints()).includes(netnsFolder);

/** podman's options for a store of its own: nothing else on the machine sees it, and it is removed as a whole. */
export async function storageOptions(folder: string): Promise<readonly string[]> {
  const options = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--log-level", "error"];
  if ((await command("runc", ["--version"])).code === 0) options.push("--runtime", "runc");
  try {
    await access("/run/systemd/system");
  } catch {
    options.push("--cgroup-manager", "cgroupfs");
  }
  return options;
}

/** Removes a store: its containers, its mounts, its files. */
export async function removeStorage(folder: string): Promise<void> {
  const options = await storageOptions(folder);
  await command("podman", [...options, "rm", "--all", "--force", "--time", "0"]);
  const left = (await mountPoints()).filter((point) => point.startsWith(`${folder}/`));
  // The innermost first.
  for (const point of left.toSorted().toReversed()) await command("umount", [point]);
  // podman's own cleaning up after a container may not have ended yet.
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** Takes away the mount that podman puts below its network namespaces, when it was not there before and none is left. */
export async function removeNetnsMount(): Promise<void> {
  if (!(await hasNetnsMount())) return;
  if ((await readdir(netnsFolder)).length === 0) await command("umount", [netnsFolder]);
}
