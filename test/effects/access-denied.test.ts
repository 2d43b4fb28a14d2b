import { describe, expect, test } from "@jest/globals";
import { accessRemedy, refusalOf } from "../../shared/effects/access-denied.ts";
import { awsError, denied } from "./fakes.ts";

const WEB = "arn:aws:ecs:us-east-1:000000000000:service/production/web";
const ROLE = "tandem-on-build-change";

describe("what AWS refuses for want of a permission", () => {
  test.each([
    ["ecs:UpdateService", WEB],
    ["ecr:PutImage", "arn:aws:ecr:us-east-1:000000000000:repository/hello"],
  ])("%s: its remedy names the action, the resource, and the role to give it to", (action, resource) => {
    expect(accessRemedy(denied(action, resource))).toBe(
      `give the role ${ROLE} the permission ${action} on ${resource}, and push again`,
    );
  });

  test("iam:PassRole is given by the list of roles that may be passed", () => {
    const error = denied("iam:PassRole", "arn:aws:iam::000000000000:role/shop/web-task");
    expect(accessRemedy(error)).toBe(
      `add web-task to \`custom.passRoles\` in serverless.yml, so that ${ROLE} has iam:PassRole, and deploy the stack again`,
    );
    // ECS says it with another name, too: the words count.
    expect(accessRemedy(awsError("ClientException", error.message))).toBe(accessRemedy(error));
  });

  test("an explicit deny is not mended by a permission more", () => {
    const error = denied("ecs:UpdateService", WEB, "with an explicit deny in a service control policy");
    expect(accessRemedy(error)).toBe(
      `take the policy's explicit deny of ecs:UpdateService on ${WEB} off the role ${ROLE}, and push again`,
    );
  });

  test.each([
    ["a user", "arn:aws:iam::000000000000:user/ada", "ada"],
    ["a role of another partition", "arn:aws-cn:sts::000000000000:assumed-role/deployer/i-0123", "deployer"],
  ])("without a resource, by %s", (_what, who, name) => {
    const said = `User: ${who} is not authorized to perform: ecs:RunTask`;
    expect(accessRemedy(awsError("AccessDeniedException", said))).toBe(
      `give the role ${name} the permission ecs:RunTask, and push again`,
    );
  });

  test("without words, that much is said", () => {
    expect(accessRemedy(awsError("AccessDeniedException", ""))).toContain("the role of Tandem's function");
  });

  test("any other error has no such remedy", () => {
    expect(accessRemedy(awsError("ClientException", "Role is not valid"))).toBeUndefined();
    expect(refusalOf("ECS refused", awsError("ClientException", "no"))).toEqual({
      reason: "ECS refused: no",
    });
  });
});
