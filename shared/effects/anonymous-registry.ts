import type { ImageReference } from "../pipeline/image-reference.ts";
import { ACCEPTED_MEDIA_TYPES } from "../pipeline/media-types.ts";
import { CannotRead, type ImageReader } from "./image-reader.ts";
import { textOf } from "./registry.ts";

/**
 * An image at a public registry, through the OCI distribution API, as anybody may read it: with a token where the registry
 * wants one, and without credentials.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
 * https://distribution.github.io/distribution/spec/auth/token/
 * @param patience milliseconds for all of its requests together
 */
export function anonymousReader({ host, repository }: ImageReference, patience: number): ImageReader {
  const origin = `${isLoopback(host) ? "http" : "https"}://${host}`;
  const signal = AbortSignal.timeout(patience);
  let authorization: string | undefined;

  const get = async (path: string, accept: string): Promise<Response> => {
    const send = () =>
      fetch(`${origin}/v2/${repository}${path}`, {
        signal,
        headers: { accept, ...(authorization === undefined ? {} : { authorization }) },
      });
    const response = await send();
    const challenge = response.headers.get("www-authenticate");
    if (response.status !== 401 || challenge === null || authorization !== undefined) return response;
    await response.body?.cancel();
    authorization = await anonymousToken(challenge, signal);
    return authorization === undefined ? response : send();
  };

  /** undefined when there is none */
  const text = async (path: string, accept: string): Promise<string | undefined> => {
    try {
      const response = await get(path, accept);
      if (response.ok) return await textOf(response);
      await response.body?.cancel();
      if (response.status === 404) return undefined;
      const what =
        response.status === 401 || response.status === 403
          ? "does not show it to everybody"
          : `answered ${response.status}`;
      throw new CannotRead(`${host} ${what}`);
    } catch (error) {
      if (error instanceof CannotRead) throw error;
      throw new CannotRead(
        `${host}: ${signal.aborted ? `nothing within ${patience / 1000} s` : causeOf(error)}`,
      );
    }
  };
  return {
    manifest: async (reference) => {
      const found = await text(`/manifests/${reference}`, ACCEPTED_MEDIA_TYPES.join(", "));
      return found === undefined ? undefined : { text: found, missing: [] };
    },
    config: (digest) => text(`/blobs/${digest}`, "*/*"),
  };
}

async function anonymousToken(challenge: string, signal: AbortSignal): Promise<string | undefined> {
  const values = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  );
  const { realm = "", service, scope } = values;
  if (!/^bearer\b/i.test(challenge) || !URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  if (url.protocol !== "https:" && !isLoopback(url.host)) return undefined;
  if (service !== undefined) url.searchParams.set("service", service);
  if (scope !== undefined) url.searchParams.set("scope", scope);
  const response = await fetch(url, { signal });
  if (!response.ok) return undefined;
  const given: unknown = await response.json();
  if (typeof given !== "object" || given === null) return undefined;
  // The specification has both names for it.
  const token = "token" in given ? given.token : "access_token" in given ? given.access_token : undefined;
  return typeof token === "string" ? `Bearer ${token}` : undefined;
}

/** A registry on this machine speaks HTTP, as Docker has it; any other must speak HTTPS. */
function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/.test(host);
}

/** Of what `fetch` throws, the reason below it: its own words are "fetch failed". */
function causeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  if ("cause" in error && error.cause !== undefined) return causeOf(error.cause);
  if ("message" in error && error.message !== "") return String(error.message);
  return "code" in error ? String(error.code) : String(error);
}
