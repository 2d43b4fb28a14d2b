import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { strToU8, zipSync } from "fflate";
import { CallLog } from "../../local/aws/call-log.ts";
import { AwsEndpoint } from "../../local/aws/endpoint.ts";
import { FaultSwitch } from "../../local/aws/faults.ts";
import { temporaryCredentials } from "../../local/aws/people.ts";
import { createEvents, type EventsService } from "../../local/events/service.ts";
import { createLambda, type LambdaOptions, type LambdaService } from "../../local/lambda/service.ts";
import type { EventDraft, LocalService } from "../../local/service.ts";

/** A message that went to a dead-letter queue. */
export interface DeadLetter {
  readonly queueArn: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>> | undefined;
}

/** Lambda and EventBridge behind a real HTTP server on a free port, as clients see them. */
export interface LambdaEndpoint {
  readonly url: string;
  readonly lambda: LambdaService;
  readonly events: EventsService;
  readonly lambdaClient: LambdaClient;
  readonly eventsClient: EventBridgeClient;
  readonly stateDir: string;
  /** What was said to the person at the terminal. */
  readonly said: readonly string[];
  readonly deadLetters: readonly DeadLetter[];
  /** Deploys a function out of files (path → text); without `Handler` it is `index.handler` in `index.mjs`. */
  deploy(
    name: string,
    files: Readonly<Record<string, string>>,
    properties?: Readonly<Record<string, unknown>>,
  ): Promise<void>;
  /** Creates a resource of any type that the two services know. */
  create(type: string, logicalId: string, properties: Readonly<Record<string, unknown>>): Promise<void>;
  /** All lines of a function's log group so far. */
  log(functionName: string): readonly string[];
  /** Resolves once `holds` does; asked again whenever something was logged, said or put into a queue. */
  until(holds: () => boolean): Promise<void>;
  close(): Promise<void>;
}

const ACCOUNT = "000000000000";
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/pipeline-role`;
export const functionArn = (name: string) => `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${name}`;

/** Starts both services over a fresh state folder. */
export async function startLambdaEndpoint(options: Partial<LambdaOptions> = {}): Promise<LambdaEndpoint> {
  const stateDir = await mkdtemp(join(tmpdir(), "tandem-lambda-"));
  const routes = new Map<string, NonNullable<LocalService["routes"]>[string]>();
  let endpoint: AwsEndpoint | undefined;
  const server = createServer((request, response) => {
    const route = [...routes].find(([prefix]) => (request.url ?? "/").startsWith(prefix))?.[1];
    if (endpoint?.accepts(request)) void endpoint.handle(request, response);
    else if (route !== undefined) void route(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const url = `http://127.0.0.1:${address.port}`;

  const said: string[] = [];
  const deadLetters: DeadLetter[] = [];
  const lines = new Map<string, string[]>();
  let waiting: { readonly holds: () => boolean; readonly go: () => void }[] = [];
  const happened = () => {
    const due = waiting.filter(({ holds }) => holds());
    waiting = waiting.filter((one) => !due.includes(one));
    for (const { go } of due) go();
  };
  let events: EventsService | undefined;
  const context = {
    url,
    registryHost: `127.0.0.1:${address.port}`,
    accountId: ACCOUNT,
    region: "us-east-1",
    stateDir,
    emit: (draft: EventDraft) => events?.put(draft),
    logs: {
      put: (group: string, _stream: string, added: readonly string[]) => {
        lines.set(group, [...(lines.get(group) ?? []), ...added]);
        happened();
      },
    },
    now: Date.now,
    say: (line: string) => {
      said.push(line);
      happened();
    },
    deadLetter: (queueArn: string, body: string, attributes?: Readonly<Record<string, string>>) => {
      deadLetters.push({ queueArn, body, attributes });
      happened();
    },
    credentials: temporaryCredentials,
  };
  const lambda = await createLambda(context, {
    artifacts: (_logicalId, properties) => join(stateDir, `${String(properties.FunctionName)}.zip`),
    retryDelaysMs: [10, 20],
    ...options,
  });
  const bridge = createEvents(context, lambda);
  events = bridge;
  const services = new Map<string, LocalService>([
    ["lambda", lambda],
    ["eventbridge", bridge],
  ]);
  for (const service of services.values()) {
    for (const [prefix, route] of Object.entries(service.routes ?? {})) routes.set(prefix, route);
  }
  endpoint = new AwsEndpoint({
    services,
    faults: new FaultSwitch(),
    calls: new CallLog(),
    accountId: ACCOUNT,
    now: Date.now,
    say: context.say,
  });
  const sdk = {
    endpoint: url,
    region: "us-east-1",
    credentials: { accessKeyId: "alice", secretAccessKey: "alice" },
    maxAttempts: 1,
  };
  const lambdaClient = new LambdaClient(sdk);
  const eventsClient = new EventBridgeClient(sdk);

  const create: LambdaEndpoint["create"] = async (type, logicalId, properties) => {
    const apply = lambda.resources?.[type] ?? bridge.resources?.[type];
    if (apply === undefined) throw new Error(`no service creates ${type}`);
    await apply({ logicalId, type, properties });
  };
  return {
    url,
    lambda,
    events: bridge,
    lambdaClient,
    eventsClient,
    stateDir,
    said,
    deadLetters,
    create,
    async deploy(name, files, properties = {}) {
      const entries = Object.entries(files).map(([path, text]) => [path, strToU8(text)] as const);
      await writeFile(
        join(stateDir, `${name}.zip`),
        zipSync(Object.fromEntries(entries), { mtime: "1980-01-01" }),
      );
      await create("AWS::Lambda::Function", `${name}Function`, {
        FunctionName: name,
        Runtime: "nodejs24.x",
        Handler: "index.handler",
        Role: ROLE,
        ...properties,
      });
    },
    log: (functionName) => lines.get(`/aws/lambda/${functionName}`) ?? [],
    until: (holds) => (holds() ? Promise.resolve() : new Promise((go) => waiting.push({ holds, go }))),
    async close() {
      lambdaClient.destroy();
      eventsClient.destroy();
      await Promise.all([lambda.close(), bridge.close()]);
      await new Promise((closed) => server.close(closed));
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** Invokes a function through the SDK and gives what a caller sees. */
export async function invoke(local: LambdaEndpoint, name: string, payload: unknown = {}) {
  const answer = await local.lambdaClient.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(payload), LogType: "Tail" }),
  );
  return {
    status: answer.StatusCode,
    error: answer.FunctionError,
    payload: JSON.parse(Buffer.from(answer.Payload ?? []).toString()),
    tail: Buffer.from(answer.LogResult ?? "", "base64").toString(),
  };
}

/** Whether a process is there; zombies do not run, they only wait to be counted. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, "utf8"));
}
