import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * The contracts between the parts of `local/`. Every AWS service that is emulated is one folder that
 * exports a factory `(context: LocalContext) => Promise<LocalService>`; `local/main.ts` is the only
 * place that knows them all.
 */

/** Who signed a request, as IAM would name them. */
export interface Caller {
  /** For example `arn:aws:sts::000000000000:assumed-role/release-managers/alice`. */
  readonly arn: string;
  readonly accountId: string;
  /** The IAM unique id (`AIDA…`, `AROA…:session`). */
  readonly userId: string;
}

/** An EventBridge event as a target receives it. `time` is ISO 8601 with seconds. */
export interface AwsEvent {
  readonly version: "0";
  readonly id: string;
  readonly "detail-type": string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

/** What a service says of an event; the bus adds id, time, account and region. */
export interface EventDraft {
  readonly source: string;
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

/** CloudWatch Logs, as far as the services write to it. */
export interface LogSink {
  /** Appends lines to a stream, creating group and stream when they are new. */
  put(group: string, stream: string, lines: readonly string[]): void;
}

/** What every service is handed. Nothing in `local/` reads the environment or global state instead. */
export interface LocalContext {
  /** `http://127.0.0.1:4566`: the AWS endpoint, and the base of every other address. */
  readonly url: string;
  /** `127.0.0.1:4566`: the registry's host in image references. */
  readonly registryHost: string;
  readonly accountId: string;
  readonly region: string;
  /** The folder under `--state` that belongs to the whole emulator; a service keeps to `join(stateDir, "<service>")`. */
  readonly stateDir: string;
  /** Puts an event on the default bus. Never throws; delivery is asynchronous. */
  readonly emit: (event: EventDraft) => void;
  readonly logs: LogSink;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A line for the person who watches `tandem local up` (standard error); no escape codes. */
  readonly say: (line: string) => void;
  /** Sends a message that could not be delivered to an SQS dead-letter queue. Never throws; an unknown queue is said. */
  readonly deadLetter?: (
    queueArn: string,
    body: string,
    attributes?: Readonly<Record<string, string>>,
  ) => void;
  /** Temporary credentials with which a process acts as `caller` at this endpoint, as STS would issue them. */
  readonly credentials?: (caller: Caller) => AwsCredentials;
}

/** What goes into `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** The properties of one resource of a template, with every intrinsic function resolved. */
export interface TemplateResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What `Ref` and `Fn::GetAtt` of a created resource give. */
export interface CreatedResource {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Creates (or updates, by physical name: applying a template twice is the same as once) a resource. */
export type ApplyResource = (resource: TemplateResource) => Promise<CreatedResource>;

/** One operation of an AWS JSON service. Throws `AwsError` for a documented error. */
export type Operation = (input: Readonly<Record<string, unknown>>, caller: Caller) => Promise<unknown>;

/** An AWS service on the laptop. */
export interface LocalService {
  /** What stands before the dot in `X-Amz-Target`, e.g. `CodeBuild_20161006`; absent when it speaks no AWS JSON. */
  readonly targetPrefix?: string;
  /** `1.1` or `1.0`, the JSON protocol's version of the service model. */
  readonly jsonVersion?: "1.0" | "1.1";
  /** By operation name, e.g. `StartBuild`. */
  readonly operations?: Readonly<Record<string, Operation>>;
  /** For a service of the AWS Query protocol (form-encoded requests, XML replies), e.g. STS; `operations` are its own. */
  readonly query?: {
    readonly version: string;
    readonly namespace: string;
    /** EC2 speaks a dialect of it. */
    readonly flavour?: "ec2";
  };
  /** The CloudFormation resource types it creates. */
  readonly resources?: Readonly<Record<string, ApplyResource>>;
  /** Plain HTTP below a path, e.g. `/v2/` or `/git/`; the handler owns the response. */
  readonly routes?: Readonly<
    Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void>>
  >;
  /** Ends what runs (processes, containers, timers), keeps what is stored. Called once. */
  close(): Promise<void>;
}

/** A documented error of an AWS operation; becomes `{"__type": code, "message": message}` with its status. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = "AwsError";
    this.code = code;
    this.status = status;
  }
}
