import { z } from "zod";
import { DEFAULT_PLATFORMS } from "./schema.ts";

/**
 * What the checks between parts look at, as far as a file has it: what is missing or of another type is left out here,
 * since the schema reports it.
 */
const text = z.string().optional().catch(undefined);

function list<T extends z.ZodType>(item: T) {
  return z.array(item).catch([]);
}

const image = z
  .object({
    name: text,
    platforms: z
      .array(z.unknown())
      .default([...DEFAULT_PLATFORMS])
      .catch([]),
    compute: z.record(z.string(), z.unknown()).catch({}),
  })
  .catch({ name: undefined, platforms: [], compute: {} });

const provider = z
  .object({ base: z.number().catch(0), weight: z.number().catch(0) })
  .catch({ base: 0, weight: 1 });

const ecs = z
  .object({
    cluster: text,
    service: text,
    containers: z.record(z.string(), z.string()).optional().catch(undefined),
    capacity: z.record(z.string(), provider).optional().catch(undefined),
    strategy: text,
    traffic: z
      .object({ percent: z.number().optional().catch(undefined) })
      .optional()
      .catch(undefined),
    shift: list(
      z.object({ weights: z.record(z.string(), z.number()).catch({}) }).catch({ weights: {} }),
    ).default([]),
    needs: list(z.string()).default([]),
    pair: text,
  })
  .catch({ cluster: undefined, service: undefined, shift: [], needs: [] });

const stage = z
  .object({
    name: text,
    order: text,
    approval: z.object({}).optional().catch({}),
    pauseAt: z.array(z.unknown()).optional().catch([]),
    deploy: list(z.object({ ecs }).catch({ ecs: { shift: [], needs: [] } })),
  })
  .catch({ name: undefined, deploy: [] });

export const outlineSchema = z
  .object({ name: text, images: list(image), stages: list(stage), rebuildOn: list(z.string()).default([]) })
  .catch({ name: undefined, images: [], stages: [], rebuildOn: [] });

export type Outline = z.infer<typeof outlineSchema>;
