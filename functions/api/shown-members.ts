import type { Directory } from "../../shared/effects/directory.ts";

/** Milliseconds that an answer is shown. */
const SHOWN_MS = 60_000;

interface Kept {
  readonly at: number;
  readonly members: ReturnType<Directory["members"]>;
}

/**
 * Who is in a group, for cards that many people look at: asked for once a minute in each of the function's instances, however
 * many look. For what is shown only; whoever decides is judged by what they bring along.
 * @param now milliseconds since the epoch
 */
export function shownMembers(members: Directory["members"], now: () => number): Directory["members"] {
  const kept = new Map<string, Kept>();
  return (group) => {
    const known = kept.get(group);
    if (known !== undefined && now() - known.at < SHOWN_MS) return known.members;
    const asked = { at: now(), members: members(group) };
    kept.set(group, asked);
    // What could not be had is asked for again.
    asked.members.catch(() => kept.get(group) === asked && kept.delete(group));
    return asked.members;
  };
}
