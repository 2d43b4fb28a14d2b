import { isDigest } from "../digest.ts";
import { OCI_INDEX } from "../media-types.ts";
import type { Exchange } from "./exchange.ts";
import { sendBytes } from "./exchange.ts";
import { OciError } from "./oci-error.ts";

/** What a page holds when the client does not say; ECR's own is 1000. */
const defaultPage = 1000;

/**
 * GET of a repository's tags, in order, page by page.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-tags
 */
export async function listTags(exchange: Exchange): Promise<void> {
  const { registry, name } = exchange;
  const all = [...registry.repositories.find(name).tags.keys()].sort();
  const { items, link } = page(exchange, all, `/v2/${name}/tags/list`);
  sendBytes(exchange, 200, JSON.stringify({ name, tags: items }), json(link));
}

/** GET of the names of all repositories, page by page. */
export async function catalog(exchange: Exchange): Promise<void> {
  const all = exchange.registry.repositories.all().map((repository) => repository.name);
  const { items, link } = page(exchange, all, "/v2/_catalog");
  sendBytes(exchange, 200, JSON.stringify({ repositories: items }), json(link));
}

/**
 * GET of the manifests whose subject is a digest, as an index; `?artifactType=` narrows it.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers
 */
export async function listReferrers(exchange: Exchange): Promise<void> {
  const { registry, query, name, reference } = exchange;
  const repository = registry.repositories.find(name);
  if (!isDigest(reference)) throw new OciError(400, "DIGEST_INVALID", `${reference} is not a sha256 digest`);
  const wanted = query.get("artifactType");
  const manifests = [...repository.images.values()]
    .filter((image) => image.subject === reference)
    .filter((image) => wanted === null || image.artifactType === wanted)
    .map(({ mediaType, digest, size, artifactType, annotations }) => ({
      mediaType,
      digest,
      size,
      artifactType,
      annotations,
    }));
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  sendBytes(exchange, 200, JSON.stringify(index), {
    "Content-Type": OCI_INDEX,
    ...(wanted === null ? {} : { "OCI-Filters-Applied": "artifactType" }),
  });
}

function page(
  { query }: Exchange,
  all: readonly string[],
  path: string,
): { readonly items: readonly string[]; readonly link: string | undefined } {
  const n = query.get("n");
  if (n !== null && !/^\d{1,9}$/.test(n)) {
    throw new OciError(400, "PAGINATION_NUMBER_INVALID", `n=${n} is not a number of items`);
  }
  const count = n === null ? defaultPage : Number(n);
  const last = query.get("last");
  const rest = last === null ? all : all.filter((item) => item > last);
  const items = rest.slice(0, count);
  const end = items.at(-1);
  if (end === undefined || rest.length <= count) return { items, link: undefined };
  const next = new URLSearchParams({ n: String(count), last: end });
  return { items, link: `<${path}?${next}>; rel="next"` };
}

function json(link: string | undefined): Record<string, string> {
  return { "Content-Type": "application/json", ...(link === undefined ? {} : { Link: link }) };
}
