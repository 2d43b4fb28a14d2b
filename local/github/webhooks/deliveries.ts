import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readState, StateError, writeState } from "../../state.ts";

const VERSION = 1;

/** GitHub keeps deliveries for a few days; here the newest are kept. */
const KEPT = 1_000;

const headersSchema = z.record(z.string(), z.string());

const deliverySchema = z.object({
  id: z.number(),
  /** `X-GitHub-Delivery`: a redelivery has the same. */
  guid: z.string(),
  hookId: z.number(),
  repositoryId: z.number(),
  repository: z.string(),
  event: z.string(),
  action: z.string().nullable(),
  redelivery: z.boolean(),
  /** Milliseconds since the epoch. */
  deliveredAt: z.number(),
  durationMs: z.number(),
  /** `OK`, or what went wrong. */
  status: z.string(),
  /** Of the answer; 502 without one, 504 when it took too long. */
  statusCode: z.number(),
  url: z.string(),
  /** The payload as JSON. */
  payload: z.string(),
  requestHeaders: headersSchema,
  responseHeaders: headersSchema,
  responseBody: z.string(),
});

/** One attempt to deliver an event to a webhook: what was sent, and what came back. */
export type Delivery = z.infer<typeof deliverySchema>;

export interface Deliveries {
  newId(): number;
  add(delivery: Delivery): Promise<void>;
  /** The newest first. */
  list(): readonly Delivery[];
  find(id: number): Delivery | undefined;
}

/**
 * Opens the deliveries of a folder: one file each, so that a delivery does not write those before it again.
 * @throws StateError naming the file when the stored state cannot be read
 */
export async function openDeliveries(folder: string): Promise<Deliveries> {
  await mkdir(folder, { recursive: true });
  const names = (await readdir(folder)).filter((name) => /^\d+\.json$/.test(name));
  const stored = await Promise.all(names.map((name) => load(join(folder, name))));
  const kept = stored.sort((a, b) => a.id - b.id);
  let last = kept.at(-1)?.id ?? 0;
  const fileOf = (id: number): string => join(folder, `${id}.json`);
  return {
    newId: () => {
      last += 1;
      return last;
    },
    add: async (delivery) => {
      kept.push(delivery);
      const oldest = kept.length > KEPT ? kept.shift() : undefined;
      await writeState(fileOf(delivery.id), VERSION, delivery);
      if (oldest !== undefined) await rm(fileOf(oldest.id), { force: true });
    },
    list: () => [...kept].reverse(),
    find: (id) => kept.find((delivery) => delivery.id === id),
  };
}

async function load(file: string): Promise<Delivery> {
  const parsed = deliverySchema.safeParse(await readState(file, VERSION));
  if (parsed.success) return parsed.data;
  throw new StateError(
    `${file} does not hold a delivery of a GitHub webhook: move it away, or use another --state`,
  );
}
