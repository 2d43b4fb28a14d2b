import { UsageError } from "./flags.ts";

/** An image's name, taken apart: `HOST/REPOSITORY[:TAG][@DIGEST]`. */
export interface Reference {
  /** Absent for a name without a registry, such as `hello`. */
  readonly host?: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/**
 * Reads an image reference. A first part with a dot or a colon, or `localhost`, is a registry, as docker decides it.
 *
 * @throws UsageError when it is not one
 */
export function parseReference(text: string): Reference {
  const match =
    /^(?:([\w.-]+\.[\w.-]+(?::\d+)?|[\w-]+:\d+|localhost)\/)?([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(
      text,
    );
  const [, host, repository, tag, digest] = match ?? [];
  if (repository === undefined) throw new UsageError(`${text} is not an image reference`);
  return {
    repository,
    ...(host === undefined ? {} : { host }),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** A name that is in a registry. @throws UsageError when it has none: there is no Docker Hub here */
export function parseRemote(text: string): Reference & { readonly host: string } {
  const reference = parseReference(text);
  if (reference.host === undefined) {
    throw new UsageError(
      `${text} names no registry: write HOST/${text}, as Docker Hub is not reached from here`,
    );
  }
  return { ...reference, host: reference.host };
}
