import {
  request as ask,
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { hasCode } from "../errors.ts";
import type { Requested } from "./conditions.ts";
import type { Action } from "./types.ts";

/** What a listener does with a request. */
export type Decision =
  | { readonly type: "target"; readonly port: number; readonly done: () => void }
  /** The target group has no registered target. */
  | { readonly type: "nobody" }
  | { readonly type: "answer"; readonly action: Exclude<Action, { Type: "forward" }> };

export type Decide = (requested: Requested) => Decision;

/** Headers that belong to one connection (RFC 9110, 7.6.1). */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** The HTTP server of a listener, on 127.0.0.1. */
export class ListenerServer {
  readonly #server: Server;
  readonly port: number;
  /** The port that the load balancer's listener has: in `X-Forwarded-Port`, and for redirects. */
  declaredPort = 80;
  /** Before the listener exists, nobody answers. */
  decide: Decide = () => ({ type: "nobody" });

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on("request", (request, response) => this.#handle(request, response));
  }

  /** Listens on `wanted`, or where that is taken (or 0) on any port that is free. */
  static async listen(wanted: number): Promise<ListenerServer> {
    const server = createServer({ requestTimeout: 0, keepAliveTimeout: 65_000 });
    const listen = (port: number): Promise<void> =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, "127.0.0.1", () => {
          server.off("error", reject);
          resolve();
        });
      });
    await listen(wanted).catch((error: unknown) => {
      if (wanted !== 0 && (hasCode(error, "EADDRINUSE") || hasCode(error, "EACCES"))) return listen(0);
      throw error;
    });
    const address: AddressInfo | string | null = server.address();
    return new ListenerServer(server, typeof address === "object" && address !== null ? address.port : 0);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const decision = this.decide(requestedOf(request));
    if (decision.type === "target") this.#forward(request, response, decision);
    else if (decision.type === "nobody")
      refuse(response, 503, "Service Unavailable: the target group has no targets");
    else this.#answer(request, response, decision.action);
  }

  #forward(
    request: IncomingMessage,
    response: ServerResponse,
    { port, done }: Extract<Decision, { type: "target" }>,
  ): void {
    response.once("close", done);
    // A connection for each request: one that is kept could be closed by its target just as it is used again.
    const asked = ask({
      host: "127.0.0.1",
      port,
      method: request.method,
      path: request.url,
      headers: this.#headers(request),
      agent: false,
    });
    asked.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
      answer.on("error", () => response.destroy());
      answer.pipe(response);
    });
    asked.on("error", () => {
      if (response.headersSent) response.destroy();
      else refuse(response, 502, "Bad Gateway");
    });
    response.once("close", () => {
      if (!response.writableFinished) asked.destroy();
    });
    request.on("error", () => asked.destroy());
    request.pipe(asked);
  }

  /** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html */
  #headers(request: IncomingMessage): OutgoingHttpHeaders {
    const before = request.headers["x-forwarded-for"];
    const from = request.socket.remoteAddress ?? "127.0.0.1";
    return {
      ...endToEnd(request.headers),
      ...(request.headers["transfer-encoding"] === undefined ? {} : { "transfer-encoding": "chunked" }),
      "x-forwarded-for": before === undefined ? from : `${String(before)}, ${from}`,
      "x-forwarded-proto": "http",
      "x-forwarded-port": String(this.declaredPort),
    };
  }

  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    action: Exclude<Action, { Type: "forward" }>,
  ): void {
    request.resume();
    if (action.Type === "fixed-response") {
      const { StatusCode, ContentType = "text/plain", MessageBody = "" } = action.FixedResponseConfig;
      response.writeHead(Number(StatusCode), { "content-type": ContentType }).end(MessageBody);
      return;
    }
    const {
      StatusCode,
      Protocol = "#{protocol}",
      Host = "#{host}",
      Port = "#{port}",
      Path = "/#{path}",
      Query = "#{query}",
    } = action.RedirectConfig;
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const keywords: Readonly<Record<string, string>> = {
      protocol: "http",
      host: requestedOf(request).host,
      // Locally a listener is not where it was declared to be.
      port: String(this.port),
      path: url.pathname.slice(1),
      query: url.search.slice(1),
    };
    const fill = (text: string): string => text.replace(/#\{(\w+)\}/g, (all, name) => keywords[name] ?? all);
    const query = fill(Query);
    const location = `${fill(Protocol).toLowerCase()}://${fill(Host)}:${fill(Port)}${fill(Path)}${query === "" ? "" : `?${query}`}`;
    response.writeHead(StatusCode === "HTTP_301" ? 301 : 302, { location }).end();
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${message}\n`);
}

function endToEnd(headers: IncomingMessage["headers"]): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}

function requestedOf(request: IncomingMessage): Requested {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  return {
    method: request.method ?? "GET",
    host: (request.headers.host ?? "").replace(/:\d+$/, ""),
    path: url.pathname,
    query: url.searchParams,
    header: (name) => {
      const value = request.headers[name.toLowerCase()];
      return Array.isArray(value) ? value.join(",") : value;
    },
  };
}
