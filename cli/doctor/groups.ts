import type { GroupView } from "../../shared/pipeline/api-views.ts";
import type { TandemApi } from "../api.ts";
import { Failure } from "../failure.ts";
import type { Check } from "./check.ts";

/** Whether the groups that pipelines let decide have anybody in them: better found now than when a release waits. */
export async function checkGroups(api: TandemApi): Promise<readonly Check[]> {
  try {
    return (await api.groups()).map(check);
  } catch (error) {
    // An API of an older version does not know; that it answers at all is a check of its own.
    if (error instanceof Failure) return [];
    throw error;
  }
}

function check({ name: group, pipeline, required, listed, members, role }: GroupView): Check {
  const name = "group";
  const known = [...new Set([...listed, ...(members ?? [])])];
  const people = `${known.join(", ")} in ${group}`;
  if (known.length >= required) return { status: "ok", name, pipeline, says: people };
  if (role === true)
    return { status: "ok", name, pipeline, says: `${group} is a role of IAM: its sessions decide` };
  const asks = required === 1 ? "" : `, and a stage asks for ${required}`;
  const says = `${known.length === 0 ? `nobody is known to be in ${group}` : `only ${people}`}${asks}`;
  const remedy = `people in the group ${group} where they sign in, or under \`groups\` of the definition, or a role of IAM of that name; a permission set of IAM Identity Center cannot be seen from here`;
  // Only where all was to be seen is it missing for certain.
  const certain = members !== undefined && role === false;
  return { status: certain ? "missing" : "unknown", name, pipeline, says, remedy };
}
