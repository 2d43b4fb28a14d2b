import type { IncomingMessage } from "node:http";

const LOOPBACK_ADDRESSES = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];

/** `localhost` and the names below it lead nowhere else: RFC 6761, section 6.3. */
const LOOPBACK_NAME = /^(127\.0\.0\.1|\[::1\]|(.+\.)?localhost)(:\d+)?$/;

/**
 * Whether a request was made by somebody at this machine, and not by a page of the web in their browser: it comes from
 * loopback, names a loopback host (a page can make its own name lead here), and an Origin, if any, is a loopback one.
 */
export function isFromThisMachine(request: IncomingMessage): boolean {
  const { host = "", origin } = request.headers;
  if (!LOOPBACK_ADDRESSES.includes(request.socket.remoteAddress ?? "")) return false;
  if (!LOOPBACK_NAME.test(host)) return false;
  return origin === undefined || LOOPBACK_NAME.test(origin.replace(/^https?:\/\//, ""));
}
