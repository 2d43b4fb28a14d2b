import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ECRClient } from "@aws-sdk/client-ecr";
import { CallLog } from "../../local/aws/call-log.ts";
import { AwsEndpoint } from "../../local/aws/endpoint.ts";
import { FaultSwitch } from "../../local/aws/faults.ts";
import { createEcrPublic } from "../../local/ecr/public/service.ts";
import { createEcr } from "../../local/ecr/service.ts";
import type { EventDraft, LocalService } from "../../local/service.ts";

/** ECR and ECR Public alone behind a real HTTP server on a free port, as clients see it. */
export interface EcrEndpoint {
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly client: ECRClient;
  readonly service: LocalService;
  /** Every event that was put on the bus. */
  readonly events: readonly EventDraft[];
  readonly stateDir: string;
  /** Stops the server; the state stays for the next one. */
  stop(): Promise<void>;
}

/**
 * Starts ECR over a state folder.
 * @param onRequest told of every request before it is answered
 */
export async function startEcr(
  stateDir: string,
  onRequest: (request: IncomingMessage) => void = () => undefined,
): Promise<EcrEndpoint> {
  const events: EventDraft[] = [];
  let endpoint: AwsEndpoint | undefined;
  let service: LocalService | undefined;
  let publicService: LocalService | undefined;
  const server = createServer((request, response) => {
    onRequest(request);
    const routes = Object.entries({ ...service?.routes, ...publicService?.routes });
    const [, route] =
      routes
        .sort(([a], [b]) => b.length - a.length)
        .find(([prefix]) => request.url?.startsWith(prefix) === true) ?? [];
    if (endpoint?.accepts(request)) void endpoint.handle(request, response);
    else void route?.(request, response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const host = `127.0.0.1:${address.port}`;
  const context = {
    url: `http://${host}`,
    registryHost: host,
    accountId: "000000000000",
    region: "us-east-1",
    stateDir,
    emit: (event: EventDraft) => void events.push(event),
    logs: { put: () => undefined },
    now: Date.now,
    say: (line: string) => process.stderr.write(`${line}\n`),
  };
  try {
    service = await createEcr(context);
    publicService = await createEcrPublic(context);
  } catch (error) {
    server.close();
    throw error;
  }
  endpoint = new AwsEndpoint({
    services: new Map([
      ["ecr", service],
      ["ecr-public", publicService],
    ]),
    faults: new FaultSwitch(),
    calls: new CallLog(),
    accountId: context.accountId,
    now: context.now,
    say: context.say,
  });
  const client = new ECRClient({
    endpoint: context.url,
    region: context.region,
    credentials: { accessKeyId: "alice", secretAccessKey: "alice" },
    maxAttempts: 1,
  });
  const started = service;
  return {
    url: context.url,
    host,
    client,
    service: started,
    events,
    stateDir,
    async stop() {
      client.destroy();
      await started.close();
      await publicService?.close();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** A folder that a test file may use and must give back. */
export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "tandem-ecr-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
