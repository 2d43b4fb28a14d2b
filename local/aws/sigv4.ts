import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/**
 * Signature Version 4, from the receiving side.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

const ALGORITHM = "AWS4-HMAC-SHA256";
const MAX_SKEW_MS = 5 * 60 * 1000;

/** The signed parts of an HTTP request. */
export interface SignedRequest {
  readonly method: string;
  /** As sent: path and query, not decoded. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The `Authorization` header, taken apart. */
export interface Authorization {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** Takes a SigV4 `Authorization` header apart; undefined when it is another scheme or incomplete. */
export function parseAuthorization(header: string | undefined): Authorization | undefined {
  if (!header?.startsWith(`${ALGORITHM} `)) return undefined;
  const fields = new Map<string, string>();
  for (const part of header.slice(ALGORITHM.length).split(",")) {
    const equals = part.indexOf("=");
    if (equals > 0) fields.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
  }
  const credential = fields.get("Credential")?.split("/") ?? [];
  const signedHeaders = fields.get("SignedHeaders");
  const signature = fields.get("Signature");
  const [accessKeyId, date, region, service, terminator] = credential;
  if (credential.length !== 5 || terminator !== "aws4_request") return undefined;
  if (!accessKeyId || !date || !region || !service || !signedHeaders || !signature) return undefined;
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(";"), signature };
}

const sha256 = (data: Buffer | string): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: Buffer | string, data: string): Buffer => createHmac("sha256", key).update(data).digest();

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** Decodes what the client escaped; a stray `%` stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The parameters in order of name and value: escaped anew, and as they were sent, since clients differ in what they escape. */
function canonicalQueries(query: string): readonly string[] {
  if (query === "") return [""];
  const sent = query.split("&").map((pair) => splitOnce(pair, "="));
  const escaped = sent.map(([name, value]) => [encode(decode(name)), encode(decode(value))] as const);
  const ordered = [escaped, sent].map((pairs) =>
    [...pairs]
      .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
      .map(([name, value]) => `${name}=${value}`)
      .join("&"),
  );
  return [...new Set(ordered)];
}

/**
 * Every service but S3 signs the path escaped once more than it is sent; some clients (curl among them) sign it as it
 * is. All forms name the same path and need the secret, so each is taken.
 */
function canonicalPaths(path: string): readonly string[] {
  const segments = path.split("/");
  const once = segments.map((segment) => encode(decode(segment)));
  const forms = [path, segments.map(encode).join("/"), once.join("/"), once.map(encode).join("/")];
  return [...new Set(forms)];
}

function payloadHash(request: SignedRequest): string | undefined {
  const actual = sha256(request.body);
  const claimed = request.headers["x-amz-content-sha256"];
  return claimed === undefined || claimed === actual ? actual : undefined;
}

/** `20261121T195906Z` as milliseconds since the epoch; NaN when it is something else. */
function parseAmzDate(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return Number.NaN;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/**
 * Verifies a request's signature.
 * @param secret the secret access key of `authorization.accessKeyId`
 * @param nowMs milliseconds since the epoch
 * @returns why it is refused, or undefined when the signature is right
 */
export function signatureFault(
  request: SignedRequest,
  authorization: Authorization,
  secret: string,
  nowMs: number,
): string | undefined {
  const amzDate = request.headers["x-amz-date"] ?? "";
  const signedAt = parseAmzDate(amzDate);
  if (Number.isNaN(signedAt)) return "The request has no valid X-Amz-Date header.";
  if (Math.abs(nowMs - signedAt) > MAX_SKEW_MS)
    return `Signature expired: ${amzDate} is more than 5 minutes from the clock of the endpoint.`;
  if (!amzDate.startsWith(authorization.date))
    return "The date in the credential scope does not match X-Amz-Date.";
  if (!authorization.signedHeaders.includes("host"))
    return "'Host' must be a 'SignedHeader' in the AWS Authorization.";
  const hash = payloadHash(request);
  if (hash === undefined) return "The X-Amz-Content-Sha256 header does not match the body.";

  const [path = "/", query = ""] = splitOnce(request.url, "?");
  const headers = authorization.signedHeaders.map(
    (name) => `${name}:${(request.headers[name] ?? "").trim().replace(/ +/g, " ")}\n`,
  );
  const scope = `${authorization.date}/${authorization.region}/${authorization.service}/aws4_request`;
  const key = signingKey(secret, authorization);
  const given = Buffer.from(authorization.signature);
  const matches = (canonicalPath: string, canonicalQuery: string): boolean => {
    const canonical = [
      request.method,
      canonicalPath,
      canonicalQuery,
      headers.join(""),
      authorization.signedHeaders.join(";"),
      hash,
    ].join("\n");
    const expected = Buffer.from(
      hmac(key, [ALGORITHM, amzDate, scope, sha256(canonical)].join("\n")).toString("hex"),
    );
    return given.length === expected.length && timingSafeEqual(given, expected);
  };
  const queries = canonicalQueries(query);
  if (canonicalPaths(path).some((form) => queries.some((one) => matches(form, one)))) return undefined;
  return "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.";
}

/** More clients, services and days than are in use at once. */
const MOST_KEYS = 200;
const signingKeys = new Map<string, Buffer>();

/** A key holds for a day, a region and a service: it is derived once. */
function signingKey(secret: string, { date, region, service }: Authorization): Buffer {
  const of = [secret, date, region, service].join("\n");
  const known = signingKeys.get(of);
  if (known !== undefined) return known;
  const key = [date, region, service, "aws4_request"].reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`));
  if (signingKeys.size >= MOST_KEYS) signingKeys.clear();
  signingKeys.set(of, key);
  return key;
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
