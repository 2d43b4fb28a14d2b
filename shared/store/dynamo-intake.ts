import * as z from "zod/mini";
import type { DynamoTable } from "./dynamo-table.ts";
import { expiry } from "./expiry.ts";
import type { Intake, NumberedSlot, Slot } from "./stream-store.ts";

const item = z.object({ sk: z.number(), run: z.optional(z.string()) });

/**
 * A pipeline's numbers in the partition `intake#PIPELINE`: at `sk` 0 how many have been drawn, from 1 on what stands at each.
 * A run is kept as JSON; an item without one says that there is none.
 */
export function dynamoIntake(table: DynamoTable): Intake {
  const keyOf = (pipeline: string, sequence: number) => ({ pk: `intake#${pipeline}`, sk: sequence });
  return {
    draw: (pipeline) => table.increment(keyOf(pipeline, 0), "drawn"),

    put(pipeline, sequence, slot, at) {
      const run = slot.type === "run" ? { run: JSON.stringify(slot.run) } : {};
      return table.putIf(
        { ...keyOf(pipeline, sequence), ...run, expiresAt: expiry(at) },
        "attribute_not_exists(pk)",
      );
    },

    async find(pipeline, sequence) {
      const found = await table.get(keyOf(pipeline, sequence));
      return found === undefined ? undefined : slotOf(found).slot;
    },

    async after(pipeline, sequence, limit) {
      const { pk: value } = keyOf(pipeline, 0);
      const { items } = await table.query({ attribute: "pk", value, after: sequence, limit });
      return items.map(slotOf);
    },
  };
}

function slotOf(found: unknown): NumberedSlot {
  const { sk: sequence, run } = item.parse(found);
  const slot: Slot = run === undefined ? { type: "none" } : { type: "run", run: JSON.parse(run) };
  return { sequence, slot };
}
