import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import type { Address } from "./address.ts";
import { EXIT, Failure } from "./failure.ts";

/** One request to the HTTP API. */
export interface ApiRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** @returns the headers with the signature added */
export type Sign = (request: ApiRequest) => Promise<Readonly<Record<string, string>>>;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * How requests to the address are signed: Signature Version 4 for `execute-api`, with the credentials that the AWS CLI would
 * use. On this machine, and without credentials in the environment, not at all: the local gateway takes
 * whoever is at the machine.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
 */
export function createSign({ url, local }: Address, environment: Environment): Sign {
  const named = Boolean(environment.AWS_ACCESS_KEY_ID) || Boolean(environment.AWS_PROFILE);
  if (local && !named) return async ({ headers }) => headers;
  // Loaded when they are needed: that takes longer than a request does.
  return signAs(regionOf(url, local, environment), async () => {
    const { defaultProvider } = await import("@aws-sdk/credential-provider-node");
    return defaultProvider()();
  });
}

/** Signs every request with the credentials that are given at the time. */
export function signAs(region: string, credentials: () => Promise<Credentials>): Sign {
  const signer = async () => {
    const { SignatureV4 } = await import("@smithy/signature-v4");
    return new SignatureV4({ service: "execute-api", region, credentials, sha256: Sha256 });
  };
  return async ({ method, url: target, headers, body }) => {
    const request = {
      method,
      protocol: target.protocol,
      hostname: target.hostname,
      ...(target.port === "" ? {} : { port: Number(target.port) }),
      path: target.pathname,
      query: Object.fromEntries(target.searchParams),
      headers: { ...headers, host: target.host },
      ...(body === undefined ? {} : { body }),
    };
    try {
      const signed = await (await signer()).sign(request);
      // fetch sets it itself, from the address.
      const { host: _host, ...rest } = signed.headers;
      return rest;
    } catch (error) {
      throw new Failure(
        EXIT.denied,
        "no-credentials",
        `there are no AWS credentials to sign with (${error instanceof Error ? error.message : String(error)}): sign in with \`aws sso login\`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
        { cause: error },
      );
    }
  };
}

/** `https://ID.execute-api.REGION.amazonaws.com` names its region; otherwise the environment does, as it does for `tandem local up`. */
function regionOf(url: string, local: boolean, environment: Environment): string {
  if (local) return environment.AWS_REGION ?? "us-east-1";
  const [, region] = /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com/.exec(url) ?? [];
  return region ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? "us-east-1";
}

type Data = string | ArrayBuffer | ArrayBufferView;

/** SHA-256, keyed when there is a secret, as the signer wants it. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: Data) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(secret));
  }

  update(data: Data): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function bytesOf(data: Data): Buffer {
  if (typeof data === "string") return Buffer.from(data);
  return data instanceof ArrayBuffer
    ? Buffer.from(data)
    : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
