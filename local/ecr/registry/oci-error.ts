import { AwsError } from "../../service.ts";

/**
 * An error of the distribution API.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#error-codes
 */
export class OciError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

const byAwsCode: Readonly<Record<string, readonly [number, string]>> = {
  RepositoryNotFoundException: [404, "NAME_UNKNOWN"],
  ImageNotFound: [404, "MANIFEST_UNKNOWN"],
  ImageReferencedByManifestList: [403, "DENIED"],
  ImageTagAlreadyExistsException: [400, "TAG_INVALID"],
  ImageDigestDoesNotMatchException: [400, "DIGEST_INVALID"],
  LayersNotFoundException: [400, "MANIFEST_BLOB_UNKNOWN"],
  ReferencedImagesNotFoundException: [400, "MANIFEST_BLOB_UNKNOWN"],
  InvalidParameterException: [400, "MANIFEST_INVALID"],
};

/** What a registry client is told of an error of the ECR API; undefined for what is neither. */
export function asOciError(error: unknown): OciError | undefined {
  if (error instanceof OciError) return error;
  if (!(error instanceof AwsError)) return undefined;
  const [status, code] = byAwsCode[error.code] ?? [400, "UNSUPPORTED"];
  return new OciError(status, code, error.message);
}
