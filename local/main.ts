import { once } from "node:events";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createApiGateway } from "./api-gateway/service.ts";
import { CallLog } from "./aws/call-log.ts";
import { AwsEndpoint } from "./aws/endpoint.ts";
import { FaultSwitch } from "./aws/faults.ts";
import { temporaryCredentials } from "./aws/people.ts";
import { type CloudFormation, createCloudFormation } from "./cloudformation/service.ts";
import { createCloudWatch } from "./cloudwatch/service.ts";
import { createCodeBuild } from "./codebuild/service.ts";
import { createCodeCommit } from "./codecommit/service.ts";
import { createControl } from "./control.ts";
import { createDynamoDb } from "./dynamodb/service.ts";
import { publicPrefix } from "./ecr/public/names.ts";
import { createEcrPublic } from "./ecr/public/service.ts";
import { createEcr } from "./ecr/service.ts";
import { createEcs } from "./ecs/service.ts";
import { defaultTimings } from "./ecs/timings.ts";
import { selectEngine } from "./engine/select.ts";
import type { Engine } from "./engine.ts";
import { reasonOf } from "./errors.ts";
import { createEvents, type EventsService } from "./events/service.ts";
import { createGithub } from "./github/service.ts";
import { createIam } from "./iam/service.ts";
import { createLambda } from "./lambda/service.ts";
import { createLoadBalancer } from "./load-balancer/service.ts";
import { createLogs } from "./logs/service.ts";
import { createOidc } from "./oidc/service.ts";
import { loadPackage, type Package } from "./package.ts";
import { createSecrets } from "./secrets/service.ts";
import { LocalServer } from "./server.ts";
import type { LocalContext, LocalService } from "./service.ts";
import { createSlack } from "./slack/service.ts";
import { createSns } from "./sns/service.ts";
import { createSqs } from "./sqs/service.ts";
import { openStateFolder } from "./state-folder.ts";
import { createSts } from "./sts/service.ts";
import { requireTools } from "./tools.ts";

const ACCOUNT_ID = "000000000000";

export interface StartOptions {
  /** 0 for any that is free. */
  readonly port: number;
  /** A folder that survives; a temporary one when it is left out. */
  readonly stateDir?: string;
  readonly engine: "auto" | "docker" | "podman" | "none";
  /** The project: the folder of serverless.yml and .serverless. */
  readonly serviceDir: string;
  readonly say: (line: string) => void;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
}

export interface RunningLocal {
  readonly url: string;
  readonly engine: Engine;
  /** Ends everything in reverse order. Never throws. */
  close(): Promise<void>;
}

/** What has been opened, to be closed in reverse order. */
class Opened {
  readonly #closers: (readonly [string, () => Promise<void>])[] = [];
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  add(name: string, close: () => Promise<void>): void {
    this.#closers.push([name, close]);
  }

  async close(): Promise<void> {
    for (let next = this.#closers.pop(); next !== undefined; next = this.#closers.pop()) {
      const [name, close] = next;
      try {
        await close();
      } catch (error) {
        this.#say(`${name} did not end cleanly: ${reasonOf(error)}`);
      }
    }
  }
}

/**
 * Starts AWS on this machine: packages the functions when needed, creates what the template declares, and serves one
 * endpoint on loopback.
 * @throws Error with the remedy, after everything that had been opened is closed again
 */
export async function startLocal(options: StartOptions): Promise<RunningLocal> {
  const opened = new Opened(options.say);
  try {
    return await open(options, opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function open(options: StartOptions, opened: Opened): Promise<RunningLocal> {
  const { say, serviceDir } = options;
  const signal = options.signal ?? new AbortController().signal;
  requireTools(process.env.PATH ?? "");
  const minuteMs = minuteFrom(process.env.TANDEM_LOCAL_MINUTE_MS);
  const state = await openStateFolder(options.stateDir);
  opened.add("the state folder", () => state.close());
  const server = await LocalServer.listen(options.port);
  opened.add("the HTTP server", () => server.close());
  say(
    state.kept ? `state is kept in ${state.path}` : `state is kept in ${state.path}, and removed at the end`,
  );

  const registryHost = `127.0.0.1:${server.port}`;
  const url = `http://${registryHost}`;
  const [packaged, engine] = await Promise.all([
    loadPackage(serviceDir, say, signal),
    selectEngine(options.engine, registryHost, state.instance),
  ]);
  signal.throwIfAborted();
  say(`engine ${engine.name}: ${engine.description}`);

  const place = { url, registryHost, accountId: ACCOUNT_ID, region: process.env.AWS_REGION ?? "us-east-1" };
  const context = { ...place, stateDir: state.path, now: Date.now, say };
  const parts = await openServices(context, engine, packaged, opened, minuteMs);
  const faults = new FaultSwitch();
  const calls = new CallLog();
  const { services, gateway, cloudFormation } = parts;
  const endpoint = new AwsEndpoint({ services, faults, calls, accountId: ACCOUNT_ID, now: Date.now, say });
  const health = () => ({
    engine: engine.name,
    description: engine.description,
    stack: packaged.stackName,
    minuteMs,
  });
  const control = createControl({ services, faults, calls, health });
  server.serve({ endpoint, services: services.values(), gateway, control, say });
  // From the first moment of closing on nothing new may begin.
  opened.add("the HTTP server", async () => server.refuse());
  await createResources(cloudFormation, packaged);
  signal.throwIfAborted();
  return { url, engine, close: () => opened.close() };
}

type PlaceAndState = Omit<LocalContext, "emit" | "logs" | "deadLetter" | "credentials">;

/** How long a real container may take until it answers its first health check. */
const CONTAINER_PATIENCE_MS = 20_000;

/**
 * How long a minute of bake time lasts here.
 * @param given `TANDEM_LOCAL_MINUTE_MS`
 * @throws Error when it is no number of milliseconds from 1 to 60,000
 */
function minuteFrom(given: string | undefined): number {
  const minuteMs = given === undefined || given === "" ? defaultTimings.minuteMs : Number(given);
  if (Number.isInteger(minuteMs) && minuteMs >= 1 && minuteMs <= 60_000) return minuteMs;
  throw new Error(
    `TANDEM_LOCAL_MINUTE_MS=${given} must be a whole number from 1 to 60000: the milliseconds that a minute of bake time lasts`,
  );
}

/** Opens all services in the order in which they lean on one another. */
async function openServices(
  base: PlaceAndState,
  engine: Engine,
  packaged: Package,
  opened: Opened,
  minuteMs: number,
) {
  const services = new Map<string, LocalService>();
  const add = <Service extends LocalService>(name: string, service: Service): Service => {
    services.set(name, service);
    opened.add(name, () => service.close());
    return service;
  };
  const logs = add("logs", await createLogs(base));
  const sqs = add("sqs", await createSqs(base));
  // The bus delivers to functions, and everything emits to the bus: what is emitted before it is there has no rule yet.
  let events: EventsService | undefined;
  const context: LocalContext = {
    ...base,
    emit: (event) => events?.put(event),
    logs: logs.sink,
    deadLetter: sqs.deadLetter,
    credentials: temporaryCredentials,
  };
  add("sts", await createSts({ accountId: context.accountId, now: context.now }));
  add("dynamodb", await createDynamoDb(context));
  const github = add(
    "github",
    await createGithub(context, { webhookSecret: process.env.TANDEM_WEBHOOK_SECRET }),
  );
  const slack = add("slack", await createSlack(context));
  add("sns", await createSns(context));
  const seed = { "tandem/github": github.secret, "tandem/slack": slack.secret };
  add("secretsmanager", await createSecrets(context, { seed }));
  const substitute = {
    "https://api.github.com": github.urls.api,
    "https://github.com": github.urls.web,
    "https://slack.com/api": slack.apiUrl,
    "https://public.ecr.aws": `${base.url}/${publicPrefix}`,
  };
  const lambda = add("lambda", await createLambda(context, { artifacts: packaged.artifact, substitute }));
  events = add("events", createEvents(context, lambda));
  add("cognito-idp", await createOidc(context));
  add("iam", await createIam(context));
  const gateway = add("apigateway", await createApiGateway(context, lambda));
  add("codecommit", await createCodeCommit(context));
  add("ecr", await createEcr(context));
  add("ecr-public", await createEcrPublic(context));
  add("codebuild", await createCodeBuild(context, engine));
  const { alarms } = add("cloudwatch", await createCloudWatch(context));
  const patienceMs = engine.containers === undefined ? 0 : CONTAINER_PATIENCE_MS;
  const { balancing } = add(
    "elasticloadbalancingv2",
    await createLoadBalancer(context, { secondMs: minuteMs / 60, patienceMs }),
  );
  const invoke = (functionArn: string, payload: unknown) => lambda.invoke(functionArn, payload);
  const ecs = add(
    "ecs",
    await createEcs(context, engine, { alarms, balancing, invoke, timings: { minuteMs } }),
  );
  add("autoscaling", ecs.autoScaling);
  add("ec2", ecs.ec2);
  const creator = (type: string) =>
    [...services.values()].map(({ resources }) => resources?.[type]).find((create) => create !== undefined);
  const cloudFormation = add("cloudformation", await createCloudFormation(context, creator));
  return { services, gateway, cloudFormation };
}

/** @throws Error naming the resource that could not be created */
async function createResources(cloudFormation: CloudFormation, packaged: Package): Promise<void> {
  const { stackName: name, template, templateBody } = packaged;
  const request = { name, template, templateBody, parameters: new Map<string, string>() };
  const { done } = cloudFormation.stacks.begin({ ...request, nameOf: (logicalId) => logicalId });
  const { status, statusReason } = await done;
  if (!status.endsWith("_COMPLETE"))
    throw new Error(
      `the stack ${name} could not be created: ${statusReason ?? status}; correct serverless.yml`,
    );
}

export interface RunOptions {
  readonly port: number;
  readonly state?: string;
  readonly engine: StartOptions["engine"];
  /** The project; the folder above `local/` unless told. */
  readonly serviceDir?: string;
}

/**
 * `tandem local up`: starts, says so in one line on standard output, and stays until it is told to end. Everything else
 * goes to standard error.
 * @returns the exit code: 0 when it was told to end, 1 when it could not start or something broke. Never throws.
 */
export async function runLocal(options: RunOptions): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const ending = new AbortController();
  let exitCode = 0;
  const told = (): void => ending.abort();
  const broke = (error: unknown): void => {
    exitCode = 1;
    say(`tandem local: ${reasonOf(error)}; ending`);
    ending.abort();
  };
  // A reader that has gone away must not keep the rest from being closed.
  process.stdout.on("error", told);
  process.stderr.on("error", told);
  // They stay until everything is closed: a second Ctrl-C must not leave containers behind.
  for (const name of SIGNALS) process.on(name, told);
  process.on("uncaughtException", broke);
  try {
    const local = await startLocal({
      port: options.port,
      ...(options.state !== undefined && { stateDir: options.state }),
      engine: options.engine,
      serviceDir: options.serviceDir ?? dirname(dirname(fileURLToPath(import.meta.url))),
      say,
      signal: ending.signal,
    });
    process.stdout.write(`ready ${local.url}\n`);
    if (!ending.signal.aborted) await once(ending.signal, "abort");
    await local.close();
  } catch (error) {
    // Told to end while it was starting: what had been opened is closed already.
    if (!ending.signal.aborted) {
      exitCode = 1;
      say(`tandem local: ${reasonOf(error)}`);
    }
  } finally {
    for (const name of SIGNALS) process.off(name, told);
    process.off("uncaughtException", broke);
    process.stdout.off("error", told);
    process.stderr.off("error", told);
  }
  return exitCode;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
