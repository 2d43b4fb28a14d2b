import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiGateway, type Functions } from "../../local/api-gateway/service.ts";
import { CallLog } from "../../local/aws/call-log.ts";
import { AwsEndpoint } from "../../local/aws/endpoint.ts";
import { FaultSwitch } from "../../local/aws/faults.ts";
import { type CloudFormation, createCloudFormation } from "../../local/cloudformation/service.ts";
import { createControl } from "../../local/control.ts";
import { createDynamoDb } from "../../local/dynamodb/service.ts";
import { createIam } from "../../local/iam/service.ts";
import { createLogs } from "../../local/logs/service.ts";
import { createOidc } from "../../local/oidc/service.ts";
import { LocalServer } from "../../local/server.ts";
import { AwsError, type LocalContext, type LocalService, type LogSink } from "../../local/service.ts";
import { createSqs } from "../../local/sqs/service.ts";
import { createSts } from "../../local/sts/service.ts";
import { parseTemplate } from "../../local/template/parse.ts";

/** The platform of `local/` behind its real server, with an in-process stand-in for Lambda and one service of its own. */
export interface PlatformEndpoint {
  readonly url: string;
  readonly port: number;
  readonly said: readonly string[];
  readonly logs: LogSink;
  readonly deadLetter: NonNullable<LocalContext["deadLetter"]>;
  readonly cloudFormation: CloudFormation;
  /** What AWS SDK clients are made with; `person` signs. */
  sdk(person?: string): {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
    readonly maxAttempts: number;
  };
  /** Applies a template as the packaged one is applied. */
  deploy(template: unknown): Promise<void>;
  close(): Promise<void>;
}

export const ACCOUNT = "000000000000";

/** `Probe_20260101`: an operation that answers with its input, one that is refused and one that breaks. */
const probe: LocalService = {
  targetPrefix: "Probe_20260101",
  jsonVersion: "1.1",
  operations: {
    Echo: async (input, caller) => ({ input, caller: caller.arn }),
    Refuse: async () => {
      throw new AwsError("ResourceNotFoundException", "there is no such thing");
    },
    Break: async () => {
      throw new Error("out of order");
    },
  },
  resources: {
    "AWS::Probe::Thing": async ({ logicalId, properties }) => {
      if (properties.Fail !== undefined) throw new Error("this thing cannot be made");
      return {
        ref: `thing-${logicalId}`,
        attributes: { Arn: `arn:probe:${String(properties.Name ?? logicalId)}` },
      };
    },
  },
  close: async () => {},
};

/** @param stateDir one that survives; a fresh one that is removed when it is left out */
export async function startPlatform(
  functions?: Partial<Functions>,
  stateDir?: string,
): Promise<PlatformEndpoint> {
  const folder = stateDir ?? (await mkdtemp(join(tmpdir(), "tandem-platform-")));
  const server = await LocalServer.listen(0);
  const url = `http://127.0.0.1:${server.port}`;
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const place = { url, registryHost: `127.0.0.1:${server.port}`, accountId: ACCOUNT, region: "us-east-1" };
  const base = { ...place, stateDir: folder, now: Date.now, say };
  const logs = await createLogs(base);
  const sqs = await createSqs(base);
  const context = { ...base, emit: () => {}, logs: logs.sink };
  const dynamodb = await createDynamoDb(context);
  const gateway = await createApiGateway(context, {
    invoke: async () => ({}),
    allows: () => true,
    ...functions,
  });
  const services = new Map<string, LocalService>([
    ["probe", probe],
    ["sts", await createSts({ accountId: ACCOUNT, now: Date.now })],
    ["logs", logs],
    ["sqs", sqs],
    ["dynamodb", dynamodb],
    ["cognito-idp", await createOidc(context)],
    ["iam", await createIam(context)],
    ["apigateway", gateway],
  ]);
  const cloudFormation = await createCloudFormation(context, (type) =>
    [...services.values()].map(({ resources }) => resources?.[type]).find((create) => create !== undefined),
  );
  services.set("cloudformation", cloudFormation);
  const faults = new FaultSwitch();
  const calls = new CallLog();
  const endpoint = new AwsEndpoint({ services, faults, calls, accountId: ACCOUNT, now: Date.now, say });
  const control = createControl({ services, faults, calls, health: () => ({ engine: "none" }) });
  server.serve({ endpoint, services: services.values(), gateway, control, say });
  return {
    url,
    port: server.port,
    said,
    logs: logs.sink,
    deadLetter: sqs.deadLetter,
    cloudFormation,
    sdk: (person = "alice") => ({
      endpoint: url,
      region: "us-east-1",
      credentials: { accessKeyId: person, secretAccessKey: person },
      maxAttempts: 1,
    }),
    deploy: async (template) => {
      const templateBody = JSON.stringify(template);
      const request = {
        name: "main",
        template: parseTemplate(templateBody),
        templateBody,
        parameters: new Map(),
      };
      const stack = await cloudFormation.stacks.begin({ ...request, nameOf: (logicalId) => logicalId }).done;
      if (!stack.status.endsWith("_COMPLETE")) throw new Error(stack.statusReason);
    },
    close: async () => {
      await server.close();
      for (const service of services.values()) await service.close();
      if (stateDir === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
