import * as z from "zod/mini";

/**
 * What Tandem reads of GitHub's webhook payloads: https://docs.github.com/en/webhooks/webhook-events-and-payloads.
 * `zod/mini`, because the webhook's bundle has to load in a few milliseconds.
 */
const commit = z.string().check(z.regex(/^[0-9a-f]{40}$/));
const text = z.string();
const account = z.object({ login: text });
const repository = z.object({
  full_name: text.check(z.regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[\w.-]{1,100}$/)),
});
const person = z.object({
  name: z.nullish(text),
  email: z.nullish(text),
  username: z.nullish(text),
});

export const ping = z.object({ zen: text, hook_id: z.number() });

export const push = z.object({
  ref: text,
  before: commit,
  after: commit,
  deleted: z.boolean(),
  repository,
  commits: z.array(z.unknown()),
  head_commit: z.nullable(z.object({ id: commit, message: text, author: person, committer: person })),
  pusher: z.object({ name: text }),
  sender: z.optional(account),
});

export const pullRequest = z.object({
  action: text,
  number: z.number().check(z.int(), z.positive()),
  pull_request: z.object({
    user: z.nullable(account),
    head: z.object({ sha: commit, repo: z.nullable(repository) }),
    base: z.object({ ref: text, sha: commit, repo: repository }),
  }),
  repository,
  sender: account,
});

export const release = z.object({
  action: text,
  release: z.object({ tag_name: text, author: z.nullish(account) }),
  repository,
  sender: account,
});

export type PushPayload = z.infer<typeof push>;
export type PullRequestPayload = z.infer<typeof pullRequest>;
export type ReleasePayload = z.infer<typeof release>;
export type PersonPayload = z.infer<typeof person>;

/** Fields that the body of one event has, and that of no other event. */
const MARKS: Readonly<Record<string, readonly string[]>> = {
  ping: ["zen", "hook_id"],
  push: ["ref", "before", "after", "commits"],
  release: ["action", "release"],
};

/** The event whose body this is by its looks; undefined when it may be any. */
export function looksLike(body: object): string | undefined {
  return Object.entries(MARKS).find(([, fields]) => fields.every((field) => field in body))?.[0];
}

/** The payload, or what is wrong with it in one line. */
export function readPayload<T>(
  schema: z.ZodMiniType<T>,
  event: string,
  body: unknown,
): { readonly payload: T } | { readonly fault: string } {
  const parsed = z.safeParse(schema, body);
  if (parsed.success) return { payload: parsed.data };
  const fields = parsed.error.issues.map(({ path }) => path.join(".") || "the body");
  const which = [...new Set(fields)].slice(0, 5).join(", ");
  return { fault: `the body is no ${event} event: ${which} is missing or of another form` };
}
