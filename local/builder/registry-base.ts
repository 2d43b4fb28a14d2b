import { Readable } from "node:stream";
import { imageMediaTypes, indexMediaTypes } from "../ecr/media-types.ts";
import { type BaseSource, openBase, type ResolveBase } from "./base-image.ts";
import { Refusal } from "./build-error.ts";

/**
 * Finds base images in the local registry over HTTP.
 *
 * @param host the registry as image references name it, e.g. `127.0.0.1:4566`
 * @param signal ends requests that are under way
 */
export function registryBase(host: string, signal?: AbortSignal): ResolveBase {
  return async (reference, platform) => {
    const { repository, target } = parseReference(reference, host);
    return openBase(remoteSource(reference, `http://${host}/v2/${repository}`, signal), target, platform);
  };
}

/** Reads `HOST/REPOSITORY[:TAG][@DIGEST]`. */
function parseReference(
  reference: string,
  host: string,
): { readonly repository: string; readonly target: string } {
  const prefix = [host, host.replace(/^127\.0\.0\.1(?=:|$)/, "localhost")].find((name) =>
    reference.startsWith(`${name}/`),
  );
  const match = /^([a-z0-9._/-]+?)(?::([\w][\w.-]*))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(
    reference.slice(prefix === undefined ? 0 : prefix.length + 1),
  );
  if (prefix !== undefined && match)
    return { repository: match[1] ?? "", target: match[3] ?? match[2] ?? "latest" };
  if (prefix !== undefined) {
    throw new Refusal(
      `${reference} is not an image reference`,
      `write ${host}/REPOSITORY:TAG or @sha256:DIGEST`,
    );
  }
  const name = match?.[1]?.split("/").at(-1) ?? "NAME";
  const local = `${host}/${name}:${match?.[2] ?? "latest"}`;
  throw new Refusal(
    `${reference} is not in the local registry, and the built-in builder takes base images from there only`,
    `create the repository ${name}, run skopeo copy --all --dest-tls-verify=false docker://${reference} ` +
      `docker://${local} and write ${local}; or install docker or podman with buildah`,
  );
}

function remoteSource(name: string, base: string, signal: AbortSignal | undefined): BaseSource {
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${base}/${path}`, { headers, ...(signal ? { signal } : {}) });
  return {
    name,
    async manifest(reference) {
      const accept = [...imageMediaTypes, ...indexMediaTypes].join(", ");
      const response = await get(`manifests/${reference}`, { accept });
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (response.status === 404) return undefined;
      if (!response.ok) throw answered(name, response);
      const mediaType = (response.headers.get("content-type") ?? "").split(";")[0] ?? "";
      return { bytes, mediaType };
    },
    async blob(digest) {
      const response = await get(`blobs/${digest}`);
      if (!response.ok || !response.body) throw answered(`${name} (${digest})`, response);
      return Readable.from(response.body, { objectMode: false });
    },
  };
}

function answered(what: string, response: Response): Refusal {
  return new Refusal(`the registry answered ${response.status} for ${what}`, "push the image again");
}
