import type { SignedPost } from "../store/dynamo-http.ts";

/** Milliseconds after which a request is given up. */
const LIMIT = 3_000;

/** An answer that is an error; `name` is its documented name. */
export class AwsHttpError extends Error {
  /** Of the HTTP answer; absent where only a part of what was asked has failed. */
  readonly status: number | undefined;

  constructor(name: string, message: string, status?: number) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

export interface AwsHttp {
  /**
   * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
   * @returns undefined when there is no such secret, or no value in it
   */
  getSecret(id: string): Promise<string | undefined>;
  /** Invokes a function without waiting for it: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
  invokeLater(functionName: string, payload: unknown): Promise<void>;
  /**
   * Puts one event on a bus: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
   * @param entry as the API names its members; one that is refused is an error, too
   */
  putEvent(entry: Readonly<Record<string, string>>): Promise<void>;
}

/**
 * A few calls to AWS over signed HTTP, without the SDK: for functions that must load in a few milliseconds. The table is
 * `store/dynamo-http.ts`.
 */
export function awsHttp(post: SignedPost): AwsHttp {
  return {
    async getSecret(id) {
      try {
        const { SecretString } = await send(post, "secretsmanager", "/", {
          headers: {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "secretsmanager.GetSecretValue",
          },
          body: JSON.stringify({ SecretId: id }),
        });
        return typeof SecretString === "string" ? SecretString : undefined;
      } catch (error) {
        if (error instanceof AwsHttpError && error.name === "ResourceNotFoundException") return undefined;
        throw error;
      }
    },

    async invokeLater(functionName, payload) {
      await send(post, "lambda", `/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`, {
        headers: { "content-type": "application/json", "x-amz-invocation-type": "Event" },
        body: JSON.stringify(payload),
      });
    },

    async putEvent(entry) {
      const { Entries } = await send(post, "events", "/", {
        headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSEvents.PutEvents" },
        body: JSON.stringify({ Entries: [entry] }),
      });
      const [result] = Array.isArray(Entries) ? Entries : [];
      const { ErrorCode, ErrorMessage } = isRecord(result) ? result : {};
      if (ErrorCode === undefined) return;
      throw new AwsHttpError(String(ErrorCode), `events: ${String(ErrorMessage ?? "the event was refused")}`);
    },
  };
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function send(
  post: SignedPost,
  service: string,
  path: string,
  sent: Sent,
): Promise<Readonly<Record<string, unknown>>> {
  const { status, headers, body } = await post({ service, path, timeout: LIMIT, ...sent });
  const fields = fieldsOf(body);
  if (status >= 200 && status < 300) return fields;
  const type = headers["x-amzn-errortype"] ?? fields.__type;
  // `com.amazonaws.secretsmanager#ResourceNotFoundException`, or `ResourceNotFoundException:http://…`.
  const name =
    typeof type === "string" ? (type.split(":")[0]?.split("#").at(-1) ?? type) : "ServiceException";
  const said = fields.message ?? fields.Message;
  const message = `${service}: ${typeof said === "string" ? said : `the answer was ${status}`}`;
  throw new AwsHttpError(name, message, status);
}

/** What is no JSON, or no object, says nothing. */
function fieldsOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const answer: unknown = JSON.parse(body);
    return isRecord(answer) ? answer : {};
  } catch {
    return {};
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
