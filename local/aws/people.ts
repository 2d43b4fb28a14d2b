import { createHash, createHmac } from "node:crypto";
import type { AwsCredentials, Caller } from "../service.ts";

/**
 * Who may call the local endpoint, and with which secret. There is no IAM behind it: a few people with
 * known keys, temporary credentials for functions and builds, and any other key id as an IAM user of
 * that name whose signature nobody can check.
 */

const RELEASE_MANAGERS = ["alice", "bob"];
const DEVELOPERS = ["carol"];
const USERS = ["mallory"];

/** Access key ids of temporary credentials begin with ASIA, as those of STS do. */
const TEMPORARY = "ASIA";

/** An id in the alphabet of IAM's unique ids, the same for the same name. */
function uniqueId(prefix: string, name: string): string {
  const hash = createHash("sha256").update(name).digest("hex").toUpperCase();
  return prefix + hash.slice(0, 21 - prefix.length);
}

/** Who acts in a session of a role. */
export function assumedRole(accountId: string, role: string, session: string): Caller {
  return {
    arn: `arn:aws:sts::${accountId}:assumed-role/${role}/${session}`,
    accountId,
    userId: `${uniqueId("AROA", role)}:${session}`,
  };
}

/** The person who sits at this machine: what an unsigned request to the HTTP API is taken for. */
export const localPerson = (accountId: string): Caller => assumedRole(accountId, "release-managers", "local");

/**
 * The secret access key of an access key id, where it is known.
 * @param sessionToken the `X-Amz-Security-Token` of temporary credentials
 * @returns undefined for a key that nobody here has issued: its signature cannot be checked
 */
export function secretOf(accessKeyId: string, sessionToken: string | undefined): string | undefined {
  if ([...RELEASE_MANAGERS, ...DEVELOPERS, ...USERS].includes(accessKeyId)) return accessKeyId;
  return sessionCaller(sessionToken) === undefined ? undefined : temporarySecret(sessionToken ?? "");
}

/** Names the owner of an access key id (and, for temporary credentials, of the session token). */
export function callerOf(accessKeyId: string, sessionToken: string | undefined, accountId: string): Caller {
  if (RELEASE_MANAGERS.includes(accessKeyId)) return assumedRole(accountId, "release-managers", accessKeyId);
  if (DEVELOPERS.includes(accessKeyId)) return assumedRole(accountId, "developers", accessKeyId);
  const session = sessionCaller(sessionToken);
  if (session !== undefined) return session;
  return {
    arn: `arn:aws:iam::${accountId}:user/${accessKeyId}`,
    accountId,
    userId: uniqueId("AIDA", accessKeyId),
  };
}

/**
 * Credentials for a process that acts as a role, as `sts:AssumeRole` issues them. The session token
 * carries the caller, so that they hold across restarts without being stored.
 */
export function temporaryCredentials(caller: Caller): AwsCredentials {
  const sessionToken = Buffer.from(JSON.stringify(caller)).toString("base64");
  return {
    accessKeyId: uniqueId(TEMPORARY, caller.arn).slice(0, 20),
    secretAccessKey: temporarySecret(sessionToken),
    sessionToken,
  };
}

/** Derived, not secret: it catches a wrong signature, and is no boundary on a laptop. */
const temporarySecret = (sessionToken: string): string =>
  createHmac("sha256", "tandem local").update(sessionToken).digest("base64").slice(0, 40);

function sessionCaller(sessionToken: string | undefined): Caller | undefined {
  if (sessionToken === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(sessionToken, "base64").toString());
    if (typeof parsed !== "object" || parsed === null) return undefined;
    if (!("arn" in parsed) || !("accountId" in parsed) || !("userId" in parsed)) return undefined;
    const { arn, accountId, userId } = parsed;
    if (typeof arn !== "string" || typeof accountId !== "string" || typeof userId !== "string")
      return undefined;
    return { arn, accountId, userId };
  } catch {
    return undefined;
  }
}
