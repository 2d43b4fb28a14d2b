/** `registry/repository:tag` or `registry/repository@sha256:…`, taken apart. */
export interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  /** The digest, where one is given; else the tag, `latest` by default. */
  readonly reference: string;
}

/**
 * Takes an image reference apart as docker does: the part before the first `/` is a registry when it has a dot or a
 * colon or is `localhost`. https://pkg.go.dev/github.com/distribution/reference
 */
export function parseImage(image: string): ImageReference {
  const slash = image.indexOf("/");
  const first = slash < 0 ? "" : image.slice(0, slash);
  const hasRegistry = first === "localhost" || /[.:]/.test(first);
  const registry = hasRegistry ? first : "docker.io";
  const rest = hasRegistry ? image.slice(slash + 1) : image;
  const at = rest.indexOf("@");
  const name = at < 0 ? rest : rest.slice(0, at);
  const colon = name.lastIndexOf(":");
  const repository = colon < 0 ? name : name.slice(0, colon);
  const tag = colon < 0 ? "latest" : name.slice(colon + 1);
  return { registry, repository, reference: at < 0 ? tag : rest.slice(at + 1) };
}

/**
 * Whether the registry of a reference is the local endpoint: its own address, any loopback address (the port may have
 * been another one when the task definition was registered), or the account's ECR host name.
 */
export function isLocalRegistry(
  registry: string,
  local: { readonly registryHost: string; readonly accountId: string },
): boolean {
  return (
    registry === local.registryHost ||
    /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(registry) ||
    new RegExp(`^${local.accountId}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com$`).test(registry)
  );
}
