import { personFromArn } from "../../../shared/intake/caller.ts";
import type { Person } from "../../../shared/pipeline/identities.ts";
import { ACCOUNT } from "../aws/names.ts";

/** Who signs requests, as IAM names them. */
export const ARNS = {
  alice: `arn:aws:sts::${ACCOUNT}:assumed-role/release-managers/alice`,
  bob: `arn:aws:sts::${ACCOUNT}:assumed-role/release-managers/bob`,
  dora: `arn:aws:iam::${ACCOUNT}:user/dora`,
  carol: `arn:aws:sts::${ACCOUNT}:assumed-role/developers/carol`,
  mallory: `arn:aws:iam::${ACCOUNT}:user/mallory`,
} as const;

export type Name = keyof typeof ARNS;

/** Everybody who may decide on a gate; dora is in the group by name, the others by their role. */
export const MANAGERS: readonly Name[] = ["alice", "bob", "dora"];
export const STRANGERS: readonly Name[] = ["carol", "mallory"];
export const AUTHORS: readonly Name[] = ["carol", "carol", "alice", "mallory"];

export const GROUPS = { "release-managers": ["dora"] };

export function person(name: Name): Person {
  return personFromArn(ARNS[name]);
}
