/** The demo's workspace, and its people: the same as those who sign requests and sign in. */
export const TEAM = "T0000LOCAL";

const USERS: Readonly<Record<string, string>> = {
  alice: "U0000ALICE",
  bob: "U000000BOB",
  carol: "U0000CAROL",
  mallory: "U00MALLORY",
};

export const USERNAMES: readonly string[] = Object.keys(USERS);

/** The id of a person; undefined for somebody who is not in the workspace. */
export function userId(name: string): string | undefined {
  return Object.hasOwn(USERS, name) ? USERS[name] : undefined;
}
