/**
 * The AWS Query protocol: form-encoded requests, XML replies.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */

/** Turns `Parameters.member.1.ParameterKey=…` into `{Parameters: [{ParameterKey: …}]}`. */
export function parseForm(body: string): Readonly<Record<string, unknown>> {
  const root: Tree = new Map();
  for (const [name, value] of new URLSearchParams(body)) {
    const path = name.split(".");
    const last = path.pop() ?? "";
    let node = root;
    for (const part of path) {
      const next = node.get(part);
      if (next instanceof Map) node = next;
      else {
        const made: Tree = new Map();
        node.set(part, made);
        node = made;
      }
    }
    node.set(last, value);
  }
  const value = plain(root);
  return isRecord(value) ? value : {};
}

type Tree = Map<string, string | Tree>;

function plain(node: Tree): unknown {
  const member = node.get("member");
  if (member instanceof Map && node.size === 1) return ordered(member);
  return Object.fromEntries(
    [...node].map(([name, value]) => [name, typeof value === "string" ? value : plain(value)]),
  );
}

/** A list's members by their numbers, 1, 2, 3 … */
function ordered(members: Tree): unknown[] {
  return [...members]
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, value]) => (typeof value === "string" ? value : plain(value)));
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The reply to `action`: `<ActionResponse><ActionResult>…</ActionResult>…</ActionResponse>`. */
export function queryReply(action: string, namespace: string, result: unknown, requestId: string): string {
  const members = result === undefined || result === null ? "" : xmlOf(result);
  return (
    `<${action}Response xmlns="${namespace}"><${action}Result>${members}</${action}Result>` +
    `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>`
  );
}

/** The reply to a failed request. */
export function queryError(
  code: string,
  message: string,
  status: number,
  namespace: string,
  requestId: string,
): string {
  const error = xmlOf({ Type: status < 500 ? "Sender" : "Receiver", Code: code, Message: message });
  return `<ErrorResponse xmlns="${namespace}"><Error>${error}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
}

/**
 * The EC2 Query protocol differs in its envelope, and in that lists are `<item>` elements.
 * https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
 */
export function ec2Reply(action: string, namespace: string, result: unknown, requestId: string): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="${namespace}">` +
    `<requestId>${requestId}</requestId>${xmlOf(result, "item")}</${action}Response>`
  );
}

/** The reply to a failed request of EC2. */
export function ec2Error(code: string, message: string, requestId: string): string {
  const error = xmlOf({ Code: code, Message: message });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>${error}</Error></Errors><RequestID>${requestId}</RequestID></Response>`;
}

/** Lists become elements of the given name, dates ISO 8601, absent members nothing. */
function xmlOf(value: unknown, item = "member"): string {
  if (value === undefined || value === null) return "";
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((one) => `<${item}>${xmlOf(one, item)}</${item}>`).join("");
  if (typeof value === "object")
    return Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => `<${name}>${xmlOf(member, item)}</${name}>`)
      .join("");
  return escapeXml(String(value));
}

/** Also leaves out what XML 1.0 cannot carry at all. */
function escapeXml(text: string): string {
  const carried = [...text].filter((c) => c >= " " || c === "\n" || c === "\t" || c === "\r").join("");
  return carried
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\r", "&#xD;");
}
