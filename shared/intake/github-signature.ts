/** `X-Hub-Signature-256`: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
const SIGNATURE = /^sha256=([0-9a-f]{64})$/i;

/** Two: the one in use, and the one that replaces it. */
const MOST_SECRETS = 2;

const encoder = new TextEncoder();

/** The header's 32 bytes; undefined when it is missing or of another form, SHA-1 among them. */
export function signatureOf(header: string | undefined): Uint8Array<ArrayBuffer> | undefined {
  const hex = SIGNATURE.exec(header ?? "")?.[1];
  return hex === undefined ? undefined : bytesOf(hex);
}

/** The bytes of hexadecimal digits. */
export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) =>
    Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16),
  );
}

/**
 * Whether one of the secrets has signed the body. Web Crypto's `verify` compares in constant time.
 * @param body the bytes as GitHub sent them: parsed and printed again, JSON has another signature
 */
export async function isSignedBy(
  secrets: readonly string[],
  body: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  // An empty secret would be one that everybody knows.
  const usable = secrets.filter((secret) => secret !== "").slice(0, MOST_SECRETS);
  const verified = await Promise.all(usable.map((secret) => verify(secret, body, signature)));
  return verified.includes(true);
}

async function verify(
  secret: string,
  body: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["verify"]);
  return crypto.subtle.verify("HMAC", key, signature, body);
}
