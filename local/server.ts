import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { AwsEndpoint } from "./aws/endpoint.ts";
import { replyJson } from "./aws/http.ts";
import { isFromThisMachine } from "./aws/loopback.ts";
import { reasonOf } from "./errors.ts";
import type { LocalService } from "./service.ts";

type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Who answers what on the one port. */
export interface Parts {
  readonly endpoint: AwsEndpoint;
  /** Those whose `routes` are served. */
  readonly services: Iterable<LocalService>;
  /** Everything that nobody else takes: the HTTP API. */
  readonly gateway: { readonly handle: Handle };
  /** Below `/_local/`, but for what a service serves there itself. */
  readonly control: Handle;
  readonly say: (line: string) => void;
}

/** The port is taken by another process. */
export class PortInUse extends Error {}

/** The one HTTP server. It listens before its parts exist, since they need its address; until then it answers 503. */
export class LocalServer {
  readonly #server: Server;
  #handle: Handle = async (_request, response) =>
    replyJson(response, 503, { message: "Service Unavailable" });

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
  }

  /**
   * Listens on loopback.
   * @param port 0 for any that is free
   * @throws PortInUse
   */
  static async listen(port: number): Promise<LocalServer> {
    // Pushing a large layer may take longer than Node's five minutes for a request. Clients keep connections open;
    // a short keep-alive would close one just as it is used again.
    const server = createServer({ requestTimeout: 0, keepAliveTimeout: 65_000 });
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        const used = error.code === "EADDRINUSE";
        const barred = error.code === "EACCES";
        if (!used && !barred) reject(error);
        else
          reject(
            new PortInUse(
              `port ${port} ${used ? "is in use" : "may not be used by you"}: choose another with --port`,
            ),
          );
      });
      server.listen(port, "127.0.0.1", resolve);
    });
    return new LocalServer(server);
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Begins to answer. */
  serve(parts: Parts): void {
    const own = [...parts.services].flatMap(({ routes }) => Object.entries(routes ?? {}));
    const routes: readonly (readonly [string, Handle])[] = [...own, ["/_local/", parts.control] as const];
    const byLength = [...routes].sort(([a], [b]) => b.length - a.length);
    const route = (path: string): Handle | undefined =>
      byLength.find(([prefix]) => path.startsWith(prefix))?.[1];
    this.#handle = async (request, response) => {
      const path = request.url ?? "/";
      try {
        const handle = parts.endpoint.accepts(request)
          ? parts.endpoint.handle.bind(parts.endpoint)
          : route(path);
        // Builds run commands, so a page of the web must reach neither git nor the AWS protocols. The HTTP API looks
        // for itself: webhooks may come through a tunnel.
        if (handle === undefined) await parts.gateway.handle(request, response);
        else if (isFromThisMachine(request)) await handle(request, response);
        else
          replyJson(response, 403, {
            message: "only for requests of this machine to 127.0.0.1 or localhost",
          });
      } catch (error) {
        parts.say(`${request.method} ${path} failed: ${reasonOf(error)}`);
        replyJson(response, 500, { message: "Internal Server Error" });
      }
    };
  }

  /** Takes no more requests, other than with 503: while the parts are closed, nothing new begins. */
  refuse(): void {
    this.#handle = async (_request, response) => replyJson(response, 503, { message: "Service Unavailable" });
  }

  /** Ends all connections and frees the port. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}
