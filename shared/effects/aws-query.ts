import { AwsClient } from "aws4fetch";

/**
 * A signed call of the AWS Query protocol and of EC2's: form-encoded request, XML reply.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 * @param service its host's name and credential scope
 * @param version the service's API version
 * @throws AwsQueryError with the documented error code as its name
 */
export type AwsQuery = (
  service: "autoscaling" | "ec2" | "sns",
  version: string,
  action: string,
  parameters: Readonly<Record<string, string>>,
) => Promise<XmlElement>;

export interface AwsQueryOptions {
  readonly region: () => Promise<string>;
  readonly credentials: () => Promise<{
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string | undefined;
  }>;
  /** `AWS_ENDPOINT_URL`; AWS itself when left out. */
  readonly endpoint?: string;
}

/** An answer that is an error; `name` is its documented code. */
export class AwsQueryError extends Error {
  /** Of the HTTP answer, where there was one. */
  readonly status: number | undefined;

  constructor(name: string, message: string, status?: number) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

/** Milliseconds for one call. */
const LIMIT = 5_000;

export function awsQuery(options: AwsQueryOptions): AwsQuery {
  return async (service, version, action, parameters) => {
    const [region, credentials] = await Promise.all([options.region(), options.credentials()]);
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
    const origin = options.endpoint?.replace(/\/+$/, "") ?? `https://${service}.${region}.${domain}`;
    const client = new AwsClient({
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service,
      region,
      retries: 2,
    });
    const response = await client.fetch(`${origin}/`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
      body: new URLSearchParams({ Action: action, Version: version, ...parameters }).toString(),
      signal: AbortSignal.timeout(LIMIT),
    });
    const text = await response.text();
    const answer = parseXml(text);
    if (response.ok) return answer;
    const [error] = descendants(answer, "Error");
    const code = error === undefined ? undefined : textOf(error, "Code");
    const said = error === undefined ? undefined : textOf(error, "Message");
    throw new AwsQueryError(
      code ?? "ServiceException",
      `${service}: ${said ?? `${action} was answered with ${response.status}`}`,
      response.status,
    );
  };
}

/** An element of an XML reply; attributes and namespaces are not looked at. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** The elements of a reply below one nameless root; what is no element is skipped, an unclosed one ends with its parent. */
export function parseXml(text: string): XmlElement {
  const root = { name: "", text: "", children: [] as XmlElement[] };
  const open = [root];
  const token = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<(\/?)([\w.:-]+)[^<>]*?(\/?)>|([^<]+)/g;
  for (const [, closing, name, empty, characters] of text.matchAll(token)) {
    const parent = open.at(-1) ?? root;
    if (characters !== undefined) parent.text += decoded(characters);
    else if (name === undefined) continue;
    else if (closing === "/") {
      if (open.length > 1) open.pop();
    } else {
      const element = { name, text: "", children: [] as XmlElement[] };
      parent.children.push(element);
      if (empty !== "/") open.push(element);
    }
  }
  return root;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0x10ffff ? whole : String.fromCodePoint(code);
  });
}

/** All elements of this name below an element, however deep. */
export function descendants(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.flatMap((child) => [
    ...(child.name === name ? [child] : []),
    ...descendants(child, name),
  ]);
}

/** The text of an element's own child; undefined when it has none, or an empty one. */
export function textOf(element: XmlElement, name: string): string | undefined {
  const text = element.children.find((child) => child.name === name)?.text.trim();
  return text === "" ? undefined : text;
}
