import { z } from "zod";

/** What a message is made of: https://docs.slack.dev/reference/block-kit, as far as messages here use it, with its limits. */

const plain = (most: number) =>
  z.object({
    type: z.enum(["plain_text", "mrkdwn"]),
    text: z.string().min(1).max(most),
    emoji: z.boolean().optional(),
  });

const button = z.object({
  type: z.literal("button"),
  action_id: z.string().min(1).max(255),
  text: plain(75),
  url: z.url().max(3_000).optional(),
  value: z.string().min(1).max(2_000).optional(),
  style: z.enum(["primary", "danger"]).optional(),
  confirm: z.object({ title: plain(100), text: plain(300), confirm: plain(30), deny: plain(30) }).optional(),
});

const block = z.discriminatedUnion("type", [
  z.object({ type: z.literal("header"), text: plain(150) }),
  z.object({ type: z.literal("section"), text: plain(3_000) }),
  z.object({ type: z.literal("actions"), elements: z.array(button).min(1).max(25) }),
]);

export const contentSchema = z
  .object({ text: z.string().max(40_000).default(""), blocks: z.array(block).max(50).default([]) })
  .refine(({ text, blocks }) => text !== "" || blocks.length > 0, "no_text")
  .refine(({ blocks }) => {
    const ids = blocks.flatMap((one) =>
      one.type === "actions" ? one.elements.map(({ action_id }) => action_id) : [],
    );
    return new Set(ids).size === ids.length;
  }, "invalid_blocks");

export type Content = z.infer<typeof contentSchema>;

export type Button = z.infer<typeof button>;

/** The buttons of a message. */
export function buttonsOf({ blocks }: Content): readonly Button[] {
  return blocks.flatMap((one) => (one.type === "actions" ? one.elements : []));
}

/** What people read of it. */
export function wordsOf({ text, blocks }: Content): readonly string[] {
  const lines = blocks.flatMap((one) => (one.type === "actions" ? [] : one.text.text.split("\n")));
  return lines.length === 0 ? [text] : lines;
}
