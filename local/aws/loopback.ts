import type { IncomingMessage } from "node:http";

const LOOPBACK_NAMES = ["127.0.0.1", "localhost", "[::1]"];
const LOOPBACK_ADDRESSES = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];

/**
 * Whether a request was made by somebody at this machine, and not by a page of the web in their browser: it comes from
 * loopback, names a loopback host (a page can make its own name lead here), and any Origin is this endpoint's.
 */
export function isFromThisMachine(request: IncomingMessage): boolean {
  const { host = "", origin } = request.headers;
  const name = host.replace(/:\d+$/, "");
  if (!LOOPBACK_ADDRESSES.includes(request.socket.remoteAddress ?? "")) return false;
  if (!LOOPBACK_NAMES.includes(name)) return false;
  return origin === undefined || origin === `http://${host}`;
}
