/** An image as a task definition names it, taken apart. */
export interface ImageReference {
  /** Where its registry answers; Docker Hub's is another host than its name. */
  readonly host: string;
  readonly repository: string;
  /** A digest, or a tag. */
  readonly reference: string;
}

/**
 * A reference as Docker reads it: without a host it is on Docker Hub, there without a folder in `library`, without tag or digest it is
 * `latest`, and with both the digest counts. Undefined for what is none.
 * https://github.com/distribution/reference/blob/v0.6.0/reference.go
 */
export function parseImage(image: string): ImageReference | undefined {
  const match = /^(?<name>[^@\s]+?)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/.exec(
    image,
  )?.groups;
  if (match === undefined) return undefined;
  const { name = "", tag, digest } = match;
  const [first = "", ...rest] = name.split("/");
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = hasHost ? rest.join("/") : name;
  if (!/^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/.test(path)) return undefined;
  const hub = !hasHost || first === "docker.io" || first === "index.docker.io";
  return {
    host: hub ? "registry-1.docker.io" : first,
    repository: hub && !path.includes("/") ? `library/${path}` : path,
    reference: digest ?? tag ?? "latest",
  };
}

/**
 * The account and Region of a private ECR registry; undefined for any other host.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
 */
export function ecrHost(host: string): { readonly account: string; readonly region: string } | undefined {
  const match =
    /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.(?:aws|amazonwebservices\.com\.cn))$/.exec(
      host,
    );
  const [, account, region] = match ?? [];
  return account === undefined || region === undefined ? undefined : { account, region };
}
