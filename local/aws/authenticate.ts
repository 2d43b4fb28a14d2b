import { AwsError, type Caller } from "../service.ts";
import { callerOf, secretOf } from "./people.ts";
import { parseAuthorization, type SignedRequest, signatureFault } from "./sigv4.ts";

/** Who signed a request, with which key, and for which service. */
export interface Signer {
  readonly caller: Caller;
  readonly accessKeyId: string;
  /** The service of the credential scope, e.g. `cloudformation`. */
  readonly service: string;
  /** The region of the credential scope. */
  readonly region: string;
}

/**
 * Names and verifies the signer of an AWS request.
 * @returns undefined when the request is not signed at all
 * @throws AwsError IncompleteSignatureException or InvalidSignatureException
 */
export function authenticate(request: SignedRequest, accountId: string, nowMs: number): Signer | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  const authorization = parseAuthorization(header);
  if (authorization === undefined)
    throw new AwsError(
      "IncompleteSignatureException",
      "The Authorization header is not a complete AWS4-HMAC-SHA256 signature.",
      403,
    );
  const token = request.headers["x-amz-security-token"];
  const secret = secretOf(authorization.accessKeyId, token);
  if (secret !== undefined) {
    const fault = signatureFault(request, authorization, secret, nowMs);
    if (fault !== undefined) throw new AwsError("InvalidSignatureException", fault, 403);
  }
  const caller = callerOf(authorization.accessKeyId, token, accountId);
  const { accessKeyId, service, region } = authorization;
  return { caller, accessKeyId, service, region };
}
