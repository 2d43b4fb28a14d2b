import { AwsClient } from "aws4fetch";

/** Who is in a group, as far as AWS can be asked: people whom the stack's user pool lists, or a role to sign in as. */
export interface Directory {
  /** The user pool's people of a group; undefined when people sign in elsewhere, or may not be asked. */
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

/** As many as a page of Cognito holds: enough to see that a group is not empty. */
const PAGE = 60;

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
      const { ok, text } = await send(
        options,
        "cognito-idp",
        endpoint ?? `https://cognito-idp.${region}.${domain}/`,
        {
          headers: {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "AWSCognitoIdentityProviderService.ListUsersInGroup",
          },
          body: JSON.stringify({ UserPoolId: userPool, GroupName: group, Limit: PAGE }),
        },
      );
      if (ok) return namesIn(text);
      return text.includes("ResourceNotFoundException") ? [] : undefined;
    },

    async hasRole(name) {
      const body = new URLSearchParams({ Action: "GetRole", Version: "2010-05-08", RoleName: name });
      const { ok, text } = await send(options, "iam", endpoint ?? `https://iam.${domain}/`, {
        headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
        body: body.toString(),
      });
      if (ok) return true;
      return text.includes("NoSuchEntity") ? false : undefined;
    },
  };
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What cannot be asked is unknown: whoever looks is told so, and nothing else depends on it. */
async function send(
  { region, credentials }: DirectoryOptions,
  service: "cognito-idp" | "iam",
  url: string,
  { headers, body }: Sent,
): Promise<{ readonly ok: boolean; readonly text: string }> {
  // IAM is one for the world, and signed for as if it were in Virginia; in China in Beijing.
  const worldwide = region.startsWith("cn-") ? "cn-north-1" : "us-east-1";
  const client = new AwsClient({
    ...credentials(),
    service,
    region: service === "iam" ? worldwide : region,
    retries: 2,
  });
  try {
    const signal = AbortSignal.timeout(LIMIT);
    const response = await client.fetch(url, { method: "POST", headers: { ...headers }, body, signal });
    return { ok: response.ok, text: await response.text() };
  } catch {
    return { ok: false, text: "" };
  }
}

function namesIn(text: string): readonly string[] {
  const answer: unknown = JSON.parse(text);
  if (typeof answer !== "object" || answer === null || !("Users" in answer)) return [];
  const { Users } = answer;
  if (!Array.isArray(Users)) return [];
  return Users.flatMap((user: unknown) =>
    typeof user === "object" && user !== null && "Username" in user ? [String(user.Username)] : [],
  );
}
