import { AwsClient } from "aws4fetch";

/**
 * Two calls to AWS over signed HTTP, without the SDK: for functions that must load in a few milliseconds. The table is
 * `store/dynamo-http.ts`.
 */
export interface AwsHttpOptions {
  readonly region: string;
  /** `AWS_ENDPOINT_URL`; AWS itself when left out. */
  readonly endpoint?: string;
  readonly credentials: () => {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Milliseconds after which a request is given up. */
  readonly timeout: number;
}

/** An answer that is an error; `name` is its documented name. */
export class AwsHttpError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
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
}

export function awsHttp(options: AwsHttpOptions): AwsHttp {
  return {
    async getSecret(id) {
      try {
        const { SecretString } = await send(options, "secretsmanager", "/", {
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
      await send(options, "lambda", `/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`, {
        headers: { "content-type": "application/json", "x-amz-invocation-type": "Event" },
        body: JSON.stringify(payload),
      });
    },
  };
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function send(
  { region, endpoint, credentials, timeout }: AwsHttpOptions,
  service: string,
  path: string,
  { headers, body }: Sent,
): Promise<Readonly<Record<string, unknown>>> {
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const origin = endpoint?.replace(/\/+$/, "") ?? `https://${service}.${region}.${domain}`;
  const client = new AwsClient({ ...credentials(), service, region, retries: 0 });
  const signal = AbortSignal.timeout(timeout);
  const response = await client.fetch(origin + path, { method: "POST", headers, body, signal });
  const answer: unknown = await response.json().catch(() => undefined);
  const fields = isRecord(answer) ? answer : {};
  if (response.ok) return fields;
  const type = response.headers.get("x-amzn-errortype") ?? fields.__type;
  // `com.amazonaws.secretsmanager#ResourceNotFoundException`, or `ResourceNotFoundException:http://…`.
  const name =
    typeof type === "string" ? (type.split(":")[0]?.split("#").at(-1) ?? type) : "ServiceException";
  const said = fields.message ?? fields.Message;
  throw new AwsHttpError(
    name,
    `${service}: ${typeof said === "string" ? said : `the answer was ${response.status}`}`,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
