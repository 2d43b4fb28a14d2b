import type { Failure } from "../pipeline/events.ts";

/**
 * What AWS refused, and to whom, as its message says:
 * `User: arn:aws:sts::123456789012:assumed-role/ROLE/SESSION is not authorized to perform: ecs:UpdateService on resource: arn:…`
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
const REFUSAL =
  /User: (?<who>arn:\S+) is not authorized to perform: (?<action>[\w-]+:\w+)(?: on resource: (?<resource>arn:\S+))?/;

/**
 * What AWS has refused, as a failure. For want of a permission its remedy names the action and the role that needs it.
 * @param what was refused, e.g. `ECS refused to deploy web`
 */
export function refusalOf(what: string, error: Error, remedy = accessRemedy(error)): Failure {
  const reason = `${what}: ${error.message}`;
  return remedy === undefined ? { reason } : { reason, remedy };
}

/** Undefined for any other error. */
export function accessRemedy({ name, message }: Error): string | undefined {
  const { who, action, resource } = REFUSAL.exec(message)?.groups ?? {};
  if (who === undefined || action === undefined) {
    return name === "AccessDeniedException"
      ? "give the role of Tandem's function the permission for it, and push again"
      : undefined;
  }
  const role = roleOf(who);
  const on = resource === undefined ? "" : ` on ${resource}`;
  if (message.includes("explicit deny")) {
    return `take the policy's explicit deny of ${action}${on} off the role ${role}, and push again`;
  }
  if (action === "iam:PassRole") {
    const passed = resource === undefined ? "the roles of the task definition" : roleOf(resource);
    return `add ${passed} to \`custom.passRoles\` in serverless.yml, so that ${role} has iam:PassRole, and deploy the stack again`;
  }
  return `give the role ${role} the permission ${action}${on}, and push again`;
}

/** The role that a session has assumed; else the last part of the ARN. */
function roleOf(arn: string): string {
  return /:assumed-role\/([^/]+)\//.exec(arn)?.[1] ?? arn.split("/").at(-1) ?? arn;
}
