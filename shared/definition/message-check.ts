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

/** A channel as a file names it. */
interface Named {
  /** The member of the file that names it, and that member's own. */
  readonly of: "slack" | "sns" | "eventBridge";
  readonly key: "channel" | "webhook" | "topic" | "bus";
  readonly name: string;
}

/** A channel that is there twice would be told everything twice, or one half of it where `about` differs. */
export function messageFaults(value: unknown): readonly Found[] {
  const names = namesIn(value);
  return names.flatMap((one, index) => {
    if (one === undefined) return [];
    const at = names.findIndex((other) => other !== undefined && isAlike(other, one));
    const first = names[at];
    if (first === undefined || at === index) return [];
    const message =
      first.name === one.name
        ? `${one.key} "${one.name}" is told already (messages[${at}]): name all of its subjects there, under about`
        : `${one.key} "${one.name}" differs from "${first.name}" (messages[${at}]) by case only: write them alike, or give one of them another name`;
    return [{ path: ["messages", index, one.of], message }];
  });
}

/** The stack makes one topic of a name for all pipelines, and cannot make two whose names differ by case only. */
export function topicFaults(
  files: readonly { readonly file: string; readonly value: unknown }[],
): readonly (Found & { readonly file: string })[] {
  const topics = files.flatMap(({ file, value }) =>
    namesIn(value).flatMap((one, index) =>
      one?.key === "topic" && !one.name.startsWith("arn:") ? [{ ...one, file, index }] : [],
    ),
  );
  return topics.flatMap((one) => {
    const first = topics.find((other) => isAlike(other, one));
    // What is wrong within a file is said there.
    if (first === undefined || first.name === one.name || first.file === one.file) return [];
    const message = `topic "${one.name}" differs from "${first.name}" of ${first.file} by case only: write them alike to share it, or give one of them another name`;
    return [{ file: one.file, path: ["messages", one.index, one.of, one.key], message }];
  });
}

function isAlike(a: Named, b: Named): boolean {
  return a.key === b.key && a.name.toLowerCase() === b.name.toLowerCase();
}

function namesIn(value: unknown): readonly (Named | undefined)[] {
  return (outline.parse(value).messages ?? []).map(({ slack, sns, eventBridge }): Named | undefined => {
    if (slack?.channel !== undefined) return { of: "slack", key: "channel", name: slack.channel };
    if (slack?.webhook !== undefined) return { of: "slack", key: "webhook", name: slack.webhook };
    if (sns?.topic !== undefined) return { of: "sns", key: "topic", name: sns.topic };
    return eventBridge === undefined ? undefined : { of: "eventBridge", key: "bus", name: eventBridge.bus };
  });
}
