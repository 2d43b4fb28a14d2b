import { fitsRunningProcess, forkHost, type HostProcess } from "./host-process.ts";

/** All processes of all functions, and some that are kept ready, because starting Node is a good part of a cold start. */
export interface Hosts {
  /** A ready process, or a new one when there is none or the variables need one of their own. */
  take(variables: Readonly<Record<string, string>>): HostProcess;
  /** Prepares those that are missing. */
  refill(): void;
  /** Ends every process, whatever it is doing. */
  close(): Promise<void>;
}

/** Variables that every function has in common, so that a process can be born before its function is known. */
const COMMON: Readonly<Record<string, string>> = { TZ: "UTC", LANG: "en_US.UTF-8" };

/** @param spare how many are kept ready */
export function createHosts(spare: number): Hosts {
  const alive = new Set<HostProcess>();
  let ready: readonly HostProcess[] = [];
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
      const host = ready.find(({ usable }) => usable);
      if (host === undefined || !fitsRunningProcess(Object.fromEntries(own))) return start(variables);
      ready = ready.filter((one) => one !== host);
      return host;
    },
    refill() {
      if (!open) return;
      const usable = ready.filter((one) => one.usable);
      const missing = Math.max(0, spare - usable.length);
      ready = [...usable, ...Array.from({ length: missing }, () => start(COMMON))];
    },
    async close() {
      open = false;
      await Promise.all([...alive].map((host) => host.kill()));
    },
  };
}
