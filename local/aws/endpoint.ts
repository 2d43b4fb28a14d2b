import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { reasonOf } from "../errors.ts";
import { AwsError, type Caller, type LocalService } from "../service.ts";
import { authenticate } from "./authenticate.ts";
import type { CallLog } from "./call-log.ts";
import { type FaultSwitch, ReplyLost } from "./faults.ts";
import { BodyTooLarge, headersOf, readBody, reply } from "./http.ts";
import { cborProtocol, ec2Protocol, jsonProtocol, type Protocol, queryProtocol } from "./protocols.ts";

/** The largest request of any service here: DynamoDB's BatchWriteItem. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** What the AWS endpoint stands on. */
export interface EndpointOptions {
  /** By the name that the SDKs give the service in lower case: `codebuild`, `dynamodb`, … */
  readonly services: ReadonlyMap<string, LocalService>;
  readonly faults: FaultSwitch;
  readonly calls: CallLog;
  readonly accountId: string;
  readonly now: () => number;
  readonly say: (line: string) => void;
}

/** An operation that a request asks for, and how it is written. */
interface Request {
  /** Undefined when no service here has that name. */
  readonly service: string | undefined;
  readonly operation: string;
  readonly protocol: Protocol;
}

/** Answers requests of the AWS JSON, Query and RPC v2 CBOR protocols. */
export class AwsEndpoint {
  readonly #options: EndpointOptions;

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  /** Tells an AWS request from one for the HTTP API, git or the registry. */
  accepts(request: IncomingMessage): boolean {
    if (request.method !== "POST") return false;
    const path = request.url ?? "/";
    if (path.startsWith("/service/") && request.headers["smithy-protocol"] === "rpc-v2-cbor") return true;
    if (request.headers["x-amz-target"] !== undefined) return path === "/" || this.#isQueueUrl(path);
    return (
      path === "/" && (request.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded")
    );
  }

  /** SQS clients send to the queue's own address. */
  #isQueueUrl(path: string): boolean {
    return path.startsWith(`/${this.#options.accountId}/`);
  }

  /** Answers one request that it accepts. Never throws. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    let body: Buffer;
    try {
      body = await readBody(request, MAX_BODY_BYTES);
    } catch (error) {
      if (error instanceof BodyTooLarge) reply(response, 413, "", { connection: "close" });
      else response.destroy();
      return;
    }
    const asked = this.#identify(request, body);
    try {
      const caller = this.#caller(request, body);
      const output = await this.#run(asked, body, caller);
      const wire = asked.protocol.success(output, requestId);
      reply(response, wire.status, wire.body, wire.headers);
    } catch (error) {
      // A lost reply is a broken connection, as seen from the caller.
      if (error instanceof ReplyLost) response.destroy();
      else {
        const wire = asked.protocol.failure(this.#awsError(asked, error), requestId);
        reply(response, wire.status, wire.body, wire.headers);
      }
    }
  }

  /** Runs one operation with its faults, and notes the call. Also the way in for protocols that have a path of their own. */
  async call<Output>(
    service: string,
    operation: string,
    caller: Caller,
    run: () => Promise<Output>,
  ): Promise<Output> {
    const { faults, calls } = this.#options;
    const call = calls.begin(service, operation, caller.arn);
    try {
      const output = await faults.apply(`${service}.${operation}`, run);
      call.end();
      return output;
    } catch (error) {
      call.end(
        error instanceof AwsError ? error.code : error instanceof ReplyLost ? "ReplyLost" : "InternalFailure",
      );
      throw error;
    }
  }

  async #run(asked: Request, body: Buffer, caller: Caller): Promise<unknown> {
    const name = asked.service;
    const service = name === undefined ? undefined : this.#options.services.get(name);
    const operations = service?.operations;
    const operation =
      operations !== undefined && Object.hasOwn(operations, asked.operation)
        ? operations[asked.operation]
        : undefined;
    if (name === undefined || operation === undefined)
      throw new AwsError(
        "UnknownOperationException",
        `The local endpoint does not emulate ${name ?? "the service of"} ${asked.operation}.`,
      );
    const input = asked.protocol.parse(body);
    return this.call(name, asked.operation, caller, () => operation(input, caller));
  }

  #caller(request: IncomingMessage, body: Buffer): Caller {
    const { accountId, now } = this.#options;
    const signed = {
      method: request.method ?? "POST",
      url: request.url ?? "/",
      headers: headersOf(request),
      body,
    };
    const signer = authenticate(signed, accountId, now());
    if (signer !== undefined) return signer.caller;
    throw new AwsError(
      "MissingAuthenticationTokenException",
      "Request is missing Authentication Token: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (any values; alice, bob and carol have their name for both).",
      403,
    );
  }

  #identify(request: IncomingMessage, body: Buffer): Request {
    const target = request.headers["x-amz-target"];
    if (typeof target === "string") {
      const dot = target.lastIndexOf(".");
      const prefix = target.slice(0, Math.max(dot, 0));
      const [name, service] = this.#find((candidate) => candidate.targetPrefix === prefix);
      const sent = (request.headers["content-type"] ?? "").includes("json-1.0") ? "1.0" : "1.1";
      const operation = name === undefined ? target : target.slice(dot + 1);
      return { service: name, operation, protocol: jsonProtocol(service?.jsonVersion ?? sent) };
    }
    const path = request.url ?? "/";
    if (path.startsWith("/service/")) {
      const [, , prefix = "", , operation = ""] = path.split("/");
      const [name] = this.#find((candidate) => candidate.targetPrefix === prefix);
      return {
        service: name,
        operation: name === undefined ? `${prefix}.${operation}` : operation,
        protocol: cborProtocol,
      };
    }
    const form = new URLSearchParams(body.toString());
    const version = form.get("Version") ?? "";
    const action = form.get("Action") ?? "";
    const [name, service] = this.#find((candidate) => candidate.query?.version === version);
    const namespace = service?.query?.namespace ?? "http://webservices.amazon.com/";
    const operation = name === undefined ? `${action} (API version ${version})` : action;
    const protocolOf = service?.query?.flavour === "ec2" ? ec2Protocol : queryProtocol;
    return { service: name, operation, protocol: protocolOf(action, namespace) };
  }

  #find(
    matches: (service: LocalService) => boolean,
  ): readonly [string, LocalService] | readonly [undefined, undefined] {
    for (const entry of this.#options.services) if (matches(entry[1])) return entry;
    return [undefined, undefined];
  }

  #awsError(asked: Request, error: unknown): AwsError {
    if (error instanceof AwsError) return error;
    const reason = reasonOf(error);
    this.#options.say(`${asked.service}.${asked.operation} failed inside the local endpoint: ${reason}`);
    return new AwsError("InternalFailure", `${asked.service}.${asked.operation} failed: ${reason}`, 500);
  }
}
