import { text } from "../input.ts";
import { AwsError, type Operation } from "../service.ts";
import { GROUPS, type OidcPerson, people } from "./people.ts";

/**
 * The people of a group, the same in every user pool.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsersInGroup.html
 */
export const listUsersInGroup: Operation = async (input) => {
  text(input, "UserPoolId");
  const group = text(input, "GroupName");
  if (!GROUPS.includes(group)) throw new AwsError("ResourceNotFoundException", "Group not found.");
  return {
    Users: people()
      .filter(({ groups }) => groups.includes(group))
      .map(userOf),
  };
};

const userOf = ({ username, email, subject }: OidcPerson) => ({
  Username: username,
  Enabled: true,
  UserStatus: "CONFIRMED",
  Attributes: [
    { Name: "sub", Value: subject },
    { Name: "email", Value: email },
    { Name: "email_verified", Value: "true" },
  ],
});
