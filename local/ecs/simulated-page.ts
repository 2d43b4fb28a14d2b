import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { replyJson } from "../aws/http.ts";
import type { RunContainer } from "../engine.ts";

/** Sets the HTTP status with which a simulated container answers every request. */
export const statusVariable = "TANDEM_SIMULATED_STATUS";

/** A simulated container's page. */
export interface SimulatedPage {
  readonly port: number;
  close(): void;
}

/**
 * Answers HTTP where a simulated container would, with what it simulates: so a load balancer has something to ask.
 *
 * @param hostPort 0 for any that is free; another that is taken gives way to a free one as well, since here all hosts are
 * one machine.
 * @returns undefined when this machine has no port left.
 */
export async function simulatedPage(
  options: Pick<RunContainer, "name" | "image" | "architecture" | "environment">,
  hostPort: number,
): Promise<SimulatedPage | undefined> {
  const wanted = Number(options.environment[statusVariable]);
  const status = Number.isInteger(wanted) && wanted >= 200 && wanted <= 599 ? wanted : 200;
  const { name, image, architecture } = options;
  const server = createServer((request, response) => {
    request.resume();
    replyJson(response, status, { simulated: true, container: name, image, architecture });
  });
  const port = (await listen(server, hostPort)) ?? (hostPort === 0 ? undefined : await listen(server, 0));
  if (port === undefined) return undefined;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port, close };
}

function listen(server: Server, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const failed = (): void => resolve(undefined);
    server.once("error", failed);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", failed);
      const address: AddressInfo | string | null = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : undefined);
    });
  });
}
