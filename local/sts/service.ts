import { assumedRole, temporaryCredentials } from "../aws/people.ts";
import { AwsError, type LocalContext, type LocalService, type Operation } from "../service.ts";

/** Answers who signed a request. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
const getCallerIdentity: Operation = async (_input, caller) => ({
  UserId: caller.userId,
  Account: caller.accountId,
  Arn: caller.arn,
});

const LONGEST_HOURS = 12;

/**
 * Credentials of a session of a role. There is no IAM here: every role is there, and trusts everybody.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
function assumeRole({ accountId, now }: Where): Operation {
  return async ({ RoleArn, RoleSessionName, DurationSeconds = "3600" }) => {
    const [, account, role] =
      /^arn:[\w-]+:iam::(\d{12}):role\/(?:[^/]+\/)*([^/]+)$/.exec(String(RoleArn)) ?? [];
    if (role === undefined) throw invalid("RoleArn", String(RoleArn));
    if (account !== accountId)
      throw new AwsError("AccessDenied", `The role ${String(RoleArn)} is not of this account`, 403);
    const session = String(RoleSessionName);
    if (!/^[\w+=,.@-]{2,64}$/.test(session)) throw invalid("RoleSessionName", session);
    const seconds = Number(DurationSeconds);
    if (!(seconds >= 900 && seconds <= LONGEST_HOURS * 3600))
      throw invalid("DurationSeconds", String(DurationSeconds));
    const caller = assumedRole(accountId, role, session);
    const { accessKeyId, secretAccessKey, sessionToken } = temporaryCredentials(caller);
    return {
      Credentials: {
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        SessionToken: sessionToken,
        Expiration: new Date(now() + seconds * 1000),
      },
      AssumedRoleUser: { AssumedRoleId: caller.userId, Arn: caller.arn },
    };
  };
}

function invalid(member: string, value: string): AwsError {
  return new AwsError("ValidationError", `The value ${JSON.stringify(value)} of ${member} is not valid`);
}

type Where = Pick<LocalContext, "accountId" | "now">;

/** STS, as far as a signed request can be asked who it is, and roles can be assumed. */
export async function createSts(where: Where): Promise<LocalService> {
  return {
    query: { version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/" },
    operations: { GetCallerIdentity: getCallerIdentity, AssumeRole: assumeRole(where) },
    close: async () => {},
  };
}
