import { z } from "zod";
import type { Person } from "../pipeline/identities.ts";
import { jsonOf, payloadOf } from "./payload.ts";

/** The button's own words: `Press` of the message that had it. */
const pressSchema = z.strictObject({
  run: z.string().min(1).max(100),
  stage: z.string().min(1).max(100),
  question: z.string().min(1).max(500),
  webhook: z.literal(true).optional(),
});

const id = z.string().regex(/^[A-Z0-9]{2,30}$/);

/** https://docs.slack.dev/reference/interaction-payloads/block_actions-payload, as far as it matters. */
const payloadSchema = z.object({
  type: z.literal("block_actions"),
  user: z.object({ id, team_id: id.optional() }),
  team: z.object({ id }).nullish(),
  channel: z.object({ id }).nullish(),
  response_url: z.url({ protocol: /^https?$/ }).optional(),
  actions: z.array(z.object({ action_id: z.string(), value: z.string().optional() })).min(1),
});

/** Somebody has pressed the Approve button of a message. */
export const pressedSchema = z.strictObject({
  /** The request's signature: another press has another one. */
  id: z.string().regex(/^[\w=]{1,100}$/),
  press: pressSchema,
  /** Of the person, who may be a guest from another workspace. */
  user: id,
  team: id,
  channel: id.optional(),
  /** Where to answer, for half an hour. */
  responseUrl: z.url().optional(),
});

export type Pressed = z.infer<typeof pressedSchema>;

export type Interaction =
  | { readonly type: "pressed"; readonly pressed: Pressed }
  /** E.g. a button that is only a link: Slack tells of these, too. */
  | { readonly type: "ignored"; readonly reason: string }
  | { readonly type: "fault"; readonly reason: string };

/** The stream of a press: the press itself, and each judgement that failed. Kept for a while only. */
export function pressStream(id: string): string {
  return `slack#${id}`;
}

/**
 * Reads a request of Slack's: a form with the field `payload`.
 * @param action what the button is called that counts
 */
export function parseInteraction(body: Uint8Array, action: string, id: string): Interaction {
  const payload = payloadOf(body, true);
  if (payload === undefined) return { type: "fault", reason: "the body is no form with a payload in JSON" };
  const kind = z.object({ type: z.string() }).safeParse(payload).data?.type;
  if (kind !== "block_actions") return { type: "ignored", reason: `${kind ?? "it"} is no press of a button` };
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) return { type: "fault", reason: `the payload's ${faultsOf(parsed.error)}` };
  const { user, team, channel, actions, response_url: responseUrl } = parsed.data;
  const pushed = actions.find(({ action_id }) => action_id === action);
  if (pushed === undefined) return { type: "ignored", reason: "the button is only a link" };
  const press = pressSchema.safeParse(jsonOf(pushed.value ?? ""));
  if (!press.success) return { type: "fault", reason: `the button's value: ${faultsOf(press.error)}` };
  const home = user.team_id ?? team?.id;
  if (home === undefined) return { type: "fault", reason: "the payload names no workspace" };
  const at = channel?.id;
  const pressed = {
    id,
    press: press.data,
    user: user.id,
    team: home,
    ...(at === undefined ? {} : { channel: at }),
    ...(responseUrl === undefined ? {} : { responseUrl }),
  };
  return { type: "pressed", pressed };
}

/** Who that is, by the one name that Slack vouches for: `slack:TEAM/USER`. Display names are what people make them. */
export function personFromSlack({ team, user }: Pick<Pressed, "team" | "user">): Person {
  const identity = `slack:${team}/${user}`;
  return { name: identity, identity, groups: [] };
}

function faultsOf(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
}
