import type { Stored } from "../pipeline/image-index.ts";
import { ACCEPTED_MEDIA_TYPES } from "../pipeline/media-types.ts";
import { type Repository, request, type Sha256, stored, textOf } from "./registry.ts";

/** Where a repository is, and with what it is asked. */
export interface OciRepository {
  /** `https://public.ecr.aws` */
  readonly origin: string;
  /** `a1b2c3d4/hello` */
  readonly path: string;
  /** What GetAuthorizationToken gave: base64 of `AWS:password`. */
  readonly token: string;
}

/** A registry's refusal that another try does not mend; `name` is what ECR's own API calls it. */
class RegistryError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/**
 * A repository through the OCI distribution API: for ECR Public, whose own API has no BatchGetImage.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
 */
export function ociRepository(repository: OciRepository, sha256: Sha256): Repository {
  const ask = authorised(repository);
  const manifest = async (reference: string): Promise<Stored | undefined> => {
    const response = await ask("GET", `/manifests/${reference}`, { accept: ACCEPTED_MEDIA_TYPES.join(", ") });
    if (response.status === 404) return checkRepository(repository, response);
    await succeeded(repository, response);
    return stored(sha256, await textOf(response));
  };
  return {
    manifests: async (digests) => {
      const all = await Promise.all(digests.map(async (digest) => [digest, await manifest(digest)] as const));
      return new Map(all.flatMap(([digest, one]) => (one === undefined ? [] : [[digest, one] as const])));
    },
    config: async (digest) => {
      const response = await ask("GET", `/blobs/${digest}`, {});
      if (response.status === 404) return undefined;
      await succeeded(repository, response);
      const text = await textOf(response);
      return `sha256:${sha256(text)}` === digest ? text : undefined;
    },
    tagged: async (tag) => (await manifest(tag))?.digest,
    put: async ({ text, mediaType, digest }, tag) => {
      const response = await ask("PUT", `/manifests/${tag ?? digest}`, { "content-type": mediaType }, text);
      await succeeded(repository, response);
      return "stored";
    },
  };
}

type Ask = (
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
) => Promise<Response>;

/**
 * ECR Public takes the token as it is; a registry that asks otherwise is given what it asks for, once.
 * https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html
 * https://distribution.github.io/distribution/spec/auth/token/
 */
function authorised({ origin, path, token }: OciRepository): Ask {
  let authorization = `Bearer ${token}`;
  return async (method, below, headers, body) => {
    const send = () =>
      request(`${origin}/v2/${path}${below}`, {
        method,
        headers: { ...headers, authorization },
        ...(body === undefined ? {} : { body }),
      });
    const response = await send();
    const challenge = response.headers.get("www-authenticate");
    if (response.status !== 401 || challenge === null) return response;
    const answered = await answer(challenge, token);
    if (answered === undefined) return response;
    authorization = answered;
    return send();
  };
}

async function answer(challenge: string, token: string): Promise<string | undefined> {
  const basic = `Basic ${token}`;
  if (/^basic\b/i.test(challenge)) return basic;
  const values = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, k, v]) => [k, v]));
  const { realm, service, scope } = values;
  if (!/^bearer\b/i.test(challenge) || realm === undefined || !/^https?:/.test(realm)) return undefined;
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  if (scope !== undefined) url.searchParams.set("scope", scope);
  const response = await request(url, { headers: { authorization: basic } });
  if (!response.ok) return undefined;
  const given: unknown = await response.json();
  if (typeof given !== "object" || given === null || !("token" in given)) return undefined;
  return typeof given.token === "string" ? `Bearer ${given.token}` : undefined;
}

/** A manifest that is not there is an answer; a repository that is not there is a fault. */
async function checkRepository({ path }: OciRepository, response: Response): Promise<undefined> {
  const text = await textOf(response);
  if (text.includes("NAME_UNKNOWN")) {
    throw new RegistryError("RepositoryNotFoundException", `the repository ${path} does not exist`);
  }
  return undefined;
}

/** @throws RegistryError for what stays wrong, Error for what may work another time */
async function succeeded({ origin, path }: OciRepository, response: Response): Promise<void> {
  if (response.ok) return;
  const text = (await textOf(response)).slice(0, 500);
  const said = `${origin}/v2/${path} answered ${response.status}: ${text}`;
  if (text.includes("NAME_UNKNOWN")) throw new RegistryError("RepositoryNotFoundException", said);
  if (response.status === 400 || response.status === 413)
    throw new RegistryError("InvalidParameterException", said);
  if (response.status === 401 || response.status === 403)
    throw new RegistryError("AccessDeniedException", said);
  throw new Error(said);
}
