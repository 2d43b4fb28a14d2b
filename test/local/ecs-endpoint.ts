import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ECRClient } from "@aws-sdk/client-ecr";
import { ECSClient } from "@aws-sdk/client-ecs";
import { CallLog } from "../../local/aws/call-log.ts";
import { AwsEndpoint } from "../../local/aws/endpoint.ts";
import { FaultSwitch } from "../../local/aws/faults.ts";
import { createCloudFormation } from "../../local/cloudformation/service.ts";
import { createCloudWatch } from "../../local/cloudwatch/service.ts";
import { createEcr } from "../../local/ecr/service.ts";
import { createEcs, type EcsDependencies, type EcsService } from "../../local/ecs/service.ts";
import type { Engine } from "../../local/engine.ts";
import { createLoadBalancer } from "../../local/load-balancer/service.ts";
import { createLogs } from "../../local/logs/service.ts";
import { LocalServer } from "../../local/server.ts";
import type { EventDraft, LocalService } from "../../local/service.ts";
import { parseTemplate } from "../../local/template/parse.ts";

/** ECS and ECR behind the real server on a free port, as clients see them. */
export interface EcsEndpoint {
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly ecs: ECSClient;
  readonly ecr: ECRClient;
  readonly service: LocalService;
  readonly stateDir: string;
  /** Every event that was put on the bus, the oldest first. */
  readonly events: readonly EventDraft[];
  /** Log lines by `group stream`. */
  readonly logs: ReadonlyMap<string, string[]>;
  /** Resolves with the first event that passes, one from the past included. Fails with `what` after `timeoutMs`. */
  event(what: string, passes: (event: EventDraft) => boolean, timeoutMs?: number): Promise<EventDraft>;
  /** Creates or updates a CloudFormation stack. */
  deploy(name: string, templateBody: string, parameters: Readonly<Record<string, string>>): Promise<void>;
  /** Stops everything, and removes the state unless it is to be kept. */
  stop(options?: { readonly keepState: boolean }): Promise<void>;
}

export interface EcsEndpointOptions {
  readonly stateDir?: string;
  readonly deps?: EcsDependencies;
  readonly engineFor?: (host: string) => Promise<Engine>;
}

const credentials = { accessKeyId: "alice", secretAccessKey: "alice" };

export async function startEcs(options: EcsEndpointOptions = {}): Promise<EcsEndpoint> {
  const stateDir = options.stateDir ?? (await mkdtemp(join(tmpdir(), "tandem-ecs-")));
  const server = await LocalServer.listen(0);
  const host = `127.0.0.1:${server.port}`;
  const url = `http://${host}`;
  const events: EventDraft[] = [];
  const waiting = new Set<() => void>();
  const logs = new Map<string, string[]>();
  const said: string[] = [];
  const place = { accountId: "000000000000", region: "us-east-1", stateDir, now: Date.now };
  const logGroups = await createLogs(place);
  const context = {
    ...place,
    url,
    registryHost: host,
    emit: (event: EventDraft) => {
      events.push(event);
      for (const look of waiting) look();
    },
    logs: {
      put: (group: string, stream: string, lines: readonly string[]) => {
        const key = `${group} ${stream}`;
        logs.set(key, [...(logs.get(key) ?? []), ...lines]);
        logGroups.sink.put(group, stream, lines);
      },
    },
    say: (line: string) => void said.push(line),
  };
  const engine: Engine = (await options.engineFor?.(host)) ?? { name: "none", description: "none" };
  let opened: {
    readonly ecr: LocalService;
    readonly ecs: EcsService;
    readonly cloudWatch: LocalService;
    readonly loadBalancer: LocalService;
  };
  try {
    const cloudWatch = await createCloudWatch(context);
    const minuteMs = options.deps?.timings?.minuteMs ?? 1000;
    const patienceMs = engine.containers === undefined ? 0 : 20_000;
    const loadBalancer = await createLoadBalancer(context, { secondMs: minuteMs / 60, patienceMs });
    const deps = { alarms: cloudWatch.alarms, balancing: loadBalancer.balancing, ...options.deps };
    opened = {
      ecr: await createEcr(context),
      ecs: await createEcs(context, engine, deps),
      cloudWatch,
      loadBalancer,
    };
  } catch (error) {
    await server.close();
    throw error;
  }
  const services = new Map<string, LocalService>([
    ["ecr", opened.ecr],
    ["ecs", opened.ecs],
    ["autoscaling", opened.ecs.autoScaling],
    ["ec2", opened.ecs.ec2],
    ["logs", logGroups],
    ["cloudwatch", opened.cloudWatch],
    ["elasticloadbalancingv2", opened.loadBalancer],
  ]);
  const cloudFormation = await createCloudFormation(context, (type) =>
    [...services.values()].map(({ resources }) => resources?.[type]).find((create) => create !== undefined),
  );
  const endpoint = new AwsEndpoint({
    services,
    faults: new FaultSwitch(),
    calls: new CallLog(),
    accountId: context.accountId,
    now: context.now,
    say: context.say,
  });
  const nobody = async (_request: unknown, response: { writeHead(status: number): { end(): void } }) =>
    response.writeHead(404).end();
  server.serve({
    endpoint,
    services: services.values(),
    gateway: { handle: async (request, response) => nobody(request, response) },
    control: async (request, response) => nobody(request, response),
    say: context.say,
  });
  const client = { endpoint: url, region: context.region, credentials, maxAttempts: 1 };
  const ecs = new ECSClient(client);
  const ecr = new ECRClient(client);
  return {
    url,
    host,
    ecs,
    ecr,
    service: opened.ecs,
    stateDir,
    events,
    logs,
    event: (what, passes, timeoutMs = 10_000) =>
      new Promise((resolve, reject) => {
        let next = 0;
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(
            new Error(
              `no event: ${what}; said: ${said.join("; ")}; the last: ${JSON.stringify(events.at(-1))}`,
            ),
          );
        }, timeoutMs);
        const look = (): void => {
          for (; next < events.length; next++) {
            const event = events[next];
            if (event === undefined || !passes(event)) continue;
            clearTimeout(timer);
            waiting.delete(look);
            resolve(event);
            return;
          }
        };
        waiting.add(look);
        look();
      }),
    deploy: async (name, templateBody, parameters) => {
      const request = { name, template: parseTemplate(templateBody), templateBody };
      const { done } = cloudFormation.stacks.begin({
        ...request,
        parameters: new Map(Object.entries(parameters)),
        nameOf: (logicalId) => `${name}-${logicalId}`,
      });
      const stack = await done;
      if (!stack.status.endsWith("_COMPLETE")) throw new Error(`${stack.status}: ${stack.statusReason}`);
    },
    stop: async ({ keepState } = { keepState: false }) => {
      ecs.destroy();
      ecr.destroy();
      await opened.ecs.close();
      await opened.loadBalancer.close();
      await opened.cloudWatch.close();
      await opened.ecr.close();
      await logGroups.close();
      await server.close();
      if (!keepState) await rm(stateDir, { recursive: true, force: true });
    },
  };
}
