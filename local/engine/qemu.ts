import { readFile } from "node:fs/promises";
import { arch } from "node:process";
import type { Architecture } from "../engine.ts";

/** The architecture of this machine, in ECS's words; `undefined` for one that ECS does not know. */
export function ownArchitecture(): Architecture | undefined {
  if (arch === "x64") return "x86_64";
  return arch === "arm64" ? "arm64" : undefined;
}

const interpreterOf: Readonly<Record<Architecture, string>> = {
  x86_64: "qemu-x86_64",
  arm64: "qemu-aarch64",
};
const folder = "/proc/sys/fs/binfmt_misc";

/** Whether programs of an architecture run here: its own, or by qemu. The reason and the remedy where they do not. */
export type Foreign =
  | { readonly runs: true; readonly how: "native" | "qemu" }
  | { readonly runs: false; readonly why: string; readonly remedy: string };

/**
 * Looks for the kernel's registration of a foreign architecture. Flag F (fix binary) is needed: without it the kernel looks
 * for the interpreter inside of the container, where it is not.
 * https://docs.kernel.org/admin-guide/binfmt-misc.html
 */
export async function canRun(architecture: Architecture): Promise<Foreign> {
  if (ownArchitecture() === architecture) return { runs: true, how: "native" };
  const name = interpreterOf[architecture];
  const remedy = [
    "apt-get install qemu-user-static",
    `mountpoint -q ${folder} || mount -t binfmt_misc binfmt_misc ${folder}`,
    `test -e ${folder}/${name} || cat /usr/lib/binfmt.d/${name}.conf > ${folder}/register`,
  ].join(" && ");
  const registration = await read(`${folder}/${name}`);
  if (registration === undefined) {
    const mounted = (await read(`${folder}/status`)) !== undefined;
    const why = mounted ? `${name} is not registered` : `${folder} is not mounted`;
    return { runs: false, why: `${architecture} cannot run here: ${why}`, remedy };
  }
  if (!/^enabled/m.test(registration) || !/^flags:.*F/m.test(registration)) {
    return {
      runs: false,
      why: `${architecture} cannot run in containers here: ${folder}/${name} is disabled or lacks flag F`,
      remedy: `echo -1 > ${folder}/${name} && ${remedy}`,
    };
  }
  return { runs: true, how: "qemu" };
}

async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return undefined;
  }
}
