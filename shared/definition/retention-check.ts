import { z } from "zod";
import { MOST_RULES } from "./lifecycle-policy.ts";
import { milliseconds } from "./schema-words.ts";

/** Where something does not fit together, in one file. */
interface Found {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** As far as a file has it; the schema reports what is missing or of another type. */
const outline = z
  .object({
    images: z
      .array(
        z
          .object({
            registry: z.unknown().optional(),
            retention: z
              .object({
                days: z.number().catch(0).default(30),
                keepTags: z.array(z.unknown()).catch([]).default([]),
              })
              .optional()
              .catch(undefined),
          })
          .catch({}),
      )
      .catch([]),
    stages: z
      .array(
        z
          .object({
            approval: z
              .object({ expiresAfter: z.string().catch("1m").default("7d") })
              .optional()
              .catch(undefined),
          })
          .catch({}),
      )
      .catch([])
      .default([]),
  })
  .catch({ images: [], stages: [] });

const DAY_MS = 86_400_000;

/** Images that would be gone before their run is through, and policies that ECR does not take. */
export function retentionFaults(value: unknown): readonly Found[] {
  const { images, stages } = outline.parse(value);
  const waiting = stages.reduce(
    (sum, { approval }) => sum + (approval === undefined ? 0 : milliseconds(approval.expiresAfter)),
    0,
  );
  const least = Math.ceil(waiting / DAY_MS) + 1;
  return images.flatMap(({ registry, retention }, index) => {
    if (retention === undefined) return [];
    const at = ["images", index, "retention"];
    const rules = retention.keepTags.length + stages.length + 2;
    return [
      ...(registry === undefined
        ? []
        : [{ path: at, message: "ECR Public has no lifecycle policies: leave retention out" }]),
      ...(retention.days === 0 || retention.days >= least || waiting === 0
        ? []
        : [
            {
              path: [...at, "days"],
              message: `a run may wait for its approvals longer than its images stay: keep them ${least} days at least`,
            },
          ]),
      ...(rules > MOST_RULES
        ? [
            {
              path: [...at, "keepTags"],
              message: `makes ${rules} rules of a lifecycle policy, which may have ${MOST_RULES}`,
            },
          ]
        : []),
    ];
  });
}
