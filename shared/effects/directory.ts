import { AwsClient } from "aws4fetch";
import { z } from "zod";

/** Who is in a group, as far as AWS can be asked: people whom the stack's user pool lists, or a role to sign in as. */
export interface Directory {
  /**
   * The user pool's people of a group who may sign in; nobody when it has no such group.
   * @returns undefined when people sign in elsewhere
   * @throws Error when the user pool does not tell: who is asked for may be in the group all the same
   */
  members(group: string): Promise<readonly string[] | undefined>;
  /** Whether there is an IAM role of that name; undefined when that may not be asked. */
  hasRole(name: string): Promise<boolean | undefined>;
}

export interface DirectoryOptions {
  readonly region: string;
  /** The user pool's id; empty when people sign in at another issuer. */
  readonly userPool: string;
  readonly credentials: () => {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** `AWS_ENDPOINT_URL`; AWS itself when left out. */
  readonly endpoint?: string;
}

/** Milliseconds for one call. */
const LIMIT = 5_000;

/** As many people as a page of Cognito holds, and as many pages as are read of a group. */
const PAGE = 60;
const MOST_PAGES = 50;

/**
 * Two calls over signed HTTP, without an SDK for each.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsersInGroup.html
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
 */
export function directory(options: DirectoryOptions): Directory {
  const { region, userPool, endpoint } = options;
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return {
    async members(group) {
      if (userPool === "") return undefined;
      try {
        return await everybody((next) => {
          const body = { UserPoolId: userPool, GroupName: group, Limit: PAGE, ...next };
          return send(options, "cognito-idp", endpoint ?? `https://cognito-idp.${region}.${domain}/`, {
            headers: {
              "content-type": "application/x-amz-json-1.1",
              "x-amz-target": "AWSCognitoIdentityProviderService.ListUsersInGroup",
            },
            body: JSON.stringify(body),
          });
        });
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`who is in ${group} cannot be asked: ${reason}`, { cause });
      }
    },

    async hasRole(name) {
      const body = new URLSearchParams({ Action: "GetRole", Version: "2010-05-08", RoleName: name });
      try {
        const { status, text } = await send(options, "iam", endpoint ?? `https://iam.${domain}/`, {
          headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
          body: body.toString(),
        });
        if (status < 300) return true;
        return text.includes("NoSuchEntity") ? false : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

interface Answered {
  readonly status: number;
  readonly text: string;
}

const pageSchema = z.object({
  Users: z.array(z.object({ Username: z.string(), Enabled: z.boolean().optional() })),
  NextToken: z.string().optional(),
});

const errorSchema = z.object({ __type: z.string(), message: z.string().optional() });

/** All pages of a group, without those whom somebody has disabled: they cannot sign in. */
async function everybody(
  ask: (next: { readonly NextToken?: string }) => Promise<Answered>,
): Promise<readonly string[]> {
  const names: string[] = [];
  let next: { readonly NextToken?: string } = {};
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { status, text } = await ask(next);
    if (status >= 300) {
      const { __type: type, message } = errorSchema.safeParse(parsed(text)).data ?? {};
      if (type?.split("#").at(-1) === "ResourceNotFoundException") return [];
      throw new Error([`the user pool answered ${status}`, type, message].filter(Boolean).join(", "));
    }
    const answer = pageSchema.safeParse(parsed(text));
    if (!answer.success) throw new Error("the user pool's answer is no list of people");
    const { Users, NextToken } = answer.data;
    names.push(...Users.flatMap(({ Username, Enabled }) => (Enabled === false ? [] : [Username])));
    if (NextToken === undefined) return names;
    next = { NextToken };
  }
  throw new Error(`it has more than ${MOST_PAGES * PAGE} people`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One signed call; rejects when nobody answers in time. */
async function send(
  { region, credentials }: DirectoryOptions,
  service: "cognito-idp" | "iam",
  url: string,
  { headers, body }: Sent,
): Promise<Answered> {
  // IAM is one for the world, and signed for as if it were in Virginia; in China in Beijing.
  const worldwide = region.startsWith("cn-") ? "cn-north-1" : "us-east-1";
  const client = new AwsClient({
    ...credentials(),
    service,
    region: service === "iam" ? worldwide : region,
    retries: 2,
  });
  const signal = AbortSignal.timeout(LIMIT);
  const response = await client.fetch(url, { method: "POST", headers: { ...headers }, body, signal });
  return { status: response.status, text: await response.text() };
}
