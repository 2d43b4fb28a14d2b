import { z } from "zod";
import { NEWS_STATES, STATES_OF } from "../pipeline/news.ts";

/** The `detail` of the events that Tandem puts on an event bus; the JSON Schema for other programs is made from this. */
export const eventSchema = z
  .strictObject({
    version: z.literal(1).describe("Another number means that readers have to change; new members do not."),
    id: z.string().describe("The same for an event that is put twice."),
    pipeline: z.string(),
    run: z.string().describe("The run's id, e.g. hello-5."),
    sequence: z.int().describe("The run's number in its pipeline."),
    stage: z.string().optional().describe("Of events about a stage or an approval."),
    state: z
      .enum(NEWS_STATES)
      .describe(
        `Of a run: ${STATES_OF.run.join(", ")}. Of a stage: ${STATES_OF.stage.join(", ")}. Of an approval: ${STATES_OF.approval.join(", ")} (nobody is asked any more).`,
      ),
    summary: z.string().describe("In words, for people; may change at any time."),
    trigger: z
      .string()
      .describe(
        "Why the run began: push, release, manual, schedule, head, base-image, rollback, unquarantine or shift.",
      ),
    source: z.strictObject({
      repository: z.string(),
      ref: z.string().describe("refs/heads/… or refs/tags/…"),
      commit: z.string().describe("40 hexadecimal digits."),
    }),
    release: z
      .array(z.strictObject({ image: z.string(), uri: z.string(), digest: z.string() }))
      .describe("The published image indexes; none until they are published."),
    approval: z
      .strictObject({
        from: z.array(z.string()).describe("Groups whose members decide."),
        required: z.int().describe("How many of them have to approve."),
        approvedBy: z.array(z.string()),
        expiresAt: z.iso.datetime().optional().describe("While it is wanted."),
        lifecycleStage: z.string().optional().describe("Where ECS waits in the middle of a deployment."),
      })
      .optional()
      .describe("Of events about an approval."),
    link: z.url().describe("The run in the console."),
  })
  .meta({ title: "The detail of a Tandem event on EventBridge" });

/** The text of the committed `docs/events.schema.json`. Readers are to take what they do not know. */
export function eventSchemaText(): string {
  const { additionalProperties: _closed, ...schema } = eventSchema.toJSONSchema();
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
