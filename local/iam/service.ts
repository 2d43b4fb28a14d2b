import { AwsError, type LocalContext, type LocalService, type Operation } from "../service.ts";

/** The roles that the demo's people sign in as; those of templates are names only. */
const ROLES = ["release-managers", "developers"];

/**
 * IAM, as far as it can be asked whether a role is there.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
 */
export async function createIam({ accountId }: Pick<LocalContext, "accountId">): Promise<LocalService> {
  const getRole: Operation = async ({ RoleName }) => {
    const name = String(RoleName);
    if (!ROLES.includes(name))
      throw new AwsError("NoSuchEntity", `The role with name ${name} cannot be found.`, 404);
    return { Role: { Path: "/", RoleName: name, Arn: `arn:aws:iam::${accountId}:role/${name}` } };
  };
  return {
    query: { version: "2010-05-08", namespace: "https://iam.amazonaws.com/doc/2010-05-08/" },
    operations: { GetRole: getRole },
    close: async () => {},
  };
}
