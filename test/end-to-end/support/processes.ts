import { readdir, readFile } from "node:fs/promises";

/** A process that can be told from a later one with the same id. */
export interface Process {
  readonly pid: number;
  readonly began: string;
  readonly name: string;
}

interface Stat extends Process {
  readonly parent: number;
  readonly state: string;
}

/** proc_pid_stat(5): `pid (name) state ppid … starttime`. */
async function statOf(pid: string): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const [, name = "", rest = ""] = /^\d+ \((.*)\) (.*)$/s.exec(text ?? "") ?? [];
  const fields = rest.split(" ");
  if (text === undefined) return undefined;
  return {
    pid: Number(pid),
    name,
    state: fields[0] ?? "",
    parent: Number(fields[1]),
    began: fields[19] ?? "",
  };
}

async function all(): Promise<readonly Stat[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(ids.map(statOf))).filter((stat) => stat !== undefined);
}

/** Everything that a process has started, and what that has started; empty where there is no /proc. */
export async function descendantsOf(root: number): Promise<readonly Process[]> {
  if (process.platform !== "linux") return [];
  const processes = await all();
  const found: Stat[] = [];
  const parents = new Set([root]);
  for (let before = -1; before !== found.length; ) {
    before = found.length;
    for (const one of processes) {
      if (!parents.has(one.parent) || parents.has(one.pid)) continue;
      parents.add(one.pid);
      found.push(one);
    }
  }
  return found;
}

/** Which of them still live; a zombie that nobody has waited for does not. */
export async function survivorsOf(processes: readonly Process[]): Promise<readonly Process[]> {
  const now = await Promise.all(processes.map(({ pid }) => statOf(String(pid))));
  return processes.filter(({ began }, at) => now[at]?.began === began && now[at]?.state !== "Z");
}

/** The living processes that have a text in their command line or environment. */
export async function processesNaming(text: string): Promise<readonly Process[]> {
  const found = await Promise.all(
    (await all()).map(async (one) => {
      const files = ["cmdline", "environ"].map((file) =>
        readFile(`/proc/${one.pid}/${file}`, "utf8").catch(() => ""),
      );
      return (await Promise.all(files)).some((content) => content.includes(text)) ? [one] : [];
    }),
  );
  return found.flat();
}
