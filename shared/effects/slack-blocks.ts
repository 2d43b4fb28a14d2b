import type { NewsText } from "../pipeline/news-text.ts";

/** What is shown at Slack: https://docs.slack.dev/reference/block-kit/blocks */

export interface SlackCard {
  readonly text: NewsText;
  /** The run in the console. */
  readonly link: string;
  /** What the Approve button stands for; absent: nothing is asked. */
  readonly press?: Press;
}

/** What comes back when somebody presses the button. */
export interface Press {
  readonly run: string;
  readonly stage: string;
  /** The question as it was shown: `questionOf`. */
  readonly question: string;
  /** Nobody but the press itself can update the message: it came by an incoming webhook. */
  readonly webhook?: true;
}

/** Slack's limits for a header and for a section, in characters. */
const LONGEST_TITLE = 150;
const LONGEST_SECTION = 3_000;

export const APPROVE_ACTION = "tandem-approve";
export const OPEN_ACTION = "tandem-open";

/** The body of a message, without where it goes. Names and reasons are plain text: nothing in them is a mention or a link. */
export function slackMessage({ text, link, press }: SlackCard): Readonly<Record<string, unknown>> {
  const { title, lines } = text;
  const facts = lines.join("\n");
  return {
    text: escaped([title, ...lines.slice(0, 1)].join(": ")),
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: "header", text: plain(cut(title, LONGEST_TITLE)) },
      ...(facts === "" ? [] : [{ type: "section", text: plain(cut(facts, LONGEST_SECTION)) }]),
      { type: "actions", elements: [...(press === undefined ? [] : [approve(press)]), open(link, press)] },
    ],
  };
}

/** A line for one person only. */
export function ephemeral(text: string): Readonly<Record<string, unknown>> {
  return { response_type: "ephemeral", replace_original: false, text: escaped(text) };
}

function approve(press: Press): unknown {
  return {
    type: "button",
    action_id: APPROVE_ACTION,
    style: "primary",
    text: plain("Approve"),
    value: JSON.stringify(press),
    confirm: {
      title: plain("Approve?"),
      text: plain(`${press.run} goes to ${press.stage}.`),
      confirm: plain("Approve"),
      deny: plain("Not yet"),
    },
  };
}

/** A link only: refusing needs a reason, which the card asks for. */
function open(url: string, press: Press | undefined): unknown {
  const label = press === undefined ? "Open" : "Look at it, or refuse";
  return { type: "button", action_id: OPEN_ACTION, text: plain(label), url };
}

const plain = (text: string) => ({ type: "plain_text", text, emoji: false });

function cut(text: string, longest: number): string {
  const characters = [...text];
  return characters.length <= longest ? text : `${characters.slice(0, longest - 1).join("")}…`;
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
