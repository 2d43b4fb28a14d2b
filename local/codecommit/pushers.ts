import type { IncomingMessage } from "node:http";
import { callerOf } from "../aws/people.ts";

/**
 * The ARN that a push is reported with as `callerUserArn`. The user name of HTTP basic authentication says who
 * pushes; the password is not checked, this is a laptop. Git sends a user name only when it has been asked for one
 * (or is told to by `http.extraHeader`, or `http.proactiveAuth` since 2.46), so most pushes are anonymous.
 */
export function pusherArn(request: IncomingMessage, accountId: string): string {
  const user = basicUser(request.headers.authorization) ?? "git";
  return callerOf(user, undefined, accountId).arn;
}

function basicUser(header: string | undefined): string | undefined {
  const encoded = /^basic +([\w+/=-]+)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const user = Buffer.from(encoded, "base64").toString("utf8").split(":", 1)[0] ?? "";
  // The characters of an IAM user name: anything else is nobody.
  return /^[\w+=,.@-]{1,64}$/.test(user) ? user : undefined;
}
