import { z } from "zod";
import { closest } from "./nearest.ts";

/** A fault, and where it stands in the file. */
interface Found {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const names = z.array(z.string()).catch([]);

/** What is looked at here, as far as a file has it; the schema reports the rest. */
const outline = z
  .object({
    stages: z
      .array(
        z
          .object({
            approval: z.object({ from: names }).optional().catch(undefined),
            overrides: names.optional(),
          })
          .catch({}),
      )
      .catch([]),
    groups: z.record(z.string(), z.unknown()).catch({}),
    identities: z.record(z.string(), z.array(z.string()).catch([])).catch({}),
  })
  .partial()
  .catch({});

/** Shorter names are near one another by chance. */
const SHORT = 5;

/** Names that would make two people one, and groups that look like a slip of the pen. */
export function identityFaults(value: unknown): readonly Found[] {
  const { stages = [], groups = {}, identities = {} } = outline.parse(value);
  const known = Object.keys(groups);
  const slips = stages.flatMap(({ approval, overrides = [] }, stage) => [
    ...slipsOf(approval?.from ?? [], known, ["stages", stage, "approval", "from"]),
    ...slipsOf(overrides, known, ["stages", stage, "overrides"]),
  ]);
  return [...slips, ...doubles(identities)];
}

/** A group that is listed nowhere may be an IAM role or the issuer's; one that is almost listed is neither. */
function slipsOf(
  groups: readonly string[],
  known: readonly string[],
  at: readonly (string | number)[],
): readonly Found[] {
  return groups.flatMap((group, index) => {
    const meant = known.includes(group) || group.length < SHORT ? undefined : closest(group, known);
    return meant === undefined
      ? []
      : [{ path: [...at, index], message: `there is no group "${group}"; did you mean "${meant}"?` }];
  });
}

/** A name that stands for two people: whichever of them is meant, the other could approve their own commit. */
function doubles(identities: Readonly<Record<string, readonly string[]>>): readonly Found[] {
  const owners = new Map<string, string>();
  for (const person of Object.keys(identities)) owners.set(plain(person), person);
  return Object.entries(identities).flatMap(([person, names]) =>
    names.flatMap((name, index) => {
      const owner = owners.get(plain(name));
      owners.set(plain(name), owner ?? person);
      return owner === undefined || owner === person
        ? []
        : [
            {
              path: ["identities", person, index],
              message: `"${name}" is ${owner} already: one name cannot be two people`,
            },
          ];
    }),
  );
}

const plain = (name: string): string => name.trim().toLowerCase();
