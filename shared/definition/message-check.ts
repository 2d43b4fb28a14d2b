import { z } from "zod";

/** A fault, and where it stands in the file. */
interface Found {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const text = z.string().optional().catch(undefined);

/** What is looked at here, as far as a file has it; the schema reports the rest. */
const outline = z
  .object({
    messages: z
      .array(
        z
          .object({
            slack: z.object({ channel: text, webhook: text }).optional().catch(undefined),
            sns: z.object({ topic: text }).optional().catch(undefined),
            eventBridge: z
              .object({ bus: z.string().default("default") })
              .optional()
              .catch(undefined),
          })
          .catch({}),
      )
      .catch([]),
  })
  .partial()
  .catch({});

/** A channel that is there twice would be told everything twice, or one half of it where `about` differs. */
export function messageFaults(value: unknown): readonly Found[] {
  const { messages = [] } = outline.parse(value);
  const names = messages.map(({ slack, sns, eventBridge }) => {
    if (slack?.channel !== undefined) return { of: "slack", key: "channel", name: slack.channel };
    if (slack?.webhook !== undefined) return { of: "slack", key: "webhook", name: slack.webhook };
    if (sns?.topic !== undefined) return { of: "sns", key: "topic", name: sns.topic };
    return eventBridge === undefined ? undefined : { of: "eventBridge", key: "bus", name: eventBridge.bus };
  });
  return names.flatMap((one, index) => {
    if (one === undefined) return [];
    const first = names.findIndex((other) => other?.name === one.name && other.key === one.key);
    return first === index
      ? []
      : [
          {
            path: ["messages", index, one.of],
            message: `${one.key} "${one.name}" is told already (messages[${first}]): name all of its subjects there, under about`,
          },
        ];
  });
}
