import { reasonOf } from "../errors.ts";
import { AwsError } from "../service.ts";
import { decodeCbor, encodeCbor } from "./cbor.ts";
import { ec2Error, ec2Reply, parseForm, queryError, queryReply } from "./query.ts";

/** An HTTP reply before it is sent. */
export interface WireReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** How one AWS protocol writes an operation's input, output and errors. */
export interface Protocol {
  /** @throws AwsError SerializationException when the body cannot be read */
  parse(body: Buffer): Readonly<Record<string, unknown>>;
  success(output: unknown, requestId: string): WireReply;
  failure(error: AwsError, requestId: string): WireReply;
}

function inputOf(read: () => unknown): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = read();
  } catch (error) {
    const reason = reasonOf(error);
    throw new AwsError("SerializationException", `The request body cannot be read: ${reason}.`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return Object.fromEntries(Object.entries(value));
  throw new AwsError("SerializationException", "The request body is not an object.");
}

/** https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html and its 1.0 sibling. */
export function jsonProtocol(version: "1.0" | "1.1"): Protocol {
  const wire = (status: number, value: unknown, requestId: string): WireReply => ({
    status,
    headers: { "content-type": `application/x-amz-json-${version}`, "x-amzn-requestid": requestId },
    body: JSON.stringify(value ?? {}),
  });
  return {
    parse: (body) => inputOf(() => (body.length === 0 ? {} : JSON.parse(body.toString()))),
    success: (output, requestId) => wire(200, output, requestId),
    failure: (error, requestId) =>
      wire(error.status, { __type: error.code, message: error.message }, requestId),
  };
}

/** The timestamps in the service models of CodeBuild and CloudWatch, which are spoken to in CBOR. */
const TIMESTAMPS: ReadonlySet<string> = new Set([
  "AlarmConfigurationUpdatedTimestamp",
  "StateTransitionedTimestamp",
  "StateUpdatedTimestamp",
  "created",
  "endTime",
  "expired",
  "lastModified",
  "lastModifiedSecret",
  "requestTime",
  "requestedOn",
  "startTime",
  "submitTime",
]);

/** https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html */
export const cborProtocol: Protocol = {
  parse: (body) => inputOf(() => (body.length === 0 ? {} : decodeCbor(body))),
  success: (output, requestId) => cborReply(200, output ?? {}, requestId),
  failure: (error, requestId) =>
    cborReply(error.status, { __type: error.code, message: error.message }, requestId),
};

const cborReply = (status: number, value: unknown, requestId: string): WireReply => ({
  status,
  headers: {
    "content-type": "application/cbor",
    "smithy-protocol": "rpc-v2-cbor",
    "x-amzn-requestid": requestId,
  },
  body: encodeCbor(value, TIMESTAMPS),
});

/** Query names a few common errors differently than JSON does. */
const QUERY_CODES: Readonly<Record<string, string>> = {
  InvalidSignatureException: "SignatureDoesNotMatch",
  IncompleteSignatureException: "IncompleteSignature",
  MissingAuthenticationTokenException: "MissingAuthenticationToken",
  ThrottlingException: "Throttling",
};

const xmlWire = (status: number, body: string, requestId: string): WireReply => ({
  status,
  headers: { "content-type": "text/xml", "x-amzn-requestid": requestId },
  body,
});

/** https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html */
export function ec2Protocol(action: string, namespace: string): Protocol {
  return {
    parse: (body) => parseForm(body.toString()),
    success: (output, requestId) => xmlWire(200, ec2Reply(action, namespace, output, requestId), requestId),
    failure: (error, requestId) => {
      const code = EC2_CODES[error.code] ?? error.code;
      return xmlWire(error.status, ec2Error(code, error.message, requestId), requestId);
    },
  };
}

/** EC2 has names of its own for the errors that every service has. */
const EC2_CODES: Readonly<Record<string, string>> = {
  InvalidSignatureException: "AuthFailure",
  IncompleteSignatureException: "IncompleteSignature",
  MissingAuthenticationTokenException: "MissingAuthenticationToken",
  ThrottlingException: "RequestLimitExceeded",
};

/** https://smithy.io/2.0/aws/protocols/aws-query-protocol.html */
export function queryProtocol(action: string, namespace: string): Protocol {
  return {
    parse: (body) => parseForm(body.toString()),
    success: (output, requestId) => xmlWire(200, queryReply(action, namespace, output, requestId), requestId),
    failure: (error, requestId) => {
      const code = QUERY_CODES[error.code] ?? error.code;
      return xmlWire(
        error.status,
        queryError(code, error.message, error.status, namespace, requestId),
        requestId,
      );
    },
  };
}
