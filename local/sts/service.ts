import type { LocalService, Operation } from "../service.ts";

/** Answers who signed a request. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
const getCallerIdentity: Operation = async (_input, caller) => ({
  UserId: caller.userId,
  Account: caller.accountId,
  Arn: caller.arn,
});

/** STS, as far as a signed request can be asked who it is. */
export async function createSts(): Promise<LocalService> {
  return {
    query: { version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/" },
    operations: { GetCallerIdentity: getCallerIdentity },
    close: async () => {},
  };
}
