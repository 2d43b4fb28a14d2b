import { z } from "zod";
import type { Person } from "./clients.ts";
import { eventually } from "./poll.ts";

const message = z.object({
  ts: z.string(),
  channel: z.string(),
  threadTs: z.string().optional(),
  broadcast: z.boolean(),
  edits: z.number(),
  onlyFor: z.string().optional(),
  lines: z.array(z.string()),
  buttons: z.array(z.object({ action: z.string(), text: z.string(), url: z.string().optional() })),
});

export type SlackMessage = z.infer<typeof message>;

const answer = z.object({ status: z.number(), body: z.string() });

export const APPROVE = "tandem-approve";

/** The stand-in for Slack: what its people see and press. */
export class Slack {
  readonly #url: string;

  constructor(url: string) {
    this.#url = `${url}/_local/slack`;
  }

  async messages(): Promise<readonly SlackMessage[]> {
    const { messages } = z.object({ messages: z.array(message) }).parse(await this.#ask("GET", "messages"));
    return messages;
  }

  /** Waits for a message whose first line, and whatever else is wanted, is so. */
  async said(title: string, wanted: (one: SlackMessage) => boolean = () => true): Promise<SlackMessage> {
    let seen: readonly SlackMessage[] = [];
    return eventually(
      async () => {
        seen = await this.messages();
        return seen.find((one) => one.lines[0] === title && wanted(one));
      },
      () => `the message "${title}" among ${JSON.stringify(seen, undefined, 1)}`,
    );
  }

  /** What only one person sees, the newest last. */
  async told(user: string): Promise<readonly string[]> {
    return (await this.messages()).flatMap(({ onlyFor, lines }) => (onlyFor === user ? lines : []));
  }

  /** Waits until so many lines have been said to one person. @returns them */
  async tellsSoMuch(user: string, count: number): Promise<readonly string[]> {
    return eventually(async () => {
      const lines = await this.told(user);
      return lines.length >= count ? lines : undefined;
    }, `${count} lines for ${user}`);
  }

  /** @returns what Tandem answered Slack */
  async press(
    { ts }: SlackMessage,
    user: Person,
    how: { readonly secret?: string; readonly ageSeconds?: number; readonly action?: string } = {},
  ): Promise<z.infer<typeof answer>> {
    return answer.parse(await this.#ask("POST", "press", { ts, user, ...how }));
  }

  /** Where a press of somebody's would be answered; the press itself is not sent. */
  async responseUrl({ ts }: SlackMessage, user: Person): Promise<string> {
    const { body } = z
      .object({ body: z.string() })
      .parse(await this.#ask("POST", "press", { ts, user, send: false }));
    const payload: unknown = JSON.parse(new URLSearchParams(body).get("payload") ?? "");
    return z.object({ response_url: z.string() }).parse(payload).response_url;
  }

  /** The last press once more, as it was signed then. */
  async replay(): Promise<z.infer<typeof answer>> {
    return answer.parse(await this.#ask("POST", "replay"));
  }

  /** @param method of the Web API; left out: whatever is said next */
  async fault(mode: "fail" | "lose" | "throttle", times = 1, method?: string): Promise<void> {
    await this.#ask("POST", "faults", { mode, times, ...(method === undefined ? {} : { method }) });
  }

  /** Everything goes well again. */
  async mend(): Promise<void> {
    await this.#ask("DELETE", "faults");
  }

  /** Somebody deletes a message. */
  async remove({ ts }: SlackMessage): Promise<void> {
    await this.#ask("POST", "delete", { ts });
  }

  async #ask(method: string, path: string, content?: unknown): Promise<unknown> {
    const body = content === undefined ? {} : { body: JSON.stringify(content) };
    const response = await fetch(`${this.#url}/${path}`, { method, ...body });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}
