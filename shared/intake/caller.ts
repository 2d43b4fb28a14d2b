import { type Person, personOf } from "../pipeline/identities.ts";

/**
 * The person behind an IAM principal. Of an assumed role, the session is the person and the role a group; roles of IAM
 * Identity Center (`AWSReservedSSO_NAME_HASH`) are groups by the name of their permission set.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
 */
export function personFromArn(arn: string): Person {
  const role = /^arn:[^:]+:sts::\d+:assumed-role\/([^/]+)\/.+$/.exec(arn)?.[1];
  const permissionSet = role === undefined ? undefined : /^AWSReservedSSO_(.+)_[0-9a-f]{16}$/.exec(role)?.[1];
  const groups = [role, permissionSet].filter((group) => group !== undefined);
  return { name: personOf(arn), identity: arn, groups };
}
