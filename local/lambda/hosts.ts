import { fitsRunningProcess, forkHost, type HostProcess } from "./host-process.ts";

/** All processes of all functions, and one that is kept ready, because starting Node is a good part of a cold start. */
export interface Hosts {
  /** The ready process, or a new one when there is none or the variables need one of their own. */
  take(variables: Readonly<Record<string, string>>): HostProcess;
  /** Prepares the next one. */
  refill(): void;
  /** Ends every process, whatever it is doing. */
  close(): Promise<void>;
}

/** Variables that every function has in common, so that a process can be born before its function is known. */
const COMMON: Readonly<Record<string, string>> = { TZ: "UTC", LANG: "en_US.UTF-8" };

export function createHosts(): Hosts {
  const alive = new Set<HostProcess>();
  let ready: HostProcess | undefined;
  let open = true;

  const start = (variables: Readonly<Record<string, string>>): HostProcess => {
    const host = forkHost(variables);
    alive.add(host);
    void host.ended.then(() => alive.delete(host));
    return host;
  };

  return {
    take(variables) {
      if (!open) throw new Error("The emulator is ending: no function is started any more");
      const own = Object.entries(variables).filter(([name, value]) => COMMON[name] !== value);
      if (ready === undefined || !ready.usable || !fitsRunningProcess(Object.fromEntries(own))) {
        return start(variables);
      }
      const host = ready;
      ready = undefined;
      return host;
    },
    refill() {
      if (open && (ready === undefined || !ready.usable)) ready = start(COMMON);
    },
    async close() {
      open = false;
      await Promise.all([...alive].map((host) => host.kill()));
    },
  };
}
