import { type Accepted, acceptAndOpen } from "./accept.ts";
import type { Deps } from "./advance.ts";
import { changeRef, readRef } from "./effects/pipeline-stream.ts";
import { inTurns } from "./in-turns.ts";
import { offerMismatch } from "./intake/offer-match.ts";
import type { Offer, Source } from "./intake/source.ts";
import type { PipelineDefinition } from "./pipeline/definition.ts";
import { newestRun } from "./pipeline/pipelines.ts";
import { tipOf } from "./pipeline/refs.ts";

/** How many are looked at side by side. */
const WIDTH = 8;

/** What the last look found, in short: as long as it stays the same, nothing is to be done, and nothing else is read. */
interface Seen {
  /** What the pipeline asked for then. */
  readonly filters: string;
  readonly offers: string;
}

/**
 * Starts what a lost event left out beside the branches: tags, releases, open pull requests. The first look only remembers
 * what is there, and so does the first one with other filters: they are no wish to deliver what is old.
 */
export async function startLost(
  deps: Deps,
  definition: PipelineDefinition,
  source: Source,
): Promise<readonly Accepted[]> {
  const all = await source.offers?.(definition.source);
  if (all === undefined) return [];
  const offers = wanted(definition, all);
  const now: Seen = {
    filters: JSON.stringify(definition.source),
    offers: await digest(offers.map(({ ref, commit }) => `${ref} ${commit}`)),
  };
  const stream = `offers#${definition.name}`;
  const { version, state } = await deps.store.streams.last(stream);
  const before = state as Seen | undefined;
  if (before?.filters === now.filters && before.offers === now.offers) return [];
  const isFirst = before?.filters !== now.filters;
  const looks = await inTurns(WIDTH, offers, (offer) =>
    isFirst ? remember(deps, definition, offer) : start(deps, definition, source, offer),
  );
  // What could not be decided yet is looked at again.
  if (looks.every((look) => look !== "later"))
    await deps.store.streams.append(stream, version, [{ type: "offers.seen", count: offers.length }], now);
  return looks.flatMap((look) => (typeof look === "string" ? [] : [look]));
}

type Look = Accepted | "known" | "later";

/** What the pipeline asks for; once for each ref, as a release's tag is a tag, too. */
function wanted(definition: PipelineDefinition, offers: readonly Offer[]): readonly Offer[] {
  const byRef = new Map<string, Offer>();
  for (const offer of offers) {
    if (!byRef.has(offer.ref) && offerMismatch(definition, offer) === undefined) byRef.set(offer.ref, offer);
  }
  return [...byRef.values()];
}

async function remember(deps: Deps, { name }: PipelineDefinition, { ref, commit }: Offer): Promise<Look> {
  await changeRef(deps.store, name, ref, ({ entries }) =>
    entries.length > 0 ? [] : [{ type: "commit.seen", commit }],
  );
  return "known";
}

async function start(
  deps: Deps,
  definition: PipelineDefinition,
  source: Source,
  { ref, commit, before, trigger, people }: Offer,
): Promise<Look> {
  const { state } = await readRef(deps.store, definition.name, ref);
  const tip = tipOf(state);
  if (tip?.commit === commit) return "known";
  if (state.entries.some(({ opening }) => opening)) return "later";
  const { repository } = definition.source;
  const found = await source.commit(repository, commit);
  const delivery = {
    id: `offer ${ref} ${commit} after ${newestRun(definition.name, state.through)}`,
    revision: { repository, ref, commit, ...(before === undefined ? {} : { before }) },
    people: { ...found?.people, ...people },
    trigger,
  };
  return acceptAndOpen(deps, definition, delivery, source, found);
}

/** A thousand tags are a long list, and an item of the store is small. */
async function digest(lines: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode([...lines].sort().join("\n"));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
