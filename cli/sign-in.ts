import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { EXIT, Failure } from "./failure.ts";
import { type Asked, askForCode, codeIn, type Issuer, redeem } from "./issuer.ts";
import type { Login } from "./logins.ts";

/** Those that the stack registers at its user pool, which compares the port, too. */
const PORTS = [8976, 8977, 8978];

const redirectTo = (port: number): string => `http://localhost:${port}/callback`;

const PATIENCE_MS = 5 * 60_000;

/**
 * Signs a person in with the browser: sends them to the issuer, and waits on this machine for its answer.
 * https://www.rfc-editor.org/rfc/rfc8252
 * @param show is handed the address that the person is to go to
 */
export async function signInWithBrowser(
  issuer: Issuer,
  show: (address: string) => void,
  signal: AbortSignal,
): Promise<Login> {
  const { server, port } = await listen();
  try {
    const asked = askForCode(issuer, redirectTo(port));
    const answered = answerTo(server, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]));
    show(asked.address.href);
    openBrowser(asked.address.href);
    return await redeem(issuer, asked, codeIn(await answered, asked, issuer), signal);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function listen(): Promise<{ readonly server: Server; readonly port: number }> {
  for (const port of PORTS) {
    const server = createServer();
    const listening = once(server, "listening");
    server.listen(port, "localhost");
    try {
      await listening;
      return { server, port };
    } catch {
      server.close();
    }
  }
  throw new Failure(
    EXIT.failed,
    "no-port",
    `the ports ${PORTS.join(", ")} are all in use: free one of them, for the issuer's answer`,
  );
}

const SIGNED_IN = "You may close this page and go back to the terminal.\n";

/** The parameters of the first request to the redirect address. */
function answerTo(server: Server, signal: AbortSignal): Promise<URLSearchParams> {
  return new Promise((resolve, reject) => {
    const late = "nobody signed in within five minutes: run the command again";
    signal.addEventListener("abort", () => reject(new Failure(EXIT.denied, "no-answer", late)), {
      once: true,
    });
    server.on("request", (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
      const ours = request.method === "GET" && pathname === "/callback";
      response.writeHead(ours ? 200 : 404, {
        "content-type": "text/plain; charset=utf-8",
        "content-security-policy": "default-src 'none'",
        connection: "close",
      });
      response.end(ours ? SIGNED_IN : "", () => ours && resolve(searchParams));
    });
  });
}

/** The person sees the address in any case; where there is no browser nothing happens. */
export function openBrowser(address: string): void {
  const [command, ...args] =
    process.platform === "darwin"
      ? ["open", address]
      : process.platform === "win32"
        ? ["rundll32", "url.dll,FileProtocolHandler", address]
        : ["xdg-open", address];
  if (command === undefined) return;
  const child = spawn(command, args, { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
}

/**
 * Signs one of the local endpoint's people in, without a browser: fetches the issuer's page and sends its form. Their password is
 * their name.
 */
export async function signInLocally(issuer: Issuer, name: string, signal: AbortSignal): Promise<Login> {
  const asked = askForCode(issuer, redirectTo(PORTS[0] ?? 0));
  const page = await (await fetch(asked.address, { signal })).text();
  const action = /<form method="post" action="([^"]+)"/.exec(page)?.[1];
  if (action === undefined)
    throw new Failure(EXIT.denied, "issuer", `${issuer.issuer} shows no sign-in page: sign in without --as`);
  const form = new URLSearchParams(asked.address.searchParams);
  form.set("username", name);
  form.set("password", name);
  const response = await fetch(new URL(action, issuer.issuer), {
    method: "POST",
    body: form,
    redirect: "manual",
    signal,
  });
  return redeem(issuer, asked, codeOf(response, asked, issuer, name), signal);
}

function codeOf(response: Response, asked: Asked, issuer: Issuer, name: string): string {
  const location = response.headers.get("location");
  if (location !== null) return codeIn(new URL(location).searchParams, asked, issuer);
  const message = `${issuer.issuer} knows nobody called ${JSON.stringify(name)}: its page at ${issuer.authorizationEndpoint} names its people`;
  throw new Failure(EXIT.denied, "issuer", message);
}
