import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";

/** Publishes a port of a container that has a network of its own without a way out. */
export interface Relay {
  close(): void;
}

const inside = fileURLToPath(new URL("relay-inside.mjs", import.meta.url));

/**
 * Listens on a port of 127.0.0.1 and connects whoever comes to a port on the loopback of the network namespace of `pid`. For
 * machines on which podman cannot set up a bridge (no netavark, CNI plugins, iptables or slirp4netns).
 *
 * @param socket a path for the Unix socket between the two sides.
 * @throws Error when the namespace cannot be entered or the port is taken.
 */
export async function openRelay(
  pid: number,
  hostPort: number,
  containerPort: number,
  socket: string,
): Promise<Relay> {
  // As another user than root, the namespace belongs to the user namespace of the container.
  const enter =
    process.getuid?.() === 0
      ? [`--net=/proc/${pid}/ns/net`]
      : ["--target", String(pid), "--user", "--preserve-credentials", "--net"];
  const child = spawn("nsenter", [...enter, process.execPath, inside, socket, String(containerPort)], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  const complaint: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => complaint.push(chunk));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once("data", () => resolve());
    child.once("error", reject);
    child.once("exit", (code) => {
      reject(new Error(`nsenter ended with ${code}: ${Buffer.concat(complaint).toString().trim()}`));
    });
  });
  const server = createServer({ allowHalfOpen: true }, (outer) => {
    const inner = connect({ path: socket, allowHalfOpen: true });
    outer.pipe(inner).pipe(outer);
    outer.on("error", () => inner.destroy());
    inner.on("error", () => outer.destroy());
  });
  const close = (): void => {
    server.close();
    child.kill("SIGKILL");
  };
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(hostPort, "127.0.0.1", resolve);
    });
  } catch (error) {
    close();
    throw error;
  }
  return { close };
}
